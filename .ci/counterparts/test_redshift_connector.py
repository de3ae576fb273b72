"""redshift_connector, Amazon's own driver for Python: types, parameters, data frames, metadata, transactions, UNLOAD, errors."""

import datetime
import decimal

import pytest
import redshift_connector

import table
from emulator import unload


def connect(redshift, monkeypatch, **more):
    settings = {"host": "localhost", "port": redshift.port, "database": "dev", "user": "awsuser", "password": redshift.password or "any", "ssl": False}
    if redshift.authority:
        # It trusts its own list of Amazon's authorities and those of the machine.
        monkeypatch.setenv("SSL_CERT_FILE", str(redshift.authority.root))
        settings |= {"ssl": True, "sslmode": "verify-full"}
    return redshift_connector.connect(**settings | more)


@pytest.fixture
def connection(redshift, monkeypatch):
    connection = connect(redshift, monkeypatch)
    yield connection
    connection.close()


@pytest.fixture
def cursor(connection):
    with connection.cursor() as cursor:
        yield cursor


def test_values_of_every_type(cursor, awkward):
    """But VARBYTE, which the driver takes for text in the older of Redshift's protocols."""
    names = [name for name in table.COLUMNS if name != "bytes"]
    cursor.execute(f"SELECT {', '.join(names)} FROM awkward ORDER BY id")
    assert [column[0] for column in cursor.description] == names
    found = cursor.fetchall()
    assert len(found) == len(awkward)
    for got, wanted in zip(found, awkward):
        wanted = dict(zip(table.COLUMNS, wanted))
        for name, value in zip(names, got):
            kind = table.COLUMNS[name][0]
            assert table.settled(value, kind) == table.settled(wanted[name], kind), name


def test_types_of_python(cursor):
    cursor.execute(
        "SELECT CAST(1 AS SMALLINT), 2, CAST(3 AS BIGINT), CAST(0.5 AS REAL), CAST(1.5 AS DOUBLE PRECISION), CAST(9.99 AS NUMERIC(10,2)), TRUE, 'text',"
        " CAST('2026-03-29' AS DATE), CAST('2026-03-29 01:30:00.25' AS TIMESTAMP), CAST(NULL AS INTEGER)"
    )
    assert list(cursor.fetchone()) == [
        1, 2, 3, 0.5, 1.5, decimal.Decimal("9.99"), True, "text", datetime.date(2026, 3, 29), datetime.datetime(2026, 3, 29, 1, 30, 0, 250_000), None,
    ]  # fmt: skip
    assert cursor.fetchone() is None


def test_parameters(cursor):
    cursor.execute("SELECT square FROM numbers WHERE n = %s", (12,))
    assert cursor.fetchall() == ([144],)
    cursor.execute("SELECT count(*) FROM awkward WHERE word = %s OR day = %s OR price = %s", ("한국어", datetime.date(1, 1, 1), decimal.Decimal("1.5")))
    assert cursor.fetchone()[0] > 0
    cursor.paramstyle = "named"
    cursor.execute("SELECT n FROM numbers WHERE n < :most ORDER BY n", {"most": 3})
    assert cursor.fetchall() == ([1], [2])


def test_rows_in_pieces(cursor):
    cursor.execute("SELECT n FROM numbers ORDER BY n")
    assert cursor.fetchone() == [1]
    assert cursor.fetchmany(2) == ([2], [3])
    assert [row[0] for row in cursor] == list(range(4, 5001))


def test_a_data_frame(cursor):
    cursor.execute("SELECT n, square FROM numbers WHERE n <= 100 ORDER BY n")
    frame = cursor.fetch_dataframe()
    assert list(frame.columns) == ["n", "square"]
    assert (frame["square"] == frame["n"].astype("int64") ** 2).all() and len(frame) == 100
    cursor.execute("SELECT n FROM numbers WHERE n <= 3 ORDER BY n")
    assert cursor.fetch_numpy_array().tolist() == [[1], [2], [3]]


