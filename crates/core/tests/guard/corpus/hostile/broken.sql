--# sql_syntax: broken, 1
SELECT 'a

--# sql_syntax: broken, 2
SELECT "a

--# sql_syntax: broken, 3
SELECT 1 /* a

--# sql_syntax: broken, 4
SELECT (1

--# sql_syntax: broken, 5
SELECT 1)

--# sql_syntax: broken, 6
SELECT 1 FROM

--# sql_syntax: broken, 7
SELECT a b c FROM t

--# sql_syntax: broken, 8
WITH x AS (SELECT 1)
