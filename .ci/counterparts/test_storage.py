"""moto's S3 server as storage of the service: files of every format, one and several, joined, linked, encrypted, deleted, and checked by boto3.

moto refuses no link that has expired, so that is not looked at here.
"""

import base64
import csv
import gzip
import hashlib
import json
import subprocess
import time
import zlib

import pyarrow.parquet
import pytest

import table
from child import environment, free_address
from moto_server import KEYS, REGION
from service import Refused
from stored import NUMBERS, ROWS, Stored, assert_numbers, in_every_format

# How many rows of `long` there are, of 1,000 letters each.
LONG_ROWS = 30_000


@pytest.fixture(scope="module")
def stored(program, s3, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    tables = folder / "tables"
    tables.mkdir()
    table.write_numbers(tables, len(ROWS))
    table.write_long(tables, LONG_ROWS)
    with Stored(program, folder, s3, f'url = "embedded:{tables}"\n') as running:
        yield running


@in_every_format
def test_every_format(stored, tmp_path, form, compression, several):
    assert_numbers(stored, tmp_path / "files", form, compression, several)


def test_what_lies_in_the_bucket(stored):
    request_id, _ = stored.done({"sql": f"{NUMBERS} ORDER BY n", "compression": "none"})
    assert sorted(stored.keys(request_id)) == ["output000.csv", "outputmanifest", "receipt.json"]
    receipt = json.loads(stored.call(f"/api/unload/{request_id}/receipt"))
    body = stored.client.get_object(Bucket=stored.bucket, Key=stored.key(request_id, "output000.csv"))["Body"].read()
    assert body.decode().splitlines()[:3] == ["n,square", "1,1", "2,4"]
    (file,) = receipt["files"]
    assert file["bytes"] == len(body)
    assert file["checksum"] == {"algorithm": "sha256", "value": hashlib.sha256(body).hexdigest()}


def test_checksums_are_those_that_s3_keeps(stored):
    """Of what is written in one piece S3 keeps the checksum that came with it, and boto3 reads it back."""
    request_id, _ = stored.done({"sql": f"{NUMBERS} WHERE n < 100", "compression": "none", "parallel": False})
    for name in ("receipt.json", "outputmanifest"):
        found = stored.client.get_object(Bucket=stored.bucket, Key=stored.key(request_id, name), ChecksumMode="ENABLED")
        assert int.from_bytes(base64.b64decode(found["ChecksumCRC32"])) == zlib.crc32(found["Body"].read()), name


def test_one_file_of_many(stored, tmp_path):
    """Parts of more than 5 MiB, which S3 copies, and one header."""
    request = {"sql": "SELECT id, word FROM long", "compression": "none", "parallel": True, "singleFile": True}
    (path,) = stored.unload(request, tmp_path / "files")
    with path.open(newline="") as opened:
        found = list(csv.reader(opened))
    assert found[0] == ["id", "word"]
    assert sorted(int(row[0]) for row in found[1:]) == list(range(LONG_ROWS))
    assert all(len(row[1]) == 1000 for row in found[1:])
    assert stored.client.list_multipart_uploads(Bucket=stored.bucket).get("Uploads", []) == []


def test_one_packed_file_of_many(stored, tmp_path):
    request = {"sql": "SELECT id, word FROM long", "compression": "gzip", "parallel": True, "singleFile": True}
    request_id, status = stored.done(request)
    assert stored.keys_once_joined(request_id) == ["joined.csv.gz", "outputmanifest", "receipt.json"]
    assert status["rowCount"] == LONG_ROWS
    (file,) = stored.files(request_id)
    packed = stored.call(file["url"])
    # moto keeps none of what was copied together, so that the service has summed it.
    assert file["checksum"] == {"algorithm": "sha256", "value": hashlib.sha256(packed).hexdigest()}
    content = gzip.decompress(packed)
    assert content.count(b"\n") == LONG_ROWS + 1


def test_links(stored):
    request_id, _ = stored.done({"requestId": "links", "sql": f"{NUMBERS} ORDER BY n", "compression": "none"})
    answer, _ = stored.ask(f"/api/unload/{request_id}/files/0", opener=stored.keeper)
    assert answer.status == 302
    link = answer.headers["Location"]
    assert "X-Amz-Signature=" in link and f"/{stored.bucket}/" in link
    answer, body = stored.ask(link)
    assert answer.status == 200 and body.startswith(b"n,square\n1,1\n")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert 'filename="links.csv"' in answer.headers["Content-Disposition"]
    for form, compression, kind, name in [
        ("csv", "gzip", "application/gzip", "named.csv.gz"),
        ("json", "none", "application/x-ndjson", "named.json"),
        ("parquet", None, "application/vnd.apache.parquet", "named.parquet"),
    ]:
        request = {"sql": NUMBERS, "format": form, "requestId": f"named-{form}", **({"compression": compression} if compression else {})}
        (file,) = stored.files(stored.done(request)[0])
        answer, _ = stored.ask(file["url"])
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
        assert name.replace("named", f"named-{form}") in answer.headers["Content-Disposition"]


def test_ranges(stored):
    request_id, _ = stored.done({"sql": f"{NUMBERS} ORDER BY n", "compression": "none"})
    (file,) = stored.files(request_id)
    answer, whole = stored.ask(file["url"])
    answer, body = stored.ask(file["url"], headers={"Range": "bytes=9-20"})
    assert (answer.status, body) == (206, whole[9:21])
    assert answer.headers["Content-Range"] == f"bytes 9-20/{len(whole)}"
    answer, body = stored.ask(file["url"], headers={"Range": "bytes=-5"})
    assert (answer.status, body) == (206, whole[-5:])
    # The address that is handed on keeps ranges, too.
    answer, body = stored.ask(f"/api/unload/{request_id}/files/0", headers={"Range": "bytes=0-7"})
    assert (answer.status, body) == (206, b"n,square")


def test_zero_rows(stored, tmp_path):
    for form, content in [("csv", b"n,square\n"), ("json", b"")]:
        (path,) = stored.unload({"sql": f"{NUMBERS} WHERE n < 0", "format": form, "compression": "none"}, tmp_path / form)
        assert path.read_bytes() == content
    (path,) = stored.unload({"sql": f"{NUMBERS} WHERE n < 0", "format": "parquet"}, tmp_path / "parquet")
    assert pyarrow.parquet.read_table(path).to_pydict() == {"n": [], "square": []}


def test_through_the_service(program, s3, tables, tmp_path):
    with Stored(program, tmp_path, s3, f'url = "embedded:{tables}"\n', storage="proxy = true\n") as stored:
        request_id, _ = stored.done({"sql": f"{NUMBERS} ORDER BY n", "compression": "none"})
        (file,) = stored.files(request_id)
        assert file["url"].startswith(stored.base)
        answer, body = stored.ask(file["url"], headers={"Range": "bytes=0-7"})
        assert (answer.status, body) == (206, b"n,square")


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ('sse = "s3"\n', {"ServerSideEncryption": "AES256"}),
        ('sse = "kms"\nkmsKeyId = "alias/results"\n', {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/results"}),
    ],
    ids=["s3", "kms"],
)
def test_encryption_is_asked_for(program, s3, tables, tmp_path, storage, expected):
    with Stored(program, tmp_path, s3, f'url = "embedded:{tables}"\n', storage=storage) as stored:
        request_id, _ = stored.done({"sql": NUMBERS, "parallel": True})
        names = stored.keys_once_joined(request_id)
        assert len(names) == 3
        for name in names:
            head = stored.client.head_object(Bucket=stored.bucket, Key=stored.key(request_id, name))
            assert {key: head.get(key) for key in expected} == expected, name


def test_what_is_deleted_is_gone_with_its_versions(program, s3, tables, tmp_path):
    with Stored(program, tmp_path, s3, f'url = "embedded:{tables}"\n', versions=True) as stored:
        def versions():
            listed = stored.client.list_object_versions(Bucket=stored.bucket)
            found = listed.get("Versions", []) + listed.get("DeleteMarkers", [])
            return [version["Key"] for version in found if f"/{request_id}/" in version["Key"]]

        request_id, _ = stored.done({"sql": NUMBERS, "parallel": True, "singleFile": True})
        assert len(versions()) > 3
        stored.call(f"/api/unload/{request_id}", method="DELETE")
        until = time.monotonic() + 60
        while versions():
            assert time.monotonic() < until, versions()
        with pytest.raises(Refused) as told:
            stored.files(request_id)
        assert told.value.args[0] == 410
        assert json.loads(stored.call(f"/api/unload/{request_id}/receipt"))["rowCount"] == 5000


def test_a_bucket_that_is_missing_ends_the_start(program, s3, tables, tmp_path):
    config = tmp_path / "outflow.toml"
    config.write_text(f'[server]\nlisten = "{free_address()}"\n[storage]\nurl = "s3://nowhere"\n[warehouse.main]\nurl = "embedded:{tables}"\n')
    variables = environment(AWS_ENDPOINT_URL_S3=s3.endpoint, **KEYS)
    ended = subprocess.run([program, "serve", "--config", config], capture_output=True, text=True, cwd=tmp_path, env=variables, timeout=120)
    assert ended.returncode != 0
    assert "nowhere" in ended.stderr and "bucket" in ended.stderr, ended.stderr


def test_the_region_that_is_used(stored):
    """What boto3 says of the bucket is what the service was told."""
    assert stored.client.get_bucket_location(Bucket=stored.bucket)["LocationConstraint"] == REGION
