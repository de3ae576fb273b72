--# sql_not_read_only: data changed within a query, 1
WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x

--# sql_not_read_only: data changed within a query, 2
WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x

--# sql_not_read_only: data changed within a query, 3
WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x

--# sql_not_read_only: data changed within a query, 4
WITH x AS (SELECT 1) DELETE FROM t

--# sql_not_read_only: data changed within a query, 5
WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x

--# sql_not_read_only: data changed within a query, 6
WITH x AS (SELECT 1) UPDATE t SET a = 1

--# sql_not_read_only: data changed within a query, 7
WITH a AS (WITH b AS (DELETE FROM t RETURNING 1) SELECT * FROM b) SELECT * FROM a

--# sql_not_read_only: data changed within a query, 8
SELECT * FROM (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x) y

--# sql_not_read_only: data changed within a query, 9
SELECT coalesce((WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x), 1)

--# sql_not_read_only: data changed within a query, 10
SELECT 1 WHERE EXISTS (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)

--# sql_not_read_only: data changed within a query, 11
SELECT 1 ORDER BY (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)

--# sql_not_read_only: data changed within a query, 12
SELECT 1 LIMIT (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)

--# sql_not_read_only: data changed within a query, 13
SELECT 1 UNION SELECT 2 FROM (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x) y

--# sql_not_read_only: data changed within a query, 14
SELECT sum(a) OVER (ORDER BY (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)) FROM t

--# sql_not_read_only: data changed within a query, 15
(DELETE FROM t)

--# sql_not_read_only: INTO or a lock, 1
SELECT * INTO x FROM t

--# sql_not_read_only: INTO or a lock, 2
SELECT * INTO TEMP TABLE x FROM t

--# sql_not_read_only: INTO or a lock, 3
SELECT 1 UNION SELECT * INTO x FROM t

--# sql_not_read_only: INTO or a lock, 4
SELECT * FROM (SELECT * INTO x FROM t) y

--# sql_not_read_only: INTO or a lock, 5
SELECT * FROM t, LATERAL (SELECT * INTO x FROM u) y

--# sql_not_read_only: INTO or a lock, 6
WITH a AS (SELECT * INTO x FROM t) SELECT * FROM a

--# sql_not_read_only: INTO or a lock, 7
SELECT * FROM t FOR UPDATE

--# sql_not_read_only: INTO or a lock, 8
SELECT * FROM t FOR SHARE

--# sql_not_read_only: INTO or a lock, 9
SELECT * FROM (SELECT * FROM t FOR UPDATE) x

--# sql_not_read_only: INTO or a lock, 10
SELECT (SELECT a FROM t FOR UPDATE SKIP LOCKED)
