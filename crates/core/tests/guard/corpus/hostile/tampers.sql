--# sql_not_single: stacked query behind a number
SELECT * FROM t WHERE id = 1; SELECT 2 --

--# sql_not_single: stacked query without blanks
SELECT/**/1/**/;/**/DROP/**/TABLE/**/t

--# sql_not_single: stacked query behind a string
SELECT * FROM t WHERE a = ''; DROP TABLE t; --'

--# sql_not_single: stacked query on another line
SELECT 1
;
DELETE FROM t

--# sql_not_single: a semicolon in a comment, then a real one
SELECT 1 /* ; */ ; DELETE FROM t

--# sql_function_not_allowed: space2comment
SELECT/**/pg_sleep(5)/**/FROM/**/t

--# sql_function_not_allowed: space2comment with text in it
SELECT /*a*/ pg_sleep /*b*/ ( /*c*/ 5 /*d*/ )

--# sql_function_not_allowed: space2dash
SELECT--x
pg_sleep--y
(5)

--# sql_function_not_allowed: space2plus and signs
SELECT+pg_sleep(5)

--# sql_function_not_allowed: space2morecomment
SELECT/**_**/pg_sleep(5)/**_**/

--# sql_forbidden_character: space2randomblank, form feed
SELECT⟨U+000C⟩pg_sleep(5)

--# sql_forbidden_character: space2randomblank, no-break space
SELECT⟨U+00A0⟩pg_sleep(5)

--# sql_function_not_allowed: randomcase
sElEcT Pg_SlEeP(5)

--# sql_function_not_allowed: randomcomments within nothing
SELECT pg_sleep/* */(5)

--# sql_function_not_allowed: versionedmorekeywords is a comment here, and what is outside counts
SELECT /*!50000 1, */ pg_sleep(5)

--# sql_not_read_only: versionedkeywords
/*!SELECT*/ /*!1*/ DELETE FROM t

--# sql_function_not_allowed: between for greater
SELECT 1 WHERE 1 NOT BETWEEN 0 AND pg_sleep(5)

--# sql_function_not_allowed: equaltolike
SELECT 1 WHERE 'a' LIKE pg_sleep(5)

--# sql_not_allowed: symboliclogical
SELECT 1 WHERE 1 && pg_sleep(5)

--# sql_function_not_allowed: concat2concatws
SELECT pg_ls_dir(concat('/', 'etc'))

--# sql_function_not_allowed: if2case
SELECT CASE WHEN (1=1) THEN pg_sleep(5) ELSE 0 END

--# sql_function_not_allowed: ifnull2casewhenisnull
SELECT CASE WHEN pg_sleep(5) IS NULL THEN 1 ELSE 2 END

--# sql_function_not_allowed: substring2leftright
SELECT left(pg_read_file('/etc/passwd'), 1)

--# sql_function_not_allowed: commalesslimit
SELECT a FROM t LIMIT 1 OFFSET pg_sleep(5)

--# sql_function_not_allowed: commalessmid
SELECT substring(pg_read_file('x') FROM 1 FOR 1)

--# sql_function_not_allowed: greatest
SELECT greatest(1, pg_sleep(5))

--# sql_function_not_allowed: least
SELECT least(pg_sleep(5), 1)

--# sql_function_not_allowed: schemasplit
SELECT pg_catalog . pg_sleep (5)

--# sql_function_not_allowed: schemasplit with a comment
SELECT pg_catalog/**/./**/pg_sleep(5)

--# sql_ambiguous: misunion
SELECT 1.0e0UNION SELECT 2

--# sql_ambiguous: dunion
SELECT 1e0UNION ALL SELECT pg_sleep(5)

--# sql_ambiguous: 0eunion
SELECT 0eunion SELECT 1

--# sql_not_allowed: percentage signs and a variable
SELECT @a:=pg_sleep(5)

--# sql_syntax: apostrophenullencode, doubled
SELECT 'a%00%27' \' OR 1=1

--# sql_ambiguous: unmagicquotes
SELECT 'a\'' OR pg_sleep(5) --'

--# sql_not_allowed: apostrophemask, a full-width quote
SELECT 1 WHERE a = ＇x＇


--# sql_not_allowed: charunicodeescape
SELECT \u0053

--# sql_ambiguous: hex2char
SELECT 0x70675f736c656570

--# sql_function_not_allowed: chr builds the name, and a function runs it
SELECT query_to_xml(chr(68) || chr(82) || chr(79) || chr(80), true, true, '')

--# sql_function_not_allowed: unionalltounion
SELECT 1 UNION SELECT pg_sleep(5)

--# sql_function_not_allowed: binary and boolean blind
SELECT 1 WHERE ascii(substr((SELECT current_setting('data_directory')), 1, 1)) > 64

--# sql_function_not_allowed: time blind by a heavy function
SELECT count(*) FROM generate_series(1, 10000000)

--# sql_function_not_allowed: error based
SELECT CAST((SELECT version()) AS int)

--# sql_relation_not_allowed: union based, from the catalog
SELECT a FROM t UNION ALL SELECT table_name FROM information_schema.tables

--# sql_relation_not_allowed: union based, quoted and cased
SELECT a FROM t UNION ALL SELECT usename FROM "pg_catalog".PG_SHADOW

--# sql_syntax: INTO OUTFILE
SELECT a INTO OUTFILE '/tmp/x' FROM t

--# sql_syntax: INTO DUMPFILE at the end
SELECT a FROM t INTO DUMPFILE '/tmp/x'

--# sql_function_not_allowed: load_file
SELECT load_file('/etc/passwd')

--# sql_function_not_allowed: benchmark
SELECT benchmark(100000000, md5('a'))

--# sql_function_not_allowed: sleep
SELECT sleep(5)

--# sql_syntax: WAITFOR
WAITFOR DELAY '0:0:5'

--# sql_syntax: xp_cmdshell
EXEC xp_cmdshell 'dir'

--# sql_function_not_allowed: OPENROWSET
SELECT * FROM OPENROWSET('SQLNCLI', 'x', 'SELECT 1')

--# sql_function_not_allowed: xml external entity
SELECT xmlparse('<!DOCTYPE a SYSTEM "http://evil.example">')

--# sql_function_not_allowed: extractvalue
SELECT extractvalue(1, concat(0, 'a'))

--# sql_function_not_allowed: utl_http, with a schema
SELECT utl_http.request('http://evil.example') FROM dual

--# sql_function_not_allowed: dbms_pipe
SELECT dbms_pipe.receive_message('a', 5) FROM dual

--# sql_function_not_allowed: load_extension
SELECT load_extension('x.so')

--# sql_function_not_allowed: randomblob
SELECT hex(randomblob(1000000000))

--# sql_function_not_allowed: ORDER BY a position that is a function
SELECT a FROM t ORDER BY (CASE WHEN 1=1 THEN pg_sleep(5) END)

--# sql_function_not_allowed: HAVING
SELECT a FROM t GROUP BY a HAVING 1 = (SELECT 1 FROM t WHERE pg_sleep(5) IS NULL)

--# sql_syntax: RETURNING behind a query
SELECT 1 RETURNING *

--# sql_not_read_only: ON CONFLICT
INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING

--# sql_syntax: handler
HANDLER t OPEN

--# sql_syntax: PROCEDURE ANALYSE
SELECT a FROM t PROCEDURE ANALYSE()
