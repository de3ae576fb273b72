"""psycopg 3, as Python programs use it: types, parameters, prepared statements, pipelines, cursors on the server, UNLOAD, errors, cancels."""

import datetime
import decimal
import threading

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

import table
from emulator import unload


@pytest.fixture
def connection(redshift):
    with psycopg.connect(redshift.conninfo(), autocommit=True) as connection:
        yield connection


def test_the_server_tells_of_itself(connection, redshift):
    info = connection.info
    assert (info.dbname, info.user, info.server_version) == ("dev", "awsuser", 80002)
    assert info.parameter_status("server_encoding") == "UTF8"
    assert info.parameter_status("integer_datetimes") == "on"
    assert info.encoding == "utf-8"
    assert info.pgconn.ssl_in_use == bool(redshift.authority)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_values_of_every_type(connection, awkward, binary):
    kinds = [kind for kind, _ in table.COLUMNS.values()]
    names = list(table.COLUMNS)
    # In the binary form it has no word for what only Redshift has, nor a Python date before the year 1.
    found = connection.execute("SELECT * FROM awkward ORDER BY id", binary=binary).fetchall()
    assert len(found) == len(awkward)
    for got, wanted in zip(found, awkward):
        for name, value, want, kind in zip(names, got, wanted, kinds):
            if binary and name == "bytes" and value is not None:
                value = value.hex()
            assert table.settled(value, kind) == table.settled(want, kind), name


def test_types_of_python(connection):
    row = connection.execute(
        "SELECT CAST(1 AS SMALLINT), 2, CAST(3 AS BIGINT), CAST(0.5 AS REAL), CAST(1.5 AS DOUBLE PRECISION), CAST(9.99 AS NUMERIC(10,2)), TRUE, 'text',"
        " CAST('2026-03-29' AS DATE), CAST('2026-03-29 01:30:00.25' AS TIMESTAMP), CAST(NULL AS INTEGER)"
    ).fetchone()
    assert row == (
        1, 2, 3, 0.5, 1.5, decimal.Decimal("9.99"), True, "text", datetime.date(2026, 3, 29), datetime.datetime(2026, 3, 29, 1, 30, 0, 250_000), None,
    )


def test_columns_are_described(connection):
    cursor = connection.execute("SELECT n AS number, word, price FROM numbers JOIN awkward ON n = id LIMIT 0")
    assert [(column.name, column.type_code) for column in cursor.description] == [("number", 23), ("word", 1043), ("price", 1700)]
    assert (cursor.description[2].precision, cursor.description[2].scale) == (18, 4)


@pytest.mark.parametrize(
    ("column", "value", "rows"),
    [("id", 3, 1), ("word", "a'b\\", 0), ("flag", True, None), ("price", decimal.Decimal("1.5"), None), ("ratio", 0.1, None),
     ("day", datetime.date(2024, 2, 29), None), ("moment", datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), None), ("word", "한국어", None)],
)  # fmt: skip
def test_parameters_of_every_type(connection, awkward, column, value, rows):
    place = list(table.COLUMNS).index(column)
    wanted = sum(row[place] == value and row[place] is not None for row in awkward) if rows is None else rows
    assert rows is not None or wanted > 0
    query = sql.SQL("SELECT count(*) FROM awkward WHERE {} = %s").format(sql.Identifier(column))
    for prepare in (False, True):
        assert connection.execute(query, [value], prepare=prepare).fetchone() == (wanted,)


def test_a_statement_is_prepared_after_some_runs(connection):
    for number in range(1, 12):
        assert connection.execute("SELECT square FROM numbers WHERE n = %s", [number]).fetchone() == (number * number,)


def test_rows_as_dictionaries(connection):
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT n, square FROM numbers WHERE n <= %(most)s ORDER BY n", {"most": 2}).fetchall()
    assert rows == [{"n": 1, "square": 1}, {"n": 2, "square": 4}]


