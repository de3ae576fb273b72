--# sql_ambiguous: lexers differ, 1
SELECT '\'; DROP TABLE t; --'

--# sql_ambiguous: lexers differ, 2
SELECT '\' || pg_sleep(1) || '

--# sql_ambiguous: lexers differ, 3
SELECT 'a\', b FROM t WHERE c = ' OR 1=1 --'

--# sql_ambiguous: lexers differ, 4
SELECT 'C:\'

--# sql_ambiguous: lexers differ, 5
SELECT '\\\'

--# sql_ambiguous: lexers differ, 6
SELECT 1 /* a /* b */ , pg_sleep(1) /* */ */

--# sql_ambiguous: lexers differ, 7
SELECT 1 /* /* */

--# sql_ambiguous: lexers differ, 8
SELECT E'\'; DROP TABLE t; --'

--# sql_ambiguous: lexers differ, 9
SELECT E'a'

--# sql_ambiguous: lexers differ, 10
SELECT e'a'

--# sql_ambiguous: lexers differ, 11
SELECT U&'\0061'

--# sql_ambiguous: lexers differ, 12
SELECT u&'a'

--# sql_ambiguous: lexers differ, 13
SELECT U&"\0070g_sleep"(10)

--# sql_ambiguous: lexers differ, 14
SELECT N'a'

--# sql_ambiguous: lexers differ, 15
SELECT B'1'

--# sql_ambiguous: lexers differ, 16
SELECT X'1F'

--# sql_ambiguous: lexers differ, 17
SELECT R'a'

--# sql_ambiguous: lexers differ, 18
SELECT q'[a]'

--# sql_ambiguous: lexers differ, 19
SELECT _utf8'a'

--# sql_ambiguous: lexers differ, 20
SELECT b"a"

--# sql_ambiguous: lexers differ, 21
SELECT 'a' 'b'

--# sql_ambiguous: lexers differ, 22
SELECT 'a'
'b'

--# sql_ambiguous: lexers differ, 23
SELECT 'a' /* 
 */ 'b'

--# sql_ambiguous: lexers differ, 24
SELECT a FROM `t`

--# sql_ambiguous: lexers differ, 25
SELECT [a] FROM t

--# sql_ambiguous: lexers differ, 26
SELECT ["a"] FROM t

--# sql_ambiguous: lexers differ, 27
SELECT a[b] FROM t

--# sql_ambiguous: lexers differ, 28
SELECT a#b FROM t

--# sql_ambiguous: lexers differ, 29
SELECT * FROM #t

--# sql_ambiguous: lexers differ, 30
SELECT 2 ^ 3

--# sql_ambiguous: lexers differ, 31
SELECT 1_000

--# sql_ambiguous: lexers differ, 32
SELECT 0x1F

--# sql_ambiguous: lexers differ, 33
SELECT 1a FROM t

--# sql_ambiguous: lexers differ, 34
SELECT 1.5.5

--# sql_ambiguous: lexers differ, 35
SELECT 10L
