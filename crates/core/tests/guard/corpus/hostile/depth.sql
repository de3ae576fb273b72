--# sql_not_read_only: DELETE in WITH in WITH in WITH
WITH a AS (WITH b AS (WITH c AS (DELETE FROM t RETURNING 1) SELECT * FROM c) SELECT * FROM b) SELECT * FROM a

--# sql_not_read_only: DELETE in the last of many queries of WITH
WITH a AS (SELECT 1), b AS (SELECT 2), c AS (SELECT 3), d AS (DELETE FROM t RETURNING *) SELECT * FROM a

--# sql_not_read_only: DELETE in WITH of a derived table of a join
SELECT * FROM t JOIN (WITH x AS (DELETE FROM u RETURNING a) SELECT a FROM x) y ON t.a = y.a

--# sql_not_read_only: DELETE in WITH of a lateral subquery
SELECT * FROM t, LATERAL (WITH x AS (DELETE FROM u WHERE u.a = t.a RETURNING *) SELECT * FROM x) y

--# sql_not_read_only: UPDATE in WITH in the arguments of a function
SELECT lower((WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x))

--# sql_not_read_only: UPDATE in WITH in CASE
SELECT CASE WHEN (WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x) = 1 THEN 1 END

--# sql_not_read_only: INSERT in WITH in an IN list
SELECT 1 WHERE 1 IN (1, (WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x))

--# sql_not_read_only: INSERT in WITH in IN
SELECT 1 WHERE 1 IN (WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x)

--# sql_not_read_only: INSERT in WITH in ANY
SELECT 1 WHERE 1 = ANY (WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in HAVING
SELECT count(*) FROM t HAVING count(*) > (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in GROUP BY
SELECT count(*) FROM t GROUP BY (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in QUALIFY
SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in a named window
SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x))

--# sql_not_read_only: DELETE in WITH in FILTER
SELECT count(*) FILTER (WHERE (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x) = 1) FROM t

--# sql_not_read_only: DELETE in WITH in WITHIN GROUP
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)) FROM t

--# sql_not_read_only: DELETE in WITH in ON
SELECT 1 FROM t JOIN u ON t.a = (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in OFFSET
SELECT 1 OFFSET (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in DISTINCT ON
SELECT DISTINCT ON ((WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)) a FROM t

--# sql_not_read_only: DELETE in WITH in VALUES
VALUES ((WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x))

--# sql_not_read_only: DELETE in WITH in a cast
SELECT (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)::int

--# sql_not_read_only: DELETE in WITH in an interval
SELECT now() - INTERVAL '1' DAY * (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH in GROUPING SETS
SELECT count(*) FROM t GROUP BY GROUPING SETS ((a), ((WITH x AS (DELETE FROM t RETURNING 1 AS b) SELECT b FROM x)))

--# sql_not_read_only: DELETE in WITH of the third branch of a UNION
SELECT 1 UNION ALL SELECT 2 UNION ALL (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH behind EXCEPT
SELECT 1 EXCEPT (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in WITH behind INTERSECT
SELECT 1 INTERSECT (WITH x AS (DELETE FROM t RETURNING 1 AS a) SELECT a FROM x)

--# sql_not_read_only: DELETE in a recursive WITH
WITH RECURSIVE x AS (DELETE FROM t RETURNING 1) SELECT * FROM x

--# sql_syntax: DELETE in a materialized WITH
WITH x AS MATERIALIZED (DELETE FROM t RETURNING *) SELECT * FROM x

--# sql_syntax: DELETE in a WITH that is not materialized
WITH x AS NOT MATERIALIZED (DELETE FROM t RETURNING *) SELECT * FROM x

--# sql_not_read_only: DELETE in a WITH that names its columns
WITH x (a, b) AS (DELETE FROM t RETURNING a, b) SELECT a FROM x

--# sql_not_read_only: MERGE behind WITH
WITH x AS (SELECT 1 AS a) MERGE INTO t USING x ON t.a = x.a WHEN MATCHED THEN DELETE

--# sql_not_read_only: MERGE in WITH
WITH m AS (MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE) SELECT * FROM m

--# sql_not_read_only: DELETE behind WITH in parentheses
(WITH x AS (SELECT 1) DELETE FROM t)

--# sql_not_read_only: DELETE in parentheses in a UNION
SELECT 1 UNION (DELETE FROM t RETURNING 1)

--# sql_not_read_only: DELETE as a derived table
SELECT * FROM (DELETE FROM t RETURNING *) x

--# sql_syntax: UPDATE as a subquery
SELECT (UPDATE t SET a = 1 RETURNING a)

--# sql_syntax: DROP in WITH
WITH x AS (DROP TABLE t) SELECT 1

--# sql_syntax: CREATE in WITH
WITH x AS (CREATE TABLE u (a int)) SELECT 1

--# sql_syntax: TRUNCATE in WITH
WITH x AS (TRUNCATE t) SELECT 1

--# sql_syntax: COPY in WITH
WITH x AS (COPY t TO '/tmp/x') SELECT 1

--# sql_syntax: CALL behind WITH
WITH x AS (SELECT 1) CALL f()

--# sql_not_read_only: INTO in a CTE in a derived table
SELECT * FROM (WITH a AS (SELECT * INTO x FROM t) SELECT * FROM a) y

--# sql_not_read_only: INTO in the second branch of EXCEPT
SELECT 1 EXCEPT SELECT a INTO x FROM t

--# sql_not_read_only: INTO in the first branch of UNION
SELECT 1 AS a INTO x UNION SELECT 2

--# sql_not_read_only: INTO in EXISTS
SELECT 1 WHERE EXISTS (SELECT a INTO x FROM t)

--# sql_not_read_only: INTO in a scalar subquery
SELECT (SELECT a INTO x FROM t)

--# sql_ambiguous: INTO a temporary table, Redshift's way
SELECT a INTO #x FROM t

--# sql_not_read_only: INTO UNLOGGED
SELECT a INTO UNLOGGED x FROM t

--# sql_not_read_only: INTO behind TOP
SELECT TOP 5 a INTO x FROM t

--# sql_not_read_only: INTO behind DISTINCT
SELECT DISTINCT a INTO x FROM t

--# sql_not_read_only: INTO within four parentheses
((((SELECT a INTO x FROM t))))

--# sql_not_read_only: INTO a quoted name
SELECT a INTO "x y" FROM t

--# sql_not_read_only: INTO a name with a schema
SELECT a INTO public.x FROM t

--# sql_not_read_only: a lock in EXISTS
SELECT 1 WHERE EXISTS (SELECT 1 FROM t FOR UPDATE)

--# sql_not_read_only: a lock in a CTE
WITH x AS (SELECT * FROM t FOR UPDATE) SELECT * FROM x

--# sql_not_read_only: a lock in a branch of UNION
(SELECT a FROM t FOR UPDATE) UNION ALL SELECT 1

--# sql_not_read_only: a lock of one table
SELECT * FROM t, u FOR UPDATE OF t

--# sql_not_read_only: two locks
SELECT * FROM t FOR UPDATE FOR SHARE

--# sql_not_read_only: a lock that does not wait
SELECT * FROM t FOR SHARE NOWAIT

--# sql_not_read_only: a lock behind LIMIT
SELECT * FROM t LIMIT 1 FOR UPDATE

--# sql_syntax: FOR NO KEY UPDATE
SELECT * FROM t FOR NO KEY UPDATE

--# sql_syntax: FOR KEY SHARE
SELECT * FROM t FOR KEY SHARE

--# sql_syntax: LOCK IN SHARE MODE
SELECT * FROM t LOCK IN SHARE MODE

--# sql_function_not_allowed: a function six calls deep
SELECT lower(upper(trim(reverse(initcap(concat('a', pg_sleep(1)))))))

--# sql_function_not_allowed: a function six subqueries deep
SELECT (SELECT (SELECT (SELECT (SELECT (SELECT pg_sleep(1))))))

--# sql_function_not_allowed: a function six derived tables deep
SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT pg_sleep(1)) a) b) c) d) e

