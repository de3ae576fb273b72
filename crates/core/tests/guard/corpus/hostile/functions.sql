--# sql_function_not_allowed: a function, 1
SELECT pg_sleep(10)

--# sql_function_not_allowed: a function, 2
SELECT PG_SLEEP(10)

--# sql_function_not_allowed: a function, 3
SELECT "pg_sleep"(10)

--# sql_function_not_allowed: a function, 4
SELECT pg_catalog.pg_sleep(10)

--# sql_function_not_allowed: a function, 5
SELECT PG_CATALOG."pg_read_file"('/etc/passwd')

--# sql_function_not_allowed: a function, 6
SELECT pg_read_file('/etc/passwd')

--# sql_function_not_allowed: a function, 7
SELECT pg_read_binary_file('/etc/passwd')

--# sql_function_not_allowed: a function, 8
SELECT pg_ls_dir('/')

--# sql_function_not_allowed: a function, 9
SELECT pg_stat_file('/')

--# sql_function_not_allowed: a function, 10
SELECT lo_import('/etc/passwd')

--# sql_function_not_allowed: a function, 11
SELECT lo_from_bytea(0, 'x')

--# sql_function_not_allowed: a function, 12
SELECT dblink('host=evil', 'select 1')

--# sql_function_not_allowed: a function, 13
SELECT dblink_exec('host=evil', 'drop table t')

--# sql_function_not_allowed: a function, 14
SELECT query_to_xml('delete from t', true, true, '')

--# sql_function_not_allowed: a function, 15
SELECT database_to_xml(true, true, '')

--# sql_function_not_allowed: a function, 16
SELECT set_config('transaction_read_only', 'off', false)

--# sql_function_not_allowed: a function, 17
SELECT current_setting('data_directory')

--# sql_function_not_allowed: a function, 18
SELECT nextval('s')

--# sql_function_not_allowed: a function, 19
SELECT setval('s', 1)

--# sql_function_not_allowed: a function, 20
SELECT pg_notify('c', 'x')

--# sql_function_not_allowed: a function, 21
SELECT pg_advisory_lock(1)

--# sql_function_not_allowed: a function, 22
SELECT pg_terminate_backend(1)

--# sql_function_not_allowed: a function, 23
SELECT pg_cancel_backend(1)

--# sql_function_not_allowed: a function, 24
SELECT pg_reload_conf()

--# sql_function_not_allowed: a function, 25
SELECT pg_rotate_logfile()

--# sql_function_not_allowed: a function, 26
SELECT pg_import_system_collations('x')

--# sql_function_not_allowed: a function, 27
SELECT txid_current()

--# sql_function_not_allowed: a function, 28
SELECT inet_server_addr()

--# sql_function_not_allowed: a function, 29
SELECT version()

--# sql_function_not_allowed: a function, 30
SELECT pg_last_copy_id()

--# sql_function_not_allowed: a function, 31
SELECT exfiltrate(a) FROM t

--# sql_function_not_allowed: a function, 32
SELECT public.lower('x')

--# sql_function_not_allowed: a function, 33
SELECT "LOWER"('x')

--# sql_function_not_allowed: a function, 34
SELECT ｌower('x')

--# sql_function_not_allowed: a function, 35
SELECT lоwer('x')

--# sql_function_not_allowed: a function, 36
SELECT input_file_name()

--# sql_function_not_allowed: a function, 37
SELECT lower(pg_sleep(1))

--# sql_function_not_allowed: a function, 38
SELECT 1 WHERE pg_sleep(1) IS NULL

--# sql_function_not_allowed: a function, 39
SELECT 1 GROUP BY pg_sleep(1)

--# sql_function_not_allowed: a function, 40
SELECT count(*) FROM t HAVING pg_sleep(1) IS NULL

--# sql_function_not_allowed: a function, 41
SELECT 1 ORDER BY pg_sleep(1)

--# sql_function_not_allowed: a function, 42
SELECT 1 LIMIT pg_sleep(1)

--# sql_function_not_allowed: a function, 43
SELECT 1 OFFSET pg_sleep(1)

--# sql_function_not_allowed: a function, 44
SELECT DISTINCT ON (pg_sleep(1)) a FROM t

--# sql_function_not_allowed: a function, 45
SELECT CASE WHEN pg_sleep(1) IS NULL THEN 1 END

--# sql_function_not_allowed: a function, 46
SELECT CAST(pg_sleep(1) AS varchar)

--# sql_function_not_allowed: a function, 47
SELECT pg_sleep(1)::text

--# sql_function_not_allowed: a function, 48
SELECT sum(a) OVER (PARTITION BY pg_sleep(1)) FROM t

--# sql_function_not_allowed: a function, 49
SELECT sum(a) OVER (ORDER BY pg_sleep(1)) FROM t

--# sql_function_not_allowed: a function, 50
SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY pg_sleep(1))

--# sql_function_not_allowed: a function, 51
SELECT sum(a) FILTER (WHERE pg_sleep(1) IS NULL) FROM t

--# sql_function_not_allowed: a function, 52
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pg_sleep(1)) FROM t

--# sql_function_not_allowed: a function, 53
SELECT a FROM t QUALIFY pg_sleep(1) IS NULL

--# sql_function_not_allowed: a function, 54
SELECT a FROM t JOIN u ON pg_sleep(1) IS NULL

--# sql_function_not_allowed: a function, 55
SELECT a FROM t WHERE a IN (1, pg_sleep(1))

--# sql_function_not_allowed: a function, 56
SELECT a FROM t WHERE a BETWEEN 1 AND pg_sleep(1)

