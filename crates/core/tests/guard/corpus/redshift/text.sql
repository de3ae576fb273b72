--# cut and put together
SELECT SUBSTRING(code, 1, 3) AS a, SUBSTR(code, 4) AS b, LEFT(code, 2), RIGHT(code, 2), code || '-' || suffix AS whole, CONCAT(code, suffix) FROM mart.codes

--# where something is
SELECT POSITION('x' IN code), STRPOS(code, 'x'), CHARINDEX('x', code) FROM mart.codes

--# how long something is
SELECT LEN(code), LENGTH(code), CHAR_LENGTH(code), CHARACTER_LENGTH(code), OCTET_LENGTH(code), TEXTLEN(code), BIT_LENGTH(code) FROM mart.codes

--# trimmed
SELECT TRIM(code), TRIM(BOTH '"' FROM code), TRIM(LEADING '0' FROM code), LTRIM(code, '0'), RTRIM(code), BTRIM(code, ' .') FROM mart.codes

--# filled
SELECT LPAD(number::varchar, 10, '0') AS number, RPAD(name, 20) || '|' FROM mart.codes

--# replaced
SELECT REPLACE(REPLACE(name, CHR(10), ' '), CHR(13), ' ') AS one_line, TRANSLATE(name, 'äöü', 'aou'), REVERSE(name), REPEAT('*', 5) FROM mart.names

--# sql_not_allowed: stars for each letter
-- Refused: a length that is no plain number may be any, and the text is made in memory.
SELECT REPEAT('*', LEN(name)) FROM mart.names

--# regular expressions
SELECT REGEXP_SUBSTR(name, '[A-Z]+'), REGEXP_REPLACE(name, '(\\w+) (\\w+)', '$2 $1'), REGEXP_COUNT(name, '[aeiou]'), REGEXP_INSTR(name, '[0-9]') FROM mart.names WHERE name ~ '^[A-Z]' AND name !~ '[0-9]$'

--# patterns
SELECT name FROM mart.names WHERE name LIKE 'A%' OR name NOT LIKE '%z' OR name ILIKE '%van%' OR name LIKE '50!%' ESCAPE '!' OR name SIMILAR TO '(Mr|Ms)[.] %'

--# code of a letter
SELECT ASCII(name), CHR(65), TO_HEX(ASCII(name)), STRTOL('ff', 16), SOUNDEX(name), DIFFERENCE(name, 'Smith') FROM mart.names

--# compared without case
SELECT COUNT(*) FROM mart.names a JOIN mart.names b ON LOWER(a.name) = LOWER(b.name) AND a.id <> b.id

--# parts of a list
SELECT SPLIT_PART(tags, ',', 1) AS first, SPLIT_PART(tags, ',', 2) AS second, REGEXP_COUNT(tags, ',') + 1 AS parts FROM cms.articles

--# a list as rows with a table of numbers
SELECT a.article_id, TRIM(SPLIT_PART(a.tags, ',', n.n)) AS tag FROM cms.articles a JOIN mart.numbers n ON n.n <= REGEXP_COUNT(a.tags, ',') + 1

--# quoted for another statement
SELECT QUOTE_IDENT(name), QUOTE_LITERAL(name) FROM mart.names

--# words in other scripts
SELECT 이름, "전화 번호", '서울' AS 도시 FROM 고객 WHERE 지역 = '경기' AND 이름 LIKE '김%'

--# emoji in a text
SELECT CASE WHEN score > 4 THEN '👍' ELSE '👎' END AS mood, 'naïve — “quoted”' AS text FROM survey.answers

--# a text over several lines
SELECT 'first line
second line' AS text FROM mart.names

--# CSV of a row
SELECT '"' || REPLACE(name, '"', '""') || '",' || COALESCE(id::varchar, '') AS line FROM mart.names

--# sorted by length
SELECT name FROM mart.names ORDER BY LEN(name) DESC, LOWER(name), name DESC NULLS LAST

--# a key of several columns
SELECT MD5(NVL(a, '') || '|' || NVL(b::varchar, '') || '|' || NVL(c::varchar, '')) AS key FROM mart.wide

--# compared under a collation
SELECT * FROM mart.names WHERE COLLATE(name, 'case_insensitive') = 'smith'

--# numbers of every kind
SELECT 1, -1, 1.5, .5, 5., 1e3, 1.5e-3, 1E+3, 0.1::real, 2::smallint, 3::int8, 4::float8, 5::numeric(10, 2), 6::dec FROM mart.one

--# sql_ambiguous: a power with the operator
-- Refused: `^` is a power to one warehouse and an exclusive or to another; power(2, 10) says which.
SELECT 2 ^ 10

--# a cast by CONVERT
SELECT CONVERT(integer, '12'), CONVERT(varchar(10), 5) FROM mart.one
