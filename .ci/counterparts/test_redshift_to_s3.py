"""The emulator between the service and moto's S3 server: `redshift-data://` unloads into a bucket, and awswrangler reads what it unloads."""

import json

import awswrangler
import boto3
import pyarrow.parquet
import pytest

from emulator import Emulator
from moto_server import KEYS, REGION
from stored import NUMBERS, ROWS, Stored, assert_numbers, in_every_format, rows_of
from test_redshift_connector import connect

ROLE = "arn:aws:iam::123456789012:role/unload"


@pytest.fixture(scope="module")
def to_s3(program, s3, tables, tmp_path_factory):
    with Emulator(program, tmp_path_factory.mktemp("to-s3"), tables, s3=s3) as running:
        yield running


def warehouse(redshift, more=""):
    return f'url = "redshift-data://reports/dev"\nendpoint = "{redshift.data_api}"\niamRole = "{ROLE}"\n{more}'


@pytest.fixture(scope="module")
def stored(program, s3, to_s3, tmp_path_factory):
    with Stored(program, tmp_path_factory.mktemp("stored"), s3, warehouse(to_s3)) as running:
        yield running


@in_every_format
def test_every_format(stored, tmp_path, form, compression, several):
    assert_numbers(stored, tmp_path / "files", form, compression, several)


def test_the_receipt_is_what_lies_there(stored):
    request_id, status = stored.done({"sql": f"{NUMBERS} ORDER BY n", "compression": "none"})
    receipt = json.loads(stored.call(f"/api/unload/{request_id}/receipt"))
    (file,) = receipt["files"]
    head = stored.client.head_object(Bucket=stored.bucket, Key=stored.key(request_id, "output000.csv"))
    assert (head["ContentLength"], status["rowCount"]) == (file["bytes"], 5000)


def test_joined_parts(stored, tmp_path):
    request = {"sql": NUMBERS, "compression": "gzip", "parallel": True, "singleFile": True}
    (path,) = stored.unload(request, tmp_path / "files")
    assert sorted(rows_of(path, "csv"), key=lambda row: int(row[0])) == ROWS


def test_zero_rows(stored, tmp_path):
    (path,) = stored.unload({"sql": f"{NUMBERS} WHERE n < 0", "compression": "none"}, tmp_path / "csv")
    assert path.read_bytes() == b"n,square\n"
    (path,) = stored.unload({"sql": f"{NUMBERS} WHERE n < 0", "format": "parquet"}, tmp_path / "parquet")
    assert pyarrow.parquet.read_table(path).to_pydict() == {"n": [], "square": []}


def test_a_failure_has_redshifts_words(stored):
    _, status = stored.finished({"sql": "SELECT * FROM nowhere"})
    assert (status["status"], status["error"]["code"]) == ("FAILED", "unknown_table")


def test_a_cancel_reaches_the_warehouse(program, s3, tables, tmp_path):
    with Emulator(program, tmp_path, tables, None, "--fault", "slow=600", s3=s3) as slow:
        folder = tmp_path / "service"
        folder.mkdir()
        with Stored(program, folder, s3, warehouse(slow)) as stored:
            request_id = json.loads(stored.call("/api/unload", {"sql": NUMBERS}))["requestId"]
            status = {"phase": None, "version": 0}
            while status["phase"] != "EXECUTING":
                status = json.loads(stored.call(f"/api/unload/status/{request_id}?wait=30&version={status['version']}"))
                assert status["status"] in ("PENDING", "RUNNING")
            stored.call(f"/api/unload/{request_id}/cancel", method="POST")
            assert json.loads(stored.call(f"/api/unload/status/{request_id}?wait=60"))["status"] == "CANCELLED"
            client = boto3.client("redshift-data", endpoint_url=slow.data_api, region_name=REGION, aws_access_key_id="any", aws_secret_access_key="any")
            assert [found["Status"] for found in client.list_statements(Status="ALL")["Statements"]] == ["ABORTED"]


def test_awswrangler_reads_what_it_unloads(s3, to_s3, monkeypatch):
    s3.bucket("wrangled")
    monkeypatch.setattr(awswrangler.config, "s3_endpoint_url", s3.endpoint)
    session = boto3.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    with connect(to_s3, monkeypatch) as connection:
        sql = f"{NUMBERS} WHERE n <= 1000"
        frame = awswrangler.redshift.unload(sql=sql, path="s3://wrangled/stage/", con=connection, iam_role=ROLE, boto3_session=session)
    assert sorted(zip(frame["n"].tolist(), frame["square"].tolist())) == [(n, n * n) for n in range(1, 1001)]
    # It takes its files away again.
    assert s3.client().list_objects_v2(Bucket="wrangled").get("Contents", []) == []
