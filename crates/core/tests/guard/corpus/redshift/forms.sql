--# names behind a dot that are keywords
SELECT s.end, s.start, s.select, s.from, s.default, s.user FROM billing.subscriptions s

--# aliases that are keywords
SELECT x AS start, y AS desc, z AS end, COUNT(*) total, SUM(a) year, MAX(b) level FROM mart.odd GROUP BY x, y, z

--# columns named like types
SELECT date, time, timestamp, year, month, day, hour FROM mart.odd WHERE date >= '2026-01-01' AND timestamp < '2026-02-01'

--# signs with blanks between them
SELECT a - -1, a * -b, - (a), + a, a=-1, a<-1, a>=-1, a*-1, a/-2, a+-1, a != -1, a || -1, a % -2 FROM mart.numbers

--# rows compared
SELECT (a, b) = (1, 2), (a, b) IN (SELECT x, y FROM mart.pairs), a <> ALL (SELECT x FROM mart.pairs) FROM mart.numbers

--# tests of truth
SELECT NOT (a AND b), a IS TRUE, a IS NOT FALSE, a IS UNKNOWN, a IS NOT UNKNOWN, a IS DISTINCT FROM b FROM mart.flags

--# an underscore in a pattern
SELECT a FROM mart.names WHERE a LIKE 'x\\_y' ESCAPE '\\'

--# types with time zones
SELECT TIMESTAMP WITH TIME ZONE '2026-01-01 00:00:00+00', TIME WITH TIME ZONE '12:00+00', a::timetz, b::bpchar, c::varchar(max) FROM mart.one

--# grouping by parts of a rollup
SELECT a, SUM(b) FROM mart.numbers GROUP BY a, ROLLUP (b, c)

--# grouping by nothing
SELECT SUM(b) FROM mart.numbers GROUP BY ()

--# distinct rows counted
SELECT COUNT(DISTINCT a), COUNT(DISTINCT (a, b)), COUNT(DISTINCT a || '/' || b) FROM mart.numbers

--# joins in parentheses
SELECT * FROM mart.a LEFT JOIN (mart.b JOIN mart.c ON b.id = c.id) ON a.id = b.id CROSS JOIN mart.d, mart.e

--# a cast of CASE
SELECT CASE WHEN a THEN 1 END::int, (CASE b WHEN 1 THEN 'x' ELSE 'y' END) || 'z' FROM mart.flags

--# set operations within one another
(SELECT a FROM mart.a UNION SELECT a FROM mart.b) EXCEPT (SELECT a FROM mart.c INTERSECT SELECT a FROM mart.d) ORDER BY 1

--# a derived table without a name, and one with names for its columns
SELECT * FROM (SELECT 1) UNION ALL SELECT x FROM (SELECT a, b FROM mart.a) AS t (x, y)
