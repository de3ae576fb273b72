"""The AWS command line, as scripts use it."""

import json
import subprocess
import time

import pytest

import emulator
from child import environment
from moto_server import KEYS, REGION


@pytest.fixture(scope="session")
def aws(bin_folder):
    def run(*arguments, succeeds=True):
        variables = environment(**KEYS, AWS_DEFAULT_REGION=REGION, AWS_PAGER="", AWS_DEFAULT_OUTPUT="json")
        ended = subprocess.run([bin_folder / "aws", *arguments], capture_output=True, text=True, env=variables, timeout=120)
        assert (ended.returncode == 0) == succeeds, ended.stdout + ended.stderr
        return ended.stdout if succeeds else ended.stderr

    return run


def test_a_script_that_unloads(aws, clear):
    def data(*arguments):
        return json.loads(aws("redshift-data", *arguments, "--endpoint-url", clear.data_api))

    options = "DELIMITER '|' ADDQUOTES GZIP ALLOWOVERWRITE PARALLEL OFF"
    statement = emulator.unload("SELECT n FROM numbers WHERE n <= 2 ORDER BY n", "cli/output", options)
    target = ("--workgroup-name", "reports", "--database", "dev")
    accepted = data("execute-statement", *target, "--sql", statement, "--statement-name", "from-a-script")
    until = time.monotonic() + 60
    while (described := data("describe-statement", "--id", accepted["Id"]))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        assert time.monotonic() < until, described
    assert described["Status"] == "FINISHED", described
    assert clear.written("cli/output") == {"cli/output000.gz": b'"1"\n"2"\n'}
    listed = data("list-statements", "--statement-name", "from-a-script", "--status", "ALL")
    assert [found["Id"] for found in listed["Statements"]] == [accepted["Id"]]
    asked = data("execute-statement", *target, "--sql", "SELECT count(*) AS rows FROM numbers", "--wait-time-seconds", "30")
    assert data("get-statement-result", "--id", asked["Id"])["Records"] == [[{"longValue": 5000}]]


def test_a_refusal(aws, clear):
    told = aws("redshift-data", "describe-statement", "--id", "00000000-0000-0000-0000-000000000000", "--endpoint-url", clear.data_api, succeeds=False)
    assert "ResourceNotFoundException" in told