def test_a_pipeline(connection):
    with connection.pipeline():
        cursors = [connection.execute("SELECT square FROM numbers WHERE n = %s", [number]) for number in (3, 4, 5)]
    assert [cursor.fetchone() for cursor in cursors] == [(9,), (16,), (25,)]
    with pytest.raises(psycopg.errors.UndefinedTable), connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute("SELECT * FROM nowhere")
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_cursor_on_the_server(connection):
    with connection.transaction(), connection.cursor(name="walk") as cursor:
        cursor.itersize = 700
        cursor.execute("SELECT n FROM numbers WHERE n > %s ORDER BY n", [1000])
        assert [column.name for column in cursor.description] == ["n"]
        assert cursor.fetchone() == (1001,)
        assert cursor.fetchmany(2) == [(1002,), (1003,)]
        assert [row[0] for row in cursor] == list(range(1004, 5001))
    with connection.transaction():
        connection.execute("DECLARE c CURSOR FOR SELECT n FROM numbers ORDER BY n")
        assert connection.execute("FETCH NEXT FROM c").fetchall() == [(1,)]
        assert connection.execute("FETCH FORWARD 2 FROM c").fetchall() == [(2,), (3,)]
        assert len(connection.execute("FETCH ALL FROM c").fetchall()) == 4_997
        connection.execute("CLOSE c")
    with pytest.raises(psycopg.errors.InvalidCursorName), connection.transaction():
        connection.execute("FETCH ALL FROM c")
    with pytest.raises(psycopg.errors.NoActiveSqlTransaction):
        connection.execute("DECLARE c CURSOR FOR SELECT 1")


def test_transactions(redshift):
    with psycopg.connect(redshift.conninfo()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        connection.commit()
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("SELECT nothing FROM numbers")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.rollback()
        assert connection.execute("SELECT 2").fetchone() == (2,)


def test_errors(connection):
    for statement, state in [
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nothing FROM numbers", "42703"),
        ("SELEC 1", "42601"),
        ("INSERT INTO numbers VALUES (1, 1)", "0A000"),
        ("SELECT 1 / 0", "22012"),
        ("SHOW nothing", "42704"),
    ]:
        with pytest.raises(psycopg.Error) as told:
            connection.execute(statement)
        assert told.value.sqlstate == state, statement
    with pytest.raises(psycopg.errors.UndefinedColumn) as told:
        connection.execute("SELECT n FROM numbers WHERE nothing = 1")
    assert told.value.diag.statement_position == "29"


def test_a_wrong_password(encrypted):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(encrypted.conninfo().replace(encrypted.password, "wrong"))


def test_the_unload_that_people_write(connection, redshift):
    told = []
    connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
    options = "DELIMITER '|' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF"
    connection.execute(unload("SELECT n, 'it''s' AS word FROM numbers WHERE n <= 2 ORDER BY n", "psycopg/output", options))
    assert told == ["UNLOAD completed, 2 record(s) unloaded successfully."]
    assert redshift.written("psycopg/output") == {"psycopg/output000.gz": b'"1"|"it\'s"\n"2"|"it\'s"\n'}
    assert connection.execute("SELECT pg_last_unload_count()").fetchone() == (2,)
    log = "SELECT trim(path), line_count FROM stl_unload_log WHERE query = pg_last_query_id()"
    assert connection.execute(log).fetchall() == [("s3://lake/psycopg/output000.gz", 2)]


def test_what_lies_there_already_is_not_written_over(connection):
    statement = unload("SELECT 1", "again/output", "FORMAT CSV PARALLEL OFF")
    connection.execute(statement)
    with pytest.raises(psycopg.Error, match="ALLOWOVERWRITE"):
        connection.execute(statement)


def test_a_bucket_that_is_missing(connection):
    with pytest.raises(psycopg.Error, match="NoSuchBucket"):
        connection.execute("UNLOAD ('SELECT 1') TO 's3://nowhere/a' IAM_ROLE default")


def test_a_cancel(slow):
    """From another thread, and from another connection by its process."""
    query = "SELECT count(*) FROM numbers WHERE n > 11"

    def ended(connection, errors):
        try:
            connection.execute(query)
        except psycopg.Error as error:
            errors.append(error.sqlstate)

    with psycopg.connect(slow.conninfo(), autocommit=True) as other:
        for cancel in (
            lambda connection: connection.cancel_safe(),
            lambda connection: other.execute("SELECT pg_cancel_backend(%s)", [connection.info.backend_pid]),
            lambda connection: other.execute(f"CANCEL {connection.info.backend_pid}"),
        ):
            errors = []
            with psycopg.connect(slow.conninfo(), autocommit=True) as connection:
                thread = threading.Thread(target=ended, args=(connection, errors))
                thread.start()
                running = "SELECT count(*) FROM stv_inflight WHERE trim(text) = %s AND pid = %s"
                while thread.is_alive() and other.execute(running, [query, connection.info.backend_pid]).fetchone() == (0,):
                    pass
                cancel(connection)
                thread.join(60)
                assert errors == ["57014"]
