--# sql_ambiguous: a backslash, and a quote that is open for one of the two
SELECT 'a\' UNION SELECT pg_read_file($$x$$) --'

--# sql_ambiguous: a backslash, and a comment that is a string for one
SELECT '\' /* ' , pg_sleep(1) /* */

--# sql_ambiguous: three backslashes before a quote
SELECT 'a\\\' || pg_sleep(1) || 'b'

--# sql_ambiguous: a backslash and a doubled quote
SELECT 'a\''; DROP TABLE t; --'

--# sql_syntax: a backslash at the end of the text
SELECT 'a' || '\

--# sql_ambiguous: a comment within a comment hides the statement from one
SELECT 1 /* /* */ ; DROP TABLE t -- */

--# sql_ambiguous: a comment within a comment, three deep
SELECT 1 /* a /* b /* c */ */ , pg_sleep(1) /* */ */

--# sql_ambiguous: a comment's beginning in a comment's end
SELECT 1 /*/*/ , pg_sleep(1) /*/*/

--# sql_not_allowed: a comment's end alone
SELECT 1 */ , 2

--# sql_forbidden_character: a lone CR ends the line comment for one
SELECT 1 -- a⟨U+000D⟩, pg_sleep(1)

--# sql_forbidden_character: CR CR LF
SELECT 1 -- a⟨U+000D⟩⟨U+000D⟩
, 2

--# sql_forbidden_character: NEL ends the line for some
SELECT 1 -- a⟨U+0085⟩, pg_sleep(1)

--# sql_forbidden_character: vertical tab ends the line for some
SELECT 1 -- a⟨U+000B⟩, pg_sleep(1)

--# sql_forbidden_character: a line separator outside of a comment
SELECT 1 ⟨U+2028⟩; DROP TABLE t


--# sql_ambiguous: an escape string
SELECT E'\x70\x67'

--# sql_ambiguous: an escape string after a cast
SELECT 1::text || e'\''

--# sql_ambiguous: a unicode string with its own escape
SELECT U&'d!0061' UESCAPE '!'

--# sql_ambiguous: a unicode name as a table
SELECT * FROM U&"pg\005fcatalog".pg_shadow

--# sql_ambiguous: a unicode name as a function with a schema
SELECT pg_catalog.U&"\0070g_sleep"(1)

--# sql_not_allowed: a dollar string around the statement
$$SELECT 1$$

--# sql_not_allowed: a dollar string with a tag of letters beyond ASCII
SELECT $é$ ; DROP TABLE t $é$

--# sql_not_allowed: a dollar string that touches a name
SELECT a$x$ b $x$

--# sql_ambiguous: two strings on two lines are one
SELECT 'pg_'
'sleep'

--# sql_ambiguous: two strings with a line comment between them
SELECT 'a' -- x
'b'

--# sql_ambiguous: a string behind a name that touches it
SELECT a'b' FROM t

