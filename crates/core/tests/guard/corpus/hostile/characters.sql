--# sql_forbidden_character: a character, 1
SELECT 1⟨U+0000⟩

--# sql_forbidden_character: a character, 2
SELECT '⟨U+0000⟩'

--# sql_forbidden_character: a character, 3
SELECT 1 -- a⟨U+000D⟩DROP TABLE t

--# sql_forbidden_character: a character, 4
SELECT 1⟨U+000D⟩

--# sql_forbidden_character: a character, 5
SELECT⟨U+000B⟩1

--# sql_forbidden_character: a character, 6
SELECT⟨U+000C⟩1

--# sql_forbidden_character: a character, 7
SELECT '⟨U+001B⟩[2J'

--# sql_forbidden_character: a character, 8
SELECT '⟨U+007F⟩'

--# sql_forbidden_character: a character, 9
SELECT '⟨U+0085⟩'

--# sql_forbidden_character: a character, 10
SELECT⟨U+00A0⟩1

--# sql_forbidden_character: a character, 11
SELECT⟨U+3000⟩1

--# sql_forbidden_character: a character, 12
⟨U+FEFF⟩SELECT 1

--# sql_forbidden_character: a character, 13
SELECT a⟨U+200B⟩b FROM t

--# sql_forbidden_character: a character, 14
SELECT "a⟨U+200B⟩b" FROM t

--# sql_forbidden_character: a character, 15
SELECT a ⟨U+202E⟩ FROM t

--# sql_forbidden_character: a character, 16
SELECT a⟨U+2066⟩b FROM t

--# sql_forbidden_character: a character, 17
SELECT a⟨U+E0061⟩ FROM t

--# sql_forbidden_character: a character, 18
SELECT ⟨U+3164⟩ FROM t

--# sql_forbidden_character: a character, 19
SELECT a⟨U+2028⟩FROM t
