"""A service whose files lie in a bucket of its own, and what is in such files."""

import bz2
import csv
import gzip
import io
import itertools
import json
import time

import pyarrow
import pyarrow.parquet
import pytest

from moto_server import KEYS
from service import Service

buckets = itertools.count(1)
# Every row of the table `numbers`, and how the rows are read back.
NUMBERS = "SELECT n, square FROM numbers"
ROWS = [(str(n), str(n * n)) for n in range(1, 5_001)]
# What can be asked for, in one file and in several.
FORMATS = [
    ("csv", "none"), ("csv", "gzip"), ("csv", "bzip2"), ("csv", "zstd"), ("text", "gzip"), ("text", "none"), ("json", "gzip"), ("json", "none"),
    ("json", "zstd"), ("parquet", None),
]  # fmt: skip


class Stored(Service):
    def __init__(self, program, folder, s3, warehouse, versions=False, storage=""):
        """`warehouse` is the section of the warehouse, `storage` more of that of the storage."""
        self.bucket = f"results-{next(buckets)}"
        self.client = s3.bucket(self.bucket, versions)
        config = f'[storage]\nurl = "s3://{self.bucket}/team"\n{storage}[warehouse.main]\n{warehouse}'
        super().__init__(program, folder, config, AWS_ENDPOINT_URL_S3=s3.endpoint, **KEYS)

    def keys(self, request_id):
        """The names of an unload's objects, without what stands before them."""
        prefix = f"team/unload-results/{request_id}/"
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [found["Key"].removeprefix(prefix).partition("/")[2] for found in listed]

    def keys_once_joined(self, request_id):
        """The same once the parts are gone, which are deleted after the unload is done."""
        until = time.monotonic() + 60
        while "_part_" in str(keys := self.keys(request_id)):
            assert time.monotonic() < until, keys
        return keys

    def key(self, request_id, name):
        """The whole name of one of its objects."""
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"team/unload-results/{request_id}/")["Contents"]
        (key,) = [found["Key"] for found in listed if found["Key"].endswith(name)]
        return key


def in_every_format(test):
    """Runs a test for each of the formats, for one file and for several."""
    several = pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
    return several(pytest.mark.parametrize(("form", "compression"), FORMATS)(test))


def assert_numbers(stored, folder, form, compression, several):
    """Unloads every row of `numbers` and holds what comes down against them."""
    request = {"sql": NUMBERS, "format": form, "singleFile": not several, **({"compression": compression} if compression else {})}
    paths = stored.unload(request, folder)
    assert len(paths) == 1 or several
    rows = [row for path in paths for row in rows_of(path, form)]
    assert sorted(rows, key=lambda row: int(row[0])) == ROWS


def unpacked(path):
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        return gzip.decompress(content)
    if path.name.endswith(".zst"):
        return pyarrow.CompressedInputStream(pyarrow.BufferReader(content), "zstd").read()
    if path.name.endswith(".bz2"):
        return bz2.decompress(content)
    return content


def rows_of(path, form):
    if form == "parquet":
        return [tuple(map(str, row.values())) for row in pyarrow.parquet.read_table(path).to_pylist()]
    text = unpacked(path).decode()
    if form == "json":
        return [tuple(map(str, json.loads(line).values())) for line in text.splitlines()]
    found = list(map(tuple, csv.reader(io.StringIO(text), delimiter="," if form == "csv" else "|")))
    assert found[0] == ("n", "square")
    return found[1:]
