"""What is asked for: every format, compression and way to split that a request can name."""

import dataclasses
import urllib.parse
import zlib

import pyarrow.parquet

import table

# How many of the first columns of a table are its key.
KEYS = 1
# What order lines stand between in fixed widths: no column whose values end with blanks.
WIDTHS = "id:12,l_quantity:14,l_discount:8,l_shipdate:10,l_shipinstruct:25,l_shipmode:10"
FOLDERS = ["l_returnflag", "l_linestatus"]
DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def awkward(options, columns="*"):
    return {"warehouse": "hand", "sql": f"SELECT {columns} FROM awkward", **options}


def order_lines(options, columns="*", until=None):
    sql = f"SELECT {columns} FROM (SELECT l_orderkey * 10 + l_linenumber AS id, l.* FROM lineitem AS l) AS x"
    return {"warehouse": "sample", "sql": f"{sql} WHERE l_orderkey < {until}" if until else sql, **options}


@dataclasses.dataclass
class Case:
    name: str
    request: dict
    is_sample: bool
    files: range = range(1, 2)
    columns: list | None = None
    """Those of the result, in order; all of the table's where none are named."""
    until: int | None = None
    """Below which order key the order lines are."""
    row_groups: range | None = None
    """How many row groups each file has."""
    is_long: bool = False
    """Whether it is of the long table."""
    members: int = 1
    """How many gzip members each file has at least: one for each part that was compressed beside others."""

    def in_files(self, names):
        """The columns that the files have, of those of the result."""
        folders = [] if self.request.get("partitionInclude") else self.request.get("partitionBy", [])
        return [name for name in names if name not in folders]

    def check(self, paths):
        assert len(paths) in self.files, f"{len(paths)} files"
        for path in paths:
            if path.suffix == ".gz":
                count = members(path)
                assert count >= self.members, f"{count} gzip members"
            if "extension" in self.request:
                assert path.name.endswith(f".{self.request['extension']}"), path.name
            if self.row_groups:
                count = pyarrow.parquet.ParquetFile(path).num_row_groups
                assert count in self.row_groups, f"{count} row groups"

    def in_folder(self, path, root):
        """What the folders of a file say, by column."""
        above, *folders = path.relative_to(root).parts[:-1]
        assert above == "output", f"{path.name} lies in {above}"
        parts = [part.split("=", 1) for part in folders]
        assert [name for name, _ in parts] == self.request.get("partitionBy", []), f"the folders of {path.name} are not those"
        return {name: None if value == DEFAULT_PARTITION else urllib.parse.unquote(value) for name, value in parts}


def members(path):
    """How many gzip members a file has, by zlib alone."""
    rest, count = path.read_bytes(), 0
    while rest:
        one = zlib.decompressobj(wbits=31)
        one.decompress(rest)
        assert one.eof, "the last member does not end"
        rest, count = one.unused_data, count + 1
    return count


FORMATS = {
    "csv": ["none", "gzip", "zstd", "bzip2"],
    "json": ["none", "gzip", "zstd", "bzip2"],
    "text": ["none", "gzip", "zstd", "bzip2"],
    "parquet": [None],
}
SPLITS = {
    "one file": ({}, range(1, 2)),
    "joined": ({"singleFile": True, "parallel": True}, range(1, 2)),
    "several files": ({"singleFile": False}, range(2, 100)),
}
SMALL = 6_000


def cases():
    for form, compressions in FORMATS.items():
        for compression in compressions:
            for split, (options, files) in SPLITS.items():
                if split == "joined" and compression not in ("none", "gzip"):
                    continue
                sent = {"format": form, **options, **({"compression": compression} if compression else {})}
                name = " ".join(filter(None, [form, compression, split]))
                if form != "text":
                    yield of_awkward(name, sent, files)
                yield Case(f"lines {name}", order_lines(sent, until=SMALL), True, files, until=SMALL)
            sent = {"format": form, **({"compression": compression} if compression else {})}
            name = " ".join(filter(None, ["all lines", form, compression]))
            yield Case(name, order_lines(sent), True, members=2 if compression == "gzip" else 1)
    yield from of_csv()
    yield from of_text()
    yield from of_sizes_and_folders()


