--# sql_relation_not_allowed: the tables of the schema
SELECT table_schema, table_name FROM information_schema.tables

--# sql_relation_not_allowed: the columns, quoted
SELECT * FROM "information_schema"."columns"

--# sql_relation_not_allowed: the columns, in capitals
SELECT * FROM INFORMATION_SCHEMA.COLUMNS

--# sql_relation_not_allowed: a name that is quoted in capitals
SELECT * FROM "INFORMATION_SCHEMA".tables

--# sql_relation_not_allowed: with a comment between the parts
SELECT * FROM information_schema/* */./* */tables

--# sql_relation_not_allowed: with a line end between the parts
SELECT * FROM information_schema
.tables

--# sql_relation_not_allowed: of another database
SELECT * FROM other.pg_catalog.pg_shadow

--# sql_relation_not_allowed: in a join
SELECT * FROM t JOIN pg_catalog.pg_authid a ON true

--# sql_relation_not_allowed: in a comma list
SELECT * FROM t, u, pg_catalog.pg_class

--# sql_syntax: in parentheses
SELECT * FROM (pg_catalog.pg_class)

--# sql_relation_not_allowed: in a join in parentheses
SELECT * FROM (t JOIN pg_catalog.pg_class c ON true)

--# sql_relation_not_allowed: in a subquery of a condition
SELECT 1 WHERE (SELECT count(*) FROM pg_catalog.pg_proc) > 1

--# sql_relation_not_allowed: in EXISTS
SELECT 1 WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_proc)

--# sql_relation_not_allowed: in the last branch of a UNION
SELECT 1 UNION SELECT 2 UNION SELECT 3 FROM pg_catalog.pg_proc

--# sql_relation_not_allowed: in the arguments of a function
SELECT coalesce((SELECT max(usename) FROM pg_catalog.pg_user), 'x')

--# sql_relation_not_allowed: in ORDER BY
SELECT a FROM t ORDER BY (SELECT 1 FROM pg_catalog.pg_user)

--# sql_relation_not_allowed: in LIMIT
SELECT a FROM t LIMIT (SELECT count(*) FROM pg_catalog.pg_user)

--# sql_relation_not_allowed: in a window
SELECT sum(a) OVER (PARTITION BY (SELECT 1 FROM pg_catalog.pg_user)) FROM t

--# sql_relation_not_allowed: in a CTE that nobody reads
WITH x AS (SELECT * FROM pg_catalog.pg_user) SELECT 1

--# sql_relation_not_allowed: behind a CTE of the bare name
WITH pg_user AS (SELECT 1) SELECT * FROM pg_catalog.pg_user

--# sql_relation_not_allowed: behind a CTE with the name of the schema
WITH pg_catalog AS (SELECT 1) SELECT * FROM pg_catalog.pg_user

--# sql_relation_not_allowed: in a lateral subquery
SELECT * FROM t, LATERAL (SELECT * FROM pg_catalog.pg_stats) s

--# sql_relation_not_allowed: with an alias that looks harmless
SELECT orders.* FROM pg_catalog.pg_shadow AS orders

--# sql_relation_not_allowed: with a left join
SELECT * FROM t LEFT JOIN information_schema.role_table_grants g USING (a)

--# sql_relation_not_allowed: a natural join
SELECT * FROM t NATURAL JOIN information_schema.columns

--# sql_relation_not_allowed: four parts
SELECT * FROM server.dev.pg_catalog.pg_class

--# sql_relation_not_allowed: an empty part
SELECT * FROM "".pg_class

--# sql_syntax: ONLY hides the schema
SELECT * FROM ONLY pg_catalog.pg_class

--# sql_ambiguous: ONLY in another case with a comment
SELECT * FROM oNlY/**/pg_shadow

--# sql_ambiguous: ONLY behind a comma
SELECT * FROM t, ONLY pg_shadow

--# sql_ambiguous: ONLY in a CTE
WITH x AS (SELECT * FROM ONLY pg_shadow) SELECT * FROM x

