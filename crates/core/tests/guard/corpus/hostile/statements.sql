--# sql_not_single: a second statement, 1
SELECT 1; DROP TABLE t

--# sql_not_single: a second statement, 2
SELECT 1;SELECT 2

--# sql_not_single: a second statement, 3
SELECT 1;; SELECT 2

--# sql_not_single: a second statement, 4
SELECT 1; /* ; */ COMMIT

--# sql_not_single: a second statement, 5
SELECT ';'; DROP TABLE t -- ;

--# sql_not_single: a second statement, 6
; SELECT 1

--# sql_not_single: a second statement, 7
SELECT 1; BEGIN READ WRITE

--# sql_not_single: a second statement, 8
SELECT ";" FROM t; DELETE FROM t

--# sql_not_read_only: another kind of statement, 1
DROP TABLE t

--# sql_not_read_only: another kind of statement, 2
COMMIT; DROP SCHEMA public CASCADE

--# sql_not_read_only: another kind of statement, 3
/*;*/COMMIT

--# sql_not_read_only: another kind of statement, 4
-- SELECT
DELETE FROM t

--# sql_not_read_only: another kind of statement, 5
/* SELECT 1 */ DELETE FROM t

--# sql_not_read_only: another kind of statement, 6
dElEtE FROM t

--# sql_not_read_only: another kind of statement, 7
INSERT INTO t SELECT * FROM u

--# sql_not_read_only: another kind of statement, 8
UPDATE t SET a = 1

--# sql_not_read_only: another kind of statement, 9
MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE

--# sql_not_read_only: another kind of statement, 10
TRUNCATE t

--# sql_not_read_only: another kind of statement, 11
CREATE TABLE x AS SELECT 1

--# sql_not_read_only: another kind of statement, 12
ALTER TABLE t ADD COLUMN a int

--# sql_not_read_only: another kind of statement, 13
GRANT ALL ON t TO PUBLIC

--# sql_not_read_only: another kind of statement, 14
REVOKE ALL ON t FROM PUBLIC

--# sql_not_read_only: another kind of statement, 15
EXPLAIN ANALYZE DELETE FROM t

--# sql_not_read_only: another kind of statement, 16
EXPLAIN SELECT 1

--# sql_not_read_only: another kind of statement, 17
PREPARE p AS DELETE FROM t

--# sql_not_read_only: another kind of statement, 18
EXECUTE p

--# sql_not_read_only: another kind of statement, 19
DEALLOCATE ALL

--# sql_not_read_only: another kind of statement, 20
DECLARE c CURSOR FOR SELECT 1

--# sql_not_read_only: another kind of statement, 21
CALL f()

--# sql_not_read_only: another kind of statement, 22
COPY t FROM 's3://bucket/x' IAM_ROLE default

--# sql_not_read_only: another kind of statement, 23
COPY (SELECT 1) TO PROGRAM 'sh'

--# sql_not_read_only: another kind of statement, 24
UNLOAD ('SELECT 1') TO 's3://elsewhere/x' IAM_ROLE default

--# sql_not_read_only: another kind of statement, 25
SET search_path TO evil

--# sql_not_read_only: another kind of statement, 26
SET transaction_read_only = off

--# sql_not_read_only: another kind of statement, 27
RESET ALL

--# sql_not_read_only: another kind of statement, 28
SHOW ALL

--# sql_not_read_only: another kind of statement, 29
LOCK TABLE t

--# sql_not_read_only: another kind of statement, 30
ANALYZE t

--# sql_not_read_only: another kind of statement, 31
VACUUM

--# sql_not_read_only: another kind of statement, 32
DO $$ BEGIN END $$

--# sql_not_read_only: another kind of statement, 33
BEGIN

--# sql_not_read_only: another kind of statement, 34
START TRANSACTION READ WRITE

--# sql_not_read_only: another kind of statement, 35
REFRESH MATERIALIZED VIEW v

--# sql_not_read_only: another kind of statement, 36
ATTACH DATABASE 'x' AS y

--# sql_not_read_only: another kind of statement, 37
LISTEN x

--# sql_not_read_only: another kind of statement, 38
NOTIFY x

--# sql_not_read_only: another kind of statement, 39
CANCEL 1234

--# sql_not_read_only: another kind of statement, 40
COMMENT ON TABLE t IS 'x'

--# sql_syntax: another kind of statement, 41
TABLE t WHERE a = 1

--# sql_syntax: another kind of statement, 42
SELCT 1

--# sql_syntax: another kind of statement, 43
frobnicate t

--# sql_syntax: another kind of statement, 44


--# sql_syntax: another kind of statement, 45
⟨U+0020⟩⟨U+000A⟩⟨U+0009⟩⟨U+0020⟩

--# sql_syntax: another kind of statement, 46
-- only a comment

--# sql_syntax: another kind of statement, 47
;