def test_a_data_frame_is_not_written(cursor):
    """The emulator changes no tables, and says so."""
    cursor.execute("SELECT n, square FROM numbers WHERE n <= 2 ORDER BY n")
    with pytest.raises(redshift_connector.InterfaceError) as told:
        cursor.write_dataframe(cursor.fetch_dataframe(), "numbers")
    assert "does not run INSERT" in str(told.value.__context__)


def test_metadata(cursor):
    def names(rows, *columns):
        places = [[described[0].lower() for described in cursor.description].index(column) for column in columns]
        return [tuple(row[place] for place in places) for row in rows]

    tables = cursor.get_tables(catalog="dev", schema_pattern="public", table_name_pattern="%", types=["TABLE"])
    assert names(tables, "table_schem", "table_name") == [("public", "awkward"), ("public", "numbers")]
    columns = cursor.get_columns(catalog="dev", schema_pattern="public", tablename_pattern="numbers")
    assert names(columns, "column_name", "type_name") == [("n", "int4"), ("square", "int8")]
    assert "public" in [row[0] for row in cursor.get_schemas()]
    assert [row[0] for row in cursor.get_catalogs()] == ["dev"]
    assert len(cursor.get_primary_keys(catalog="dev", schema="public", table="numbers")) == 0


def test_transactions(redshift, monkeypatch):
    with connect(redshift, monkeypatch) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        connection.commit()
        with pytest.raises(redshift_connector.ProgrammingError) as told:
            cursor.execute("SELECT * FROM nowhere")
        assert told.value.args[0]["C"] == "42P01"
        with pytest.raises(redshift_connector.ProgrammingError) as told:
            cursor.execute("SELECT 1")
        assert told.value.args[0]["C"] == "25P02"
        connection.rollback()
        connection.autocommit = True
        cursor.execute("SELECT 2")
        assert cursor.fetchone() == [2]


def test_errors(redshift, monkeypatch):
    connection = connect(redshift, monkeypatch)
    connection.autocommit = True
    cursor = connection.cursor()
    for statement, state in [
        ("SELECT nothing FROM numbers", "42703"),
        ("SELEC 1", "42601"),
        ("CREATE TABLE t (a int)", "0A000"),
        ("SELECT 1 / 0", "22012"),
        ("UNLOAD ('SELECT 1') TO 's3://nowhere/a' IAM_ROLE default", "XX000"),
    ]:
        with pytest.raises(redshift_connector.ProgrammingError) as told:
            cursor.execute(statement)
        assert told.value.args[0]["C"] == state, statement
    connection.close()


def test_a_wrong_password(encrypted, monkeypatch):
    with pytest.raises(redshift_connector.ProgrammingError) as told:
        connect(encrypted, monkeypatch, password="wrong")
    assert told.value.args[0]["C"] == "28P01"


def test_a_certificate_that_nobody_trusts(encrypted, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    settings = {"host": "localhost", "port": encrypted.port, "database": "dev", "user": "awsuser", "password": encrypted.password}
    with pytest.raises(redshift_connector.InterfaceError):
        redshift_connector.connect(ssl=True, sslmode="verify-full", **settings)


def test_the_unload_that_people_write(redshift, connection, cursor):
    options = "DELIMITER '|' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF"
    cursor.execute(unload("SELECT n, square FROM numbers WHERE n <= 2 ORDER BY n", "connector/output", options))
    assert redshift.written("connector/output") == {"connector/output000.gz": b'"1"|"1"\n"2"|"4"\n'}
    cursor.execute("SELECT pg_last_unload_count()")
    assert cursor.fetchone() == [2]
    cursor.execute("SELECT trim(file_name), line_count FROM sys_unload_detail WHERE query_id = pg_last_query_id()")
    assert cursor.fetchall() == (["s3://lake/connector/output000.gz", 2],)
    connection.commit()
