--# sql_not_allowed: known to some only, 1
SELECT $$ a $$

--# sql_not_allowed: known to some only, 2
SELECT $tag$ a $tag$

--# sql_not_allowed: known to some only, 3
SELECT a$$b FROM t

--# sql_not_allowed: known to some only, 4
SELECT $1

--# sql_not_allowed: known to some only, 5
SELECT ?

--# sql_not_allowed: known to some only, 6
SELECT a ? 'b' FROM t

--# sql_not_allowed: known to some only, 7
SELECT @x

--# sql_not_allowed: known to some only, 8
SELECT @@version

--# sql_not_allowed: known to some only, 9
SELECT {d '2026-01-01'}

--# sql_not_allowed: known to some only, 10
SELECT {fn lower('x')}

--# sql_not_allowed: known to some only, 11
SELECT \ 1

--# sql_not_allowed: known to some only, 12
SELECT a[1:2] FROM t

--# sql_not_allowed: known to some only, 13
SELECT json_object('a' : 1)

--# parameter_missing: known to some only, 14
SELECT :x

--# parameter_missing: known to some only, 15
SELECT a:b FROM t

--# sql_syntax: not on the list, 1
SELECT 1 OPERATOR(pg_catalog.+) 2

--# sql_not_allowed: not on the list, 2
SELECT a -> 'b' FROM t

--# sql_not_allowed: not on the list, 3
SELECT a ->> 'b' FROM t

--# sql_not_allowed: not on the list, 4
SELECT a && b FROM t

--# sql_not_allowed: not on the list, 5
SELECT a <=> b FROM t

--# sql_not_allowed: not on the list, 6
SELECT a <-> b FROM t

--# sql_not_allowed: not on the list, 7
SELECT 'pg_class'::regclass

--# sql_not_allowed: not on the list, 8
SELECT CAST('pg_class' AS regclass)

--# sql_not_allowed: not on the list, 9
SELECT 'x'::regproc

--# sql_not_allowed: not on the list, 10
SELECT 'x'::my_type

--# sql_not_allowed: not on the list, 11
SELECT 'x'::pg_catalog.text

--# sql_not_allowed: not on the list, 12
SELECT regclass 'pg_class'

--# sql_not_allowed: not on the list, 13
SELECT CAST(a AS xml) FROM t

--# sql_not_allowed: not on the list, 14
SELECT a COLLATE "C" FROM t

--# sql_not_allowed: not on the list, 15
SELECT * FROM t TABLESAMPLE SYSTEM (1)

--# sql_not_allowed: not on the list, 16
SELECT CONVERT(int, a, 101) FROM t

--# sql_not_allowed: not on the list, 17
SELECT a FROM t START WITH a = 1 CONNECT BY PRIOR a = b

--# sql_not_allowed: not on the list, 18
SELECT a AS 'b' FROM t

--# sql_not_allowed: not on the list, 19
SELECT t.'a' FROM t

--# sql_not_allowed: not on the list, 20
SELECT lower(x => 'a')

--# sql_not_allowed: not on the list, 21
SELECT a FROM t CLUSTER BY a

--# sql_not_allowed: not on the list, 22
SELECT a FROM t SORT BY a

--# sql_not_allowed: not on the list, 23
SELECT a FROM t LATERAL VIEW explode(b) c

--# sql_syntax: not on the list, 24
WITH x AS (TABLE t) SELECT * FROM x

--# sql_not_allowed: not on the list, 25
SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2))

--# sql_not_allowed: not on the list, 26
SELECT TOP 5 PERCENT a FROM t

--# sql_not_allowed: not on the list, 27
SELECT a FROM t FETCH FIRST 5 PERCENT ROWS ONLY

--# sql_not_allowed: not on the list, 28
SELECT max(*) FROM t

--# sql_not_allowed: not on the list, 29
SELECT count(t.*) FROM t

--# sql_not_allowed: not on the list, 30
SELECT a RLIKE 'b' FROM t

--# sql_not_allowed: not on the list, 31
SELECT * FROM t, JSON_TABLE(a, '$' COLUMNS (b int PATH '$.b')) x