--# sql_function_not_allowed: a function, 57
SELECT a LIKE pg_sleep(1) FROM t

--# sql_function_not_allowed: a function, 58
SELECT extract(year FROM pg_sleep(1))

--# sql_function_not_allowed: a function, 59
SELECT substring('a' FROM pg_sleep(1))

--# sql_function_not_allowed: a function, 60
SELECT trim(BOTH pg_sleep(1) FROM 'x')

--# sql_function_not_allowed: a function, 61
SELECT position('a' IN pg_sleep(1))

--# sql_function_not_allowed: a function, 62
SELECT overlay('a' PLACING pg_sleep(1) FROM 1)

--# sql_function_not_allowed: a function, 63
SELECT ceil(pg_sleep(1))

--# sql_function_not_allowed: a function, 64
SELECT now() AT TIME ZONE pg_sleep(1)

--# sql_function_not_allowed: a function, 65
SELECT ARRAY[1, pg_sleep(1)]

--# sql_ambiguous: a function, 66
SELECT ARRAY[pg_sleep(1)]

--# sql_function_not_allowed: a function, 67
SELECT (pg_sleep(1), 2)

--# sql_function_not_allowed: a function, 68
SELECT -pg_sleep(1)

--# sql_function_not_allowed: a function, 69
SELECT NOT pg_sleep(1)

--# sql_function_not_allowed: a function, 70
SELECT a = ANY (SELECT pg_sleep(1)) FROM t

--# sql_function_not_allowed: a function, 71
VALUES (pg_sleep(1))

--# sql_function_not_allowed: a function, 72
SELECT count(*) FROM t GROUP BY ROLLUP (pg_sleep(1))

--# sql_function_not_allowed: a function, 73
SELECT count(*) FROM t GROUP BY GROUPING SETS ((pg_sleep(1)))

--# sql_function_not_allowed: a function, 74
WITH x AS (SELECT pg_sleep(1)) SELECT * FROM x

--# sql_function_not_allowed: a function, 75
SELECT pg_sleep(1) UNION SELECT 1

--# sql_function_not_allowed: a function, 76
SELECT 1 UNION SELECT pg_sleep(1)

--# sql_function_not_allowed: a function, 77
SELECT system_user

--# sql_function_not_allowed: a function, 78
SELECT current_schema

--# sql_function_not_allowed: a function that makes rows or long texts, 1
SELECT * FROM pg_read_file('/etc/passwd')

--# sql_function_not_allowed: a function that makes rows or long texts, 2
SELECT * FROM generate_series(1, 1000000000)

--# sql_function_not_allowed: a function that makes rows or long texts, 3
SELECT * FROM range(1, 1000000000)

--# sql_function_not_allowed: a function that makes rows or long texts, 4
SELECT * FROM t, LATERAL pg_sleep(10)

--# sql_function_not_allowed: a function that makes rows or long texts, 5
SELECT * FROM t CROSS JOIN LATERAL pg_sleep(10) x

--# sql_function_not_allowed: a function that makes rows or long texts, 6
SELECT * FROM dblink('host=evil', 'select 1') AS x

--# sql_function_not_allowed: a function that makes rows or long texts, 7
SELECT * FROM lower('x')

--# sql_function_not_allowed: a function that makes rows or long texts, 8
SELECT * FROM read_csv('/etc/passwd')

--# sql_function_not_allowed: a function that makes rows or long texts, 9
SELECT * FROM parquet_metadata('x.parquet')

--# sql_not_allowed: a function that makes rows or long texts, 10
SELECT * FROM TABLE(f())

--# sql_function_not_allowed: a function that makes rows or long texts, 11
SELECT * FROM UNNEST(pg_ls_dir('/'))

--# sql_syntax: a function that makes rows or long texts, 12
SELECT * FROM ROWS FROM (f())

--# sql_function_not_allowed: a function that makes rows or long texts, 13
SELECT generate_series(1, 1000000000)

--# sql_function_not_allowed: a function that makes rows or long texts, 14
SELECT range(1, 1000000000)

--# sql_function_not_allowed: a function that makes rows or long texts, 15
SELECT array_repeat(1, 1000000000)

--# sql_function_not_allowed: a function that makes rows or long texts, 16
SELECT unnest(ARRAY[1])

--# sql_not_allowed: a function that makes rows or long texts, 17
SELECT repeat('x', 1000000001)

--# sql_not_allowed: a function that makes rows or long texts, 18
SELECT repeat('x', 1000 * 1000000)

--# sql_not_allowed: a function that makes rows or long texts, 19
SELECT rpad(a, 65536) FROM t

--# sql_not_allowed: a function that makes rows or long texts, 20
SELECT repeat(repeat('x', 65535), 65535)

--# sql_not_allowed: a function that makes rows or long texts, 21
SELECT lower(repeat(upper(lpad('x', 300) || 'y'), 300))

--# sql_not_allowed: a function that makes rows or long texts, 22
SELECT replace(repeat('a', 60000), 'a', repeat('b', 60000))

--# sql_not_allowed: a function that makes rows or long texts, 23
SELECT regexp_replace(repeat('a', 60000), 'a', (SELECT repeat('b', 60000)))

--# sql_not_allowed: a function that makes rows or long texts, 24
SELECT repeat(replace(replace(a, 'a', repeat('b', 300)), 'c', 'd'), 300) FROM t

--# sql_not_allowed: a function that makes rows or long texts, 25
SELECT repeat('x', CAST('1000000' AS int))

--# sql_not_allowed: a function that makes rows or long texts, 26
SELECT lpad('x', (SELECT max(a) FROM t))
