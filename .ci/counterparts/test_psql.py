"""psql, as people look at Redshift from a terminal: its commands, scripts, UNLOAD, errors, and an interrupt."""

import csv
import io
import signal
import subprocess
import time

import table
from child import environment
from emulator import unload


def arguments(redshift, *more):
    """psql without the user's own settings, and values without frames and titles."""
    return ["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--set=VERBOSITY=verbose", *more, redshift.conninfo()]


def psql(redshift, *more, stdin="", status=0):
    """What it writes on standard output and, apart from that, what it complains of."""
    ended = subprocess.run(arguments(redshift, *more), input=stdin.encode(), capture_output=True, env=environment(), timeout=60)
    said, complaint = ended.stdout.decode(), ended.stderr.decode()
    assert ended.returncode == status, said + complaint
    return said, complaint


def rows(redshift, sql):
    return psql(redshift, "--command", sql)[0].splitlines()


def test_connects_and_tells_whom_it_talks_to(redshift):
    said, _ = psql(redshift, "--command", "\\conninfo", "--command", "SELECT version()")
    assert 'database "dev" as user "awsuser"' in said
    assert ("TLSv1.3" in said) == bool(redshift.authority)
    assert "Redshift 1.0." in said


def test_a_wrong_password_is_told(encrypted):
    wrong = encrypted.conninfo().replace(encrypted.password, "wrong")
    ended = subprocess.run(["psql", wrong, "--command", "SELECT 1"], capture_output=True, text=True, env=environment(), timeout=60)
    assert ended.returncode == 2
    assert 'password authentication failed for user "awsuser"' in ended.stderr


def test_a_certificate_of_somebody_else_is_refused(encrypted, tmp_path):
    nobody = encrypted.conninfo().replace("localhost", "127.0.0.2")
    ended = subprocess.run(["psql", nobody, "--command", "SELECT 1"], capture_output=True, text=True, env=environment(), timeout=60)
    assert ended.returncode == 2, ended.stdout


def test_the_catalogue(redshift):
    assert rows(redshift, "\\dt") == ["public|awkward|table|awsuser", "public|numbers|table|awsuser"]
    assert rows(redshift, "\\d") == ["public|awkward|table|awsuser", "public|numbers|table|awsuser"]
    assert rows(redshift, "\\dt num*") == ["public|numbers|table|awsuser"]
    assert any(row.startswith("public|") for row in rows(redshift, "\\dn"))
    definition = "SELECT \"column\", type FROM pg_table_def WHERE tablename = 'numbers' ORDER BY 1"
    assert rows(redshift, definition) == ["n|integer", "square|bigint"]


def test_values_of_every_type(redshift, awkward):
    said, _ = psql(redshift, "--csv", "--pset=null=~", "--command", "SELECT * FROM awkward ORDER BY id")
    found = list(csv.reader(io.StringIO(said, newline="")))
    assert len(found) == len(awkward)
    kinds = [kind for kind, _ in table.COLUMNS.values()]
    for got, wanted in zip(found, awkward):
        values = [None if text == "~" else table.settled(text, kind) for text, kind in zip(got, kinds)]
        assert values == [table.settled(value, kind) for value, kind in zip(wanted, kinds)]


def test_a_script_and_its_variables(redshift):
    script = """
        \\set ON_ERROR_STOP on
        \\set least 4998
        BEGIN;
        SELECT count(*) FROM numbers WHERE n > :least;
        SELECT n FROM numbers WHERE n > :least ORDER BY n;
        COMMIT;
        \\echo done
    """
    said, _ = psql(redshift, "--quiet", stdin=script)
    assert said.split() == ["2", "4999", "5000", "done"]


def test_one_command_with_several_statements(redshift):
    assert rows(redshift, "SET query_group TO 'night'; SHOW query_group; SELECT 1") == ["SET", "night", "1"]


def test_errors_have_their_state(redshift):
    # psql of today asks for columns that Redshift's catalogue does not have.
    assert "42703" in psql(redshift, "--command", "\\d numbers", status=1)[1]
    for sql, state, words in [
        ("SELECT * FROM nowhere", "42P01", 'relation "nowhere" does not exist'),
        ("SELECT nothing FROM numbers", "42703", 'column "nothing" does not exist'),
        ("SELEC 1", "42601", "syntax error"),
        ("CREATE TABLE t (a int)", "0A000", "does not run CREATE"),
        ("SELECT 1 / 0", "22012", "ivi"),
    ]:
        _, complaint = psql(redshift, "--command", sql, status=1)
        assert f"{state}: " in complaint and words in complaint, complaint


def test_an_error_points_at_its_place(redshift):
    _, complaint = psql(redshift, "--command", "SELECT n FROM numbers\nWHERE nothing = 1", status=1)
    assert "LINE 2: WHERE nothing = 1" in complaint, complaint


def test_a_failed_transaction_waits_for_its_end(redshift):
    script = "BEGIN;\nSELECT * FROM nowhere;\nSELECT 1;\nROLLBACK;\nSELECT 2;\n"
    said, complaint = psql(redshift, "--quiet", stdin=script)
    assert "25P02" in complaint
    assert said.split() == ["2"]


def test_the_unload_that_people_write(redshift):
    options = "DELIMITER '|' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF"
    statement = unload("SELECT n, square FROM numbers WHERE n <= 3 ORDER BY n", "psql/output", options)
    for _ in range(2):
        said, complaint = psql(redshift, "--command", statement)
        assert said == "UNLOAD\n"
        assert "UNLOAD completed, 3 record(s) unloaded successfully." in complaint
    assert redshift.written("psql/output") == {"psql/output000.gz": b'"1"|"1"\n"2"|"4"\n"3"|"9"\n'}


def test_what_was_unloaded_is_told(redshift):
    statement = unload("SELECT n FROM numbers", "told/output", "FORMAT CSV PARALLEL OFF MANIFEST")
    script = f"""{statement};
        SELECT pg_last_unload_count();
        SELECT trim(path), line_count FROM stl_unload_log WHERE query = pg_last_query_id() ORDER BY path;
        SELECT trim(file_name), line_count, lower(trim(file_format)) FROM sys_unload_detail WHERE query_id = pg_last_query_id();
        SELECT trim(status), unloaded_rows, unloaded_files_count FROM sys_unload_history WHERE query_id = pg_last_query_id();
    """
    said, _ = psql(redshift, "--quiet", stdin=script)
    assert said.splitlines() == [
        "5000",
        "s3://lake/told/output000|5000",
        "s3://lake/told/output000|5000|csv",
        "completed|5000|1",
    ]


def test_an_interrupt_cancels_the_query(slow):
    """The connection for the request to cancel is the library's own."""
    query = arguments(slow, "--command", "SELECT count(*) FROM numbers WHERE n > 7")
    client = subprocess.Popen(query, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    until = time.monotonic() + 60
    running = "SELECT count(*) FROM stv_inflight WHERE trim(text) = 'SELECT count(*) FROM numbers WHERE n > 7'"
    while rows(slow, running) != ["1"]:
        assert time.monotonic() < until and client.poll() is None, "the query does not run"
    client.send_signal(signal.SIGINT)
    said, complaint = client.communicate(timeout=60)
    assert "57014" in complaint, said + complaint