def of_awkward(name, sent, files):
    """UNLOAD writes bytes into CSV and delimited text only."""
    columns = None if sent["format"] in ("csv", "text") else [column for column in table.COLUMNS if column != "bytes"]
    return Case(f"awkward {name}", awkward(sent, ", ".join(columns or "*")), False, files, columns)


def of_csv():
    yield Case("awkward csv bom", awkward({"format": "csv", "bom": True, "compression": "gzip"}), False)
    yield Case("awkward csv no header", awkward({"format": "csv", "header": False}), False)
    yield Case("awkward csv delimiter", awkward({"format": "csv", "delimiter": ";", "compression": "none"}), False)
    yield Case("awkward csv null", awkward({"format": "csv", "nullAs": "~null~"}), False)
    yield Case("awkward csv extension", awkward({"format": "csv", "extension": "dat.gz"}), False)
    yield Case("awkward csv tab", awkward({"format": "csv", "delimiter": "\t", "compression": "zstd"}), False)


def of_text():
    styles = {
        "escape": {"escape": True},
        "escape and quotes": {"escape": True, "quoteAll": True},
        "escape, tab": {"escape": True, "delimiter": "\t"},
        "escape, no header": {"escape": True, "header": False},
    }
    for name, style in styles.items():
        for split, (options, files) in SPLITS.items():
            sent = {"format": "text", "compression": "gzip", "nullAs": "~null~", **style, **options}
            yield Case(f"awkward text {name} {split}", awkward(sent), False, files)
    sent = {"format": "text", "compression": "none", "quoteAll": True}
    yield Case("lines text quotes", order_lines(sent, until=SMALL), True, until=SMALL)
    names = [column.split(":")[0] for column in WIDTHS.split(",")]
    for compression in FORMATS["text"]:
        for split in ("one file", "several files"):
            options, files = SPLITS[split]
            sent = {"format": "text", "compression": compression, "fixedWidth": WIDTHS, **options}
            request = order_lines(sent, ", ".join(names), until=SMALL)
            yield Case(f"lines text fixed {compression} {split}", request, True, files, names, until=SMALL)


def of_sizes_and_folders():
    """By size and into folders."""
    for form in ("csv", "json", "text"):
        sent = {"format": form, "compression": "none", "maxFileSizeMb": 5, "parallel": False}
        yield Case(f"lines {form} by size", order_lines(sent), True, range(2, 10))
    for form, compressions in FORMATS.items():
        compression = compressions[1] if len(compressions) > 1 else None
        for include in (False, True):
            sent = {"format": form, "partitionBy": FOLDERS, "partitionInclude": include}
            if compression:
                sent["compression"] = compression
            name = f"{form} folders{' and columns' if include else ''}"
            yield Case(f"lines {name}", order_lines(sent, until=SMALL), True, range(4, 100), until=SMALL)
    for megabytes, row_groups in ((None, range(2, 4)), (64, range(1, 3)), (128, range(1, 2))):
        sent = {"format": "parquet", **({"rowGroupSizeMb": megabytes} if megabytes else {})}
        request = {"warehouse": "hand", "sql": "SELECT * FROM long", **sent}
        yield Case(f"long parquet row groups {megabytes}", request, False, row_groups=row_groups, is_long=True)
    for form, compression, files in (("csv", "gzip", range(6, 12)), ("json", "zstd", range(6, 12)), ("parquet", None, range(2, 5))):
        sent = {"format": form, "maxFileSizeMb": 5, "parallel": False, **({"compression": compression} if compression else {})}
        request = {"warehouse": "hand", "sql": "SELECT * FROM long", **sent}
        yield Case(f"long {form} {compression} by size", request, False, files, is_long=True)
    sent = {"format": "text", "escape": True, "nullAs": "~null~", "partitionBy": ["flag"]}
    yield Case("awkward text escape folders", awkward(sent), False, range(3, 100))
    names = [column.split(":")[0] for column in WIDTHS.split(",")]
    sent = {"format": "text", "fixedWidth": WIDTHS, "partitionBy": FOLDERS}
    request = order_lines(sent, ", ".join(names + FOLDERS), until=SMALL)
    yield Case("lines text fixed folders", request, True, range(4, 100), names + FOLDERS, until=SMALL)
    for form in ("csv", "json", "parquet"):
        for column in ("flag", "small", "day", "price"):
            sent = {"format": form, "partitionBy": [column]}
            yield of_awkward(f"{form} folders by {column}", sent, range(3, 100))
