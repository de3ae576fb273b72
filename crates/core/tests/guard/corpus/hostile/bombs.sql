--# sql_too_complex: 51 parentheses
SELECT ⟨51×(⟩1⟨51×)⟩

--# sql_too_complex: 3,000 parentheses
SELECT ⟨3000×(⟩1⟨3000×)⟩

--# sql_too_complex: parentheses that never close
SELECT ⟨3000×(⟩

--# sql_too_complex: 60 derived tables
SELECT 1 FROM ⟨60×(SELECT * FROM ⟩t⟨60×) x⟩

--# sql_too_complex: 51 CASE
SELECT ⟨51×CASE WHEN a THEN ⟩1⟨51× END⟩ FROM t

--# sql_too_complex: 5,000 signs
SELECT 1⟨5000×+1⟩

--# sql_too_complex: 5,000 OR
SELECT 1 FROM t WHERE a=1⟨5000× OR a=1⟩

--# sql_too_complex: 2,000 NOT
SELECT ⟨2000×NOT ⟩a FROM t

--# sql_too_complex: 2,000 branches
SELECT 1⟨2000× UNION ALL SELECT 1⟩

--# sql_too_complex: 2,000 casts
SELECT 1⟨2000×::int⟩

--# sql_too_complex: 11,000 columns
SELECT a⟨11000×,a⟩ FROM t

--# sql_syntax: 48 casts with an error in the middle
SELECT ⟨48×CAST(⟩1⟨48× IS int)⟩

--# sql_too_complex: 11 subqueries within one another
SELECT ⟨11×(SELECT ⟩1⟨11×)⟩

--# sql_too_complex: 11 EXISTS within one another
SELECT 1 WHERE ⟨11×EXISTS (SELECT 1 WHERE ⟩true⟨11×)⟩

--# sql_too_complex: 11 lateral subqueries within one another
SELECT 1 FROM ⟨11×t, LATERAL (SELECT * FROM ⟩t⟨11×) x⟩

--# sql_too_complex: queries of WITH that double ten times
WITH a AS (SELECT 1), b AS (SELECT 1 FROM a, a x), c AS (SELECT 1 FROM b, b x), d AS (SELECT 1 FROM c, c x),
e AS (SELECT 1 FROM d, d x), f AS (SELECT 1 FROM e, e x), g AS (SELECT 1 FROM f, f x), h AS (SELECT 1 FROM g, g x),
i AS (SELECT 1 FROM h, h x), j AS (SELECT 1 FROM i, i x) SELECT 1 FROM j, j x

--# sql_too_large: 70,000 bytes of text
SELECT '⟨70000×a⟩'

--# sql_too_large: 70,000 bytes of comment
SELECT 1 /*⟨70000×a⟩*/

--# sql_too_large: 70,000 semicolons
SELECT 1⟨70000×;⟩

--# sql_not_allowed: a text of a billion characters
SELECT repeat('x', 1000000000)

--# sql_not_allowed: a text whose length is computed
SELECT repeat('x', 1000000 * 1000)

--# sql_not_allowed: a text whose length is in the data
SELECT lpad(a, b) FROM t

--# sql_not_allowed: texts that multiply
SELECT repeat(repeat(repeat('x', 1000), 1000), 1000)

--# sql_not_allowed: texts that multiply by replacing
SELECT replace(repeat('a', 10000), 'a', repeat('b', 10000))

--# sql_not_allowed: texts that multiply through a subquery
SELECT repeat((SELECT repeat('x', 60000)), 60000)

--# sql_not_allowed: texts that multiply through CASE
SELECT repeat(CASE WHEN true THEN repeat('x', 60000) END, 60000)

--# sql_function_not_allowed: a billion rows out of nothing
SELECT * FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b

--# sql_function_not_allowed: a billion elements
SELECT array_fill(1, ARRAY[1000000000])

--# sql_function_not_allowed: a sequence
SELECT sequence(1, 1000000000)

--# sql_function_not_allowed: a text that is split into rows
SELECT regexp_split_to_table(a, '') FROM t

--# sql_function_not_allowed: a text that is split into an array of any length
SELECT string_to_array(a, '') FROM t
