"""What is asked for: every format, compression and way to split that a request can name."""

import dataclasses
import zlib

import read

# How many of the first columns of either table are its key.
KEYS = 1


def awkward(options):
    return {"warehouse": "hand", "sql": "SELECT * FROM awkward", **options}


def order_lines(options):
    sql = "SELECT l_orderkey * 10 + l_linenumber AS id, l.* FROM lineitem AS l WHERE l_orderkey < 12000"
    return {"warehouse": "sample", "sql": sql, **options}


@dataclasses.dataclass
class Case:
    name: str
    request: dict
    is_sample: bool
    files: range = range(1, 2)
    members: range = range(0, 1_000_000)

    def readers(self):
        return read.READERS[self.request["format"]]

    def check(self, paths):
        assert len(paths) in self.files, f"{len(paths)} files"
        for path in paths:
            if path.suffix == ".gz":
                found = members(path)
                assert found in self.members, f"{found} gzip members"


def members(path):
    """How many gzip members a file has, by zlib alone."""
    rest, count = path.read_bytes(), 0
    while rest:
        one = zlib.decompressobj(wbits=31)
        one.decompress(rest)
        assert one.eof, "the last member does not end"
        rest, count = one.unused_data, count + 1
    return count


FORMATS = [("csv", ["none", "gzip", "zstd"]), ("json", ["none", "gzip", "zstd"]), ("parquet", [None])]
SPLITS = {
    "one file": ({}, range(1, 2)),
    "joined": ({"singleFile": True, "parallel": True}, range(1, 2)),
    "several files": ({"singleFile": False}, range(1, 100)),
}


def cases():
    for form, compressions in FORMATS:
        for compression in compressions:
            for split, (options, files) in SPLITS.items():
                if split == "joined" and compression not in ("none", "gzip"):
                    continue
                sent = {"format": form, **options, **({"compression": compression} if compression else {})}
                name = " ".join(filter(None, [form, compression, split]))
                yield Case(f"awkward {name}", awkward(sent), False, files)
                yield Case(f"lines {name}", order_lines(sent), True, files)
    yield Case("awkward csv bom", awkward({"format": "csv", "bom": True, "compression": "gzip"}), False)
    yield Case("awkward csv no header", awkward({"format": "csv", "header": False}), False)
    yield Case("awkward csv delimiter", awkward({"format": "csv", "delimiter": ";", "compression": "none"}), False)
    yield Case("awkward csv tab", awkward({"format": "csv", "delimiter": "\t", "compression": "zstd"}), False)
