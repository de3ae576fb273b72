"""Redshift's own JDBC driver, driven by `Jdbc.java`."""

import os
import pathlib
import subprocess

import table
from child import environment

PROGRAM = pathlib.Path(__file__).with_name("Jdbc.java")


def checks(redshift, folder, *more):
    """Runs its checks; what it says of each."""
    url = f"jdbc:redshift://localhost:{redshift.port}/dev"
    if redshift.authority:
        url += f"?ssl=true&sslmode=verify-full&sslrootcert={redshift.authority.root}"
    else:
        url += "?ssl=false"
    variables = environment(COUNTERPART_PASSWORD=redshift.password or "any")
    # Far from the server's zone: a day stays a day.
    options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-Duser.timezone=Asia/Seoul"]
    arguments = ["java", *options, "-cp", os.environ["REDSHIFT_JDBC"], PROGRAM, url, folder, *more]
    ended = subprocess.run(arguments, capture_output=True, text=True, env=variables, timeout=300)
    lines = [line for line in ended.stdout.splitlines() if line.startswith(("ok ", "FAILED "))]
    assert ended.returncode == 0 and lines, ended.stdout[-2000:] + ended.stderr[-2000:]
    return lines


def test_what_a_service_does(redshift, awkward, tmp_path):
    lines = checks(redshift, tmp_path)
    assert "\n".join(line for line in lines if line.startswith("FAILED")) == ""
    assert len(lines) == 17
    found = [None if line == "null" else bytes.fromhex(line[1:]).decode() for line in (tmp_path / "values").read_text().splitlines()]
    wanted = [value for row in awkward for value in row]
    kinds = [kind for kind, _ in table.COLUMNS.values()] * len(awkward)
    assert len(found) == len(wanted)
    for got, want, kind in zip(found, wanted, kinds):
        assert table.settled(got, kind) == table.settled(want, kind), kind
    assert redshift.written("jdbc/output") == {"jdbc/output000.gz": b'"1","1"\n"2","4"\n"3","9"\n'}


def test_cancels(slow, tmp_path):
    assert checks(slow, tmp_path, "slow") == ["ok a cancel from another thread", "ok a time-out of a query"]
