--# sql_relation_not_allowed: a catalog, 1
SELECT * FROM pg_catalog.pg_user

--# sql_relation_not_allowed: a catalog, 2
SELECT * FROM information_schema.tables

--# sql_relation_not_allowed: a catalog, 3
SELECT * FROM dev.information_schema.tables

--# sql_relation_not_allowed: a catalog, 4
SELECT * FROM Information_Schema.TABLES

--# sql_relation_not_allowed: a catalog, 5
SELECT * FROM pg_catalog.sys_query_history

--# sql_relation_not_allowed: a catalog, 6
WITH pg_class AS (SELECT 1) SELECT * FROM pg_catalog.pg_class

--# sql_relation_not_allowed: a catalog, 7
SELECT * FROM a.b.c.d

--# sql_relation_not_allowed: a catalog, 8
SELECT * FROM ""

--# sql_ambiguous: a reserved word as a table, 1
SELECT * FROM ONLY pg_user

--# sql_ambiguous: a reserved word as a table, 2
SELECT * FROM only stl_querytext

--# sql_ambiguous: a reserved word as a table, 3
SELECT * FROM t JOIN ONLY pg_user ON true

--# sql_ambiguous: a reserved word as a table, 4
SELECT * FROM t, ONLY t2

--# sql_ambiguous: a reserved word as a table, 5
SELECT 1 WHERE EXISTS (SELECT 1 FROM ONLY pg_user)

--# sql_function_not_allowed: a reserved word as a table, 6
SELECT * FROM ONLY (pg_user)

--# sql_ambiguous: a reserved word as a table, 7
SELECT * FROM ONLY

--# sql_ambiguous: a reserved word as a table, 8
SELECT * FROM user

--# sql_ambiguous: a reserved word as a table, 9
SELECT * FROM t AS ONLY

--# sql_ambiguous: a reserved word as a table, 10
SELECT * FROM t only

--# sql_ambiguous: a reserved word as a table, 11
WITH only AS (SELECT 1) SELECT * FROM only pg_user

--# sql_relation_not_allowed: a file as a table, 1
SELECT * FROM 'x.parquet'

--# sql_relation_not_allowed: a file as a table, 2
SELECT * FROM '/etc/passwd'

--# sql_relation_not_allowed: a file as a table, 3
SELECT * FROM "/etc/passwd"

--# sql_relation_not_allowed: a file as a table, 4
SELECT * FROM "x.parquet"

--# sql_relation_not_allowed: a file as a table, 5
SELECT * FROM "s3://bucket/x"

--# sql_relation_not_allowed: a file as a table, 6
SELECT * FROM "..\x"