--# sql_function_not_allowed: a function in a CTE that nobody reads
WITH x AS (SELECT pg_sleep(1)) SELECT 1

--# sql_function_not_allowed: a function in the recursive branch
WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + pg_sleep(1) FROM n) SELECT a FROM n

--# sql_function_not_allowed: a function in a join that is nested
SELECT 1 FROM a JOIN (b JOIN c ON pg_sleep(1) IS NULL) ON true

--# sql_function_not_allowed: a function in a lateral subquery
SELECT 1 FROM t CROSS JOIN LATERAL (SELECT pg_sleep(t.a)) x

--# sql_function_not_allowed: a function in a subscript
SELECT a[1 + pg_sleep(1)] FROM t


--# sql_function_not_allowed: a function in a frame
SELECT sum(a) OVER (ORDER BY a ROWS BETWEEN pg_sleep(1) PRECEDING AND CURRENT ROW) FROM t

--# sql_function_not_allowed: a function in the other bound of a frame
SELECT sum(a) OVER (ORDER BY a ROWS BETWEEN CURRENT ROW AND pg_sleep(1) FOLLOWING) FROM t

--# sql_syntax: a function in FETCH
SELECT a FROM t FETCH FIRST (pg_sleep(1)) ROWS ONLY

--# sql_function_not_allowed: a function in TOP
SELECT TOP (pg_sleep(1)) a FROM t

--# sql_function_not_allowed: a function in CUBE
SELECT 1 FROM t GROUP BY CUBE (a, pg_sleep(1))

--# sql_function_not_allowed: a function behind ALL
SELECT 1 WHERE 1 > ALL (SELECT pg_sleep(1))

--# sql_function_not_allowed: a function in ESCAPE's neighbour
SELECT a SIMILAR TO pg_read_file('x') FROM t

--# sql_function_not_allowed: a function behind IS DISTINCT FROM
SELECT 1 IS DISTINCT FROM pg_sleep(1)

--# sql_function_not_allowed: a function behind a shift
SELECT 1 << pg_sleep(1)

--# sql_function_not_allowed: a function in an aggregate's ORDER BY
SELECT listagg(a, ',') WITHIN GROUP (ORDER BY pg_sleep(1)) FROM t

--# sql_function_not_allowed: a window function that is none
SELECT pg_sleep(1) OVER () FROM t

--# sql_function_not_allowed: an aggregate that is none
SELECT xmlagg(a) FROM t

--# sql_function_not_allowed: a function with a FILTER
SELECT pg_sleep(1) FILTER (WHERE true) FROM t

--# sql_function_not_allowed: a function with DISTINCT
SELECT pg_sleep(DISTINCT 1)

--# sql_function_not_allowed: a function in INTERVAL
SELECT INTERVAL (pg_sleep(1)) DAY