--# sql_syntax: a name in brackets with a quote in it
SELECT [a'b] FROM t

--# sql_syntax: a backtick with a quote in it
SELECT `a'; DROP TABLE t; --`

--# sql_ambiguous: MySQL's line comment
SELECT 1 # , 2

--# sql_ambiguous: a number with an underscore
SELECT 1_000_000

--# sql_ambiguous: an octal number
SELECT 0o17

--# sql_ambiguous: a binary number
SELECT 0b11

--# sql_ambiguous: a number that touches a word
SELECT 1FROM t

--# sql_ambiguous: a number that touches a quoted name
SELECT 1"a"

--# sql_ambiguous: a fraction that touches another
SELECT 1..2

--# sql_ambiguous: an exponent without digits
SELECT 1e FROM t

--# sql_not_allowed: a positional parameter that touches a word
SELECT a FROM t WHERE b=$1OR 1=1

--# sql_not_allowed: a question mark as an operator
SELECT a ?| b FROM t

--# sql_not_allowed: a colon alone
SELECT a : b FROM t

--# sql_not_allowed: an assignment
SELECT a := 1

--# sql_ambiguous: a slice with columns
SELECT a[b:c] FROM t

--# sql_not_allowed: braces
SELECT {'a': 1}

--# sql_not_allowed: a full-width semicolon
SELECT 1 ； DROP TABLE t

--# sql_not_allowed: typographic quotes
SELECT “a” FROM t

--# sql_not_allowed: a single typographic quote
SELECT a FROM t WHERE b = ‘x’

--# sql_not_allowed: full-width parentheses
SELECT pg_sleep（1）

--# sql_not_allowed: a full-width comma and a full-width equals sign
SELECT a，b FROM t WHERE a ＝ 1

--# sql_not_allowed: a dash that is no minus
SELECT a –b FROM t

--# sql_not_allowed: a picture before a positional parameter
SELECT 🎉$1

--# sql_not_allowed: a picture in a name
SELECT 🎉 FROM t

--# sql_not_allowed: a one dot leader between schema and function
SELECT pg_catalog․pg_sleep(1)


--# sql_forbidden_character: an ideographic space
SELECT⟨U+3000⟩*⟨U+3000⟩FROM⟨U+3000⟩t

--# sql_forbidden_character: a narrow no-break space
SELECT⟨U+202F⟩1

--# sql_forbidden_character: an Ogham space
SELECT⟨U+1680⟩1

--# sql_forbidden_character: a zero-width joiner in a word
DE⟨U+200D⟩LETE FROM t

--# sql_forbidden_character: a word joiner in a function's name
SELECT pg_⟨U+2060⟩sleep(1)

--# sql_forbidden_character: a soft hyphen in a table's name
SELECT * FROM pg_⟨U+00AD⟩shadow

--# sql_forbidden_character: text that is turned round
SELECT 1 ⟨U+202E⟩-- elbat pord⟨U+202C⟩

--# sql_forbidden_character: a byte order mark in the middle
SELECT 1,⟨U+FEFF⟩2

--# sql_forbidden_character: NUL in the middle of a string
SELECT 'a⟨U+0000⟩b'

--# sql_forbidden_character: NUL in a comment
SELECT 1 -- ⟨U+0000⟩ DROP TABLE t

--# sql_forbidden_character: backspaces that hide a word
SELECT 1 -- x⟨U+0008⟩⟨U+0008⟩⟨U+0008⟩

--# sql_forbidden_character: an escape sequence of a terminal in a name
SELECT "a⟨U+001B⟩[8m" FROM t

--# sql_forbidden_character: a Hangul filler as a name
SELECT ⟨U+FFA0⟩ FROM t

--# sql_function_not_allowed: a Kelvin sign for a K
SELECT pg_loc⟨U+212A⟩(1)

--# sql_function_not_allowed: a long s
SELECT pg_⟨U+017F⟩leep(1)

--# sql_function_not_allowed: a dotless i
SELECT m⟨U+0131⟩n(1)

--# sql_function_not_allowed: a dotted capital I
SELECT M⟨U+0130⟩N(1)

--# sql_function_not_allowed: Cyrillic letters
SELECT ⟨U+0440⟩g_sleep(1)

--# sql_function_not_allowed: letters with a combining mark
SELECT lower⟨U+0301⟩('a')

--# sql_function_not_allowed: mathematical letters
SELECT ⟨U+1D429⟩⟨U+1D420⟩_sleep(1)

--# sql_syntax: a first word of full-width letters
ＤＥＬＥＴＥ FROM t

--# sql_syntax: a first word with a Cyrillic letter
D⟨U+0415⟩LETE FROM t

--# sql_not_allowed: touching operators are one: != and -
SELECT a FROM t WHERE a!=-1

--# sql_not_allowed: touching operators are one: || and -
SELECT a||-1 FROM t

--# sql_not_allowed: touching operators are one: % and -
SELECT 5%-3

--# sql_not_allowed: touching operators are one: & and ~
SELECT a &~ b FROM t

--# sql_not_allowed: touching operators are one: = and ~
SELECT a =~ b FROM t

--# sql_not_allowed: touching operators are one: * and ~
SELECT a*~b FROM t

--# sql_not_allowed: touching operators are one: | and +
SELECT a |+ b FROM t

--# sql_not_allowed: touching operators are one, before a comment
SELECT a ||-/* x */1 FROM t

--# sql_not_allowed: touching operators are one: two signs of not
SELECT a !~- b FROM t

--# sql_not_allowed: a range operator
SELECT a -|- b FROM t

--# sql_not_allowed: a square root
SELECT |/ 4

--# sql_not_allowed: a cube root
SELECT ||/ 8

--# sql_syntax: a factorial
SELECT 5 !

--# sql_not_allowed: a factorial in front
SELECT !! 5

--# sql_not_allowed: an absolute value
SELECT @ -5

--# sql_not_allowed: a pattern operator of an extension
SELECT a %> b FROM t

--# sql_not_allowed: a comparison of patterns
SELECT a ~<~ b FROM t

--# sql_not_allowed: a geometric operator
SELECT a |>> b FROM t

--# sql_not_allowed: a comparison of records
SELECT a *<> b FROM t
