--# sql_not_allowed: a function is called as an attribute of a number
SELECT (5::float8).pg_sleep

--# sql_not_allowed: as an attribute of a column in parentheses
SELECT (t.email).f_external_score FROM t

--# sql_not_allowed: as an attribute of a text
SELECT ('data_directory').current_setting

--# sql_not_allowed: as an attribute of a cast
SELECT CAST(5 AS float8).pg_sleep

--# sql_not_allowed: as an attribute of a subquery
SELECT (SELECT 5.0).pg_sleep

--# sql_not_allowed: as an attribute of a function's result
SELECT lower('/ETC/PASSWD').pg_read_file

--# sql_not_allowed: as an attribute of an element
SELECT (a)[1].pg_sleep FROM t

--# sql_not_allowed: as an attribute of an attribute
SELECT (t.a).b.pg_sleep FROM t

--# sql_not_allowed: as an attribute of a table's row
SELECT (t).row_to_json FROM t

--# sql_not_allowed: as an attribute in a condition
SELECT 1 FROM t WHERE (t.a).f_external_score > 1

--# sql_not_allowed: as an attribute with a quoted name
SELECT (5.0)."pg_sleep"

--# sql_not_allowed: as an attribute of CASE
SELECT (CASE WHEN true THEN 5.0 END).pg_sleep

--# sql_not_allowed: as an attribute of an array's element
SELECT (ARRAY[5, 6])[1].pg_sleep

--# sql_syntax: all attributes of a function's result
SELECT (pg_ls_dir('/')).*

--# sql_not_allowed: an attribute that is called
SELECT (t.a).pg_sleep(1) FROM t
