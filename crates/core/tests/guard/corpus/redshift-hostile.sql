--# the users
SELECT * FROM pg_user

--# the users, quoted in capitals
SELECT * FROM "PG_USER"

--# the users, with Redshift's columns
SELECT usename, valuntil FROM pg_user_info

--# the tables' definitions
SELECT * FROM pg_table_def WHERE schemaname = 'public'

--# everybody's queries
SELECT querytxt FROM stl_query ORDER BY starttime DESC LIMIT 100

--# everybody's queries in parts
SELECT sequence, text FROM stl_querytext ORDER BY sequence

--# everybody's statements
SELECT * FROM svl_statementtext

--# the queries of today
SELECT * FROM sys_query_history

--# the texts of queries
SELECT * FROM sys_query_text

--# what was unloaded
SELECT * FROM stl_unload_log

--# what could not be loaded, with its data
SELECT raw_line FROM stl_load_errors

--# who is connected
SELECT * FROM stv_sessions

--# connections
SELECT * FROM stl_connection_log

--# users' changes
SELECT * FROM stl_userlog

--# external schemas with their roles
SELECT * FROM svv_external_schemas

--# data shares
SELECT * FROM svv_datashares

--# grants
SELECT * FROM svv_relation_privileges

--# the concurrency scaling clusters' logs
SELECT * FROM svcs_s3log

--# internal names: topology
SELECT * FROM systable_topology

--# internal names: schema
SELECT * FROM systable_schema

--# internal names: dictionary
SELECT * FROM systable_globaldict

--# internal names: configuration
SELECT * FROM padb_config_harvest

--# in another schema's clothes
SELECT * FROM public.pg_user

--# in another database's clothes
SELECT * FROM dev.public.stl_query

--# behind a CTE that reads itself by name
WITH pg_user AS (SELECT * FROM pg_user) SELECT * FROM pg_user

--# behind a recursive CTE that is not recursive
WITH RECURSIVE pg_user AS (SELECT * FROM pg_user) SELECT * FROM pg_user

--# behind a recursive CTE whose first branch reads its name
WITH RECURSIVE pg_user (usename) AS (SELECT usename FROM pg_user UNION ALL SELECT 'x') SELECT * FROM pg_user

--# behind a CTE that comes too late
WITH a AS (SELECT * FROM stl_query), stl_query AS (SELECT 1) SELECT * FROM a

--# behind a CTE of an inner query
SELECT * FROM (WITH svv_tables AS (SELECT 1) SELECT * FROM svv_tables) x JOIN svv_tables ON true

--# behind a CTE of a branch
(WITH pg_user AS (SELECT 1 AS a) SELECT a FROM pg_user) UNION ALL SELECT usesysid FROM pg_user

--# behind a CTE whose quoted name is another
WITH "PG_USER" AS (SELECT 1) SELECT * FROM pg_user

--# behind a CTE, in a subquery of its definition
WITH pg_user AS (SELECT (SELECT max(usename) FROM pg_user) AS a) SELECT a FROM pg_user

--# in a correlated subquery
SELECT a, (SELECT max(usename) FROM pg_user WHERE usesysid = t.a) FROM t

--# in a condition of a join
SELECT 1 FROM t JOIN u ON t.a IN (SELECT usesysid FROM pg_user)

--# in parentheses
SELECT * FROM ((t CROSS JOIN pg_user) CROSS JOIN u)


--# as a navigated table
SELECT u FROM pg_user p, p.usename u

--# in MINUS
SELECT 1 MINUS SELECT usesysid FROM pg_user

--# in HAVING
SELECT a FROM t GROUP BY a HAVING count(*) > (SELECT count(*) FROM stv_recents)

--# in QUALIFY
SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = (SELECT count(*) FROM stv_recents)

--# in LIMIT
SELECT a FROM t LIMIT (SELECT count(*) FROM stl_query)

--# the passwords
SELECT * FROM pg_shadow

--# the passwords, in capitals
SELECT * FROM PG_SHADOW

--# the passwords, quoted
SELECT * FROM "pg_shadow"

--# who runs what
SELECT * FROM stv_recents

--# the log of queries
SELECT * FROM svl_qlog

--# the tables
SELECT * FROM svv_tables

--# a summary of queries
SELECT * FROM svcs_query_summary

--# in a join
SELECT * FROM t JOIN pg_class ON true

--# in a scalar subquery
SELECT (SELECT count(*) FROM pg_class)

--# in EXISTS
SELECT 1 WHERE EXISTS (SELECT 1 FROM pg_class)

--# in a branch of UNION
SELECT 1 UNION SELECT 1 FROM pg_class

--# behind a CTE of a CTE
WITH a AS (WITH pg_class AS (SELECT 1) SELECT * FROM pg_class) SELECT * FROM pg_class

--# beside a derived table that defines the name
SELECT * FROM (WITH pg_class AS (SELECT 1) SELECT * FROM pg_class) x, pg_class

--# behind a recursive CTE that comes too late
WITH RECURSIVE a AS (SELECT * FROM pg_class), pg_class AS (SELECT 1) SELECT * FROM a

--# sql_not_allowed: a function is called as an attribute of an array's element
SELECT x.a[1].pg_sleep FROM (SELECT ARRAY[10.0, 1] AS a) x

--# sql_not_allowed: a function is called as an attribute of an element of a text that becomes an array
SELECT x.a[1].pg_sleep FROM (SELECT '{10}'::float8[] AS a) x

--# sql_not_allowed: the same with CAST
SELECT x.a[1].pg_sleep FROM (SELECT CAST('{10}' AS float8[]) AS a) x

--# sql_not_allowed: the same in two dimensions
SELECT x.a[1][1].pg_sleep FROM (SELECT '{{10}}'::float8[][] AS a) x

--# sql_not_allowed: the same in a CTE
WITH x AS (SELECT ARRAY['data_directory', 'x'] AS a) SELECT x.a[1].current_setting FROM x