--# sql_ambiguous: ONLY in a subquery of a subquery
SELECT (SELECT (SELECT 1 FROM ONLY pg_shadow))

--# sql_ambiguous: ONLY behind LEFT JOIN
SELECT * FROM t LEFT JOIN ONLY pg_shadow ON true

--# sql_ambiguous: ONLY behind NATURAL JOIN
SELECT * FROM t NATURAL JOIN ONLY pg_shadow

--# sql_not_allowed: TABLE is a query of its own
SELECT 1 UNION TABLE pg_shadow

--# sql_syntax: TABLE in parentheses
(TABLE pg_shadow)

--# sql_not_allowed: the type of a name looks into the catalog
SELECT 'pg_shadow'::regclass::int

--# sql_not_allowed: the type of a role
SELECT 1::regrole

--# sql_not_allowed: the type of a namespace
SELECT CAST(1 AS regnamespace)

--# sql_not_allowed: a number of an object
SELECT 'pg_shadow'::oid

--# sql_not_allowed: a type with a schema
SELECT CAST('x' AS pg_catalog.regclass)

--# sql_not_allowed: a type in quotes
SELECT 'x'::"regclass"

--# sql_not_allowed: an array of such types
SELECT '{x}'::regclass[]

--# sql_not_allowed: TRY_CAST to such a type
SELECT TRY_CAST('x' AS regtype)

--# sql_not_allowed: CONVERT to such a type
SELECT CONVERT(regclass, 'pg_shadow')

--# sql_function_not_allowed: a function in CONVERT
SELECT CONVERT(int, pg_backend_pid())

--# sql_syntax: CONVERT between encodings
SELECT CONVERT('x' USING utf8)

--# sql_function_not_allowed: TRY_CONVERT to such a type
SELECT TRY_CONVERT(regclass, 'pg_shadow')

--# sql_function_not_allowed: how a view is made
SELECT pg_get_viewdef('v')

--# sql_function_not_allowed: how a function is made
SELECT pg_get_functiondef(1)

--# sql_function_not_allowed: what a relation weighs
SELECT pg_relation_size('t')

--# sql_function_not_allowed: whether somebody may
SELECT has_table_privilege('t', 'select')

--# sql_function_not_allowed: where the files are
SELECT pg_relation_filepath('t')

--# sql_function_not_allowed: the database's name
SELECT current_database()

--# sql_function_not_allowed: the schemas
SELECT current_schemas(true)

--# sql_function_not_allowed: a comment in the catalog
SELECT obj_description(1)

--# sql_function_not_allowed: names by number
SELECT pg_get_userbyid(10)

--# sql_function_not_allowed: the process
SELECT pg_backend_pid()

--# sql_function_not_allowed: the last query
SELECT pg_last_query_id()

--# sql_function_not_allowed: the last unload
SELECT pg_last_unload_id(), pg_last_unload_count()

--# sql_function_not_allowed: the session's roles as a table
SELECT * FROM pg_get_session_roles() AS r (name name, id integer)

--# sql_function_not_allowed: late-binding views as a table
SELECT * FROM pg_get_late_binding_view_cols() c (a name, b name)

--# sql_function_not_allowed: grants as a table
SELECT * FROM pg_get_grantee_by_iam_role('arn:aws:iam::1:role/x') r (a text)

--# sql_function_not_allowed: the number of the slice
SELECT slice_num() FROM t

--# sql_function_not_allowed: the namespace, which is called without parentheses
SELECT current_namespace

--# sql_function_not_allowed: the account, which is called without parentheses
SELECT current_aws_account

--# sql_function_not_allowed: the default role
SELECT default_iam_role()

--# sql_function_not_allowed: the session's ARN
SELECT current_session_arn()

--# sql_function_not_allowed: the user's number
SELECT current_user_id

--# sql_function_not_allowed: the catalog's name
SELECT current_catalog

--# sql_function_not_allowed: the role's name
SELECT current_role
