"""Independent readers: each takes files and the names of the columns, and gives rows of values or of the texts that stand for them.
"""

import bz2
import csv
import dataclasses
import decimal
import gzip
import io
import json
import typing

import duckdb
import pandas
import pyarrow
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import zstandard

csv.field_size_limit(1 << 30)


def opened(path):
    """The bytes of a file, decompressed by what Python has: all members, all frames, all streams."""
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    if path.suffix == ".bz2":
        return bz2.open(path, "rb")
    if path.suffix == ".zst":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True))
    return path.open("rb")


def plain(paths):
    """The same files without bzip2, which DuckDB does not read."""
    made = []
    for path in paths:
        if path.suffix == ".bz2":
            made.append(path.with_suffix(""))
            made[-1].write_bytes(opened(path).read())
        else:
            made.append(path)
    return made


@dataclasses.dataclass
class Style:
    """How delimited text is written, from the options of the request."""

    delimiter: str
    header: bool
    null: str
    quote: bool
    escape: bool
    bom: bool

    @classmethod
    def of(cls, options):
        is_csv = options["format"] == "csv"
        return cls(
            delimiter=options.get("delimiter", "," if is_csv else "|"),
            header=options.get("header", True),
            null=options.get("nullAs", ""),
            quote=is_csv or options.get("quoteAll", False),
            escape=options.get("escape", False),
            bom=options.get("bom", False),
        )

    @property
    def encoding(self):
        return "utf-8-sig" if self.bom else "utf-8"

    def value(self, text):
        return None if self.null and text == self.null else text


def csv_python(paths, names, options):
    style, rows = Style.of(options), []
    for path in paths:
        with io.TextIOWrapper(opened(path), encoding=style.encoding, newline="") as text:
            read = csv.reader(
                text,
                delimiter=style.delimiter,
                quoting=csv.QUOTE_MINIMAL if style.quote else csv.QUOTE_NONE,
                escapechar="\\" if style.escape else None,
                doublequote=not style.escape,
                strict=True,
            )
            if style.header:
                assert next(read) == list(names), "the header is not the columns"
            rows += (tuple(map(style.value, row)) for row in read)
    return rows


def csv_duckdb(paths, names, options):
    style = Style.of(options)
    types = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    quote = '"' if style.quote else ""
    read = duckdb.connect().execute(
        f"select * from read_csv(?, columns = {types}, auto_detect = false, header = ?, delim = ?, quote = ?, escape = ?, nullstr = ?,"
        " allow_quoted_nulls = false, new_line = '\\n', parallel = false, hive_partitioning = false)",
        [list(map(str, plain(paths))), style.header, style.delimiter, quote, quote, style.null],
    )
    return read.fetchall()


def csv_pyarrow(paths, names, options):
    style, rows = Style.of(options), []
    for path in paths:
        table = pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(column_names=None if style.header else list(names)),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=style.delimiter,
                quote_char='"' if style.quote else False,
                double_quote=not style.escape,
                escape_char="\\" if style.escape else False,
                newlines_in_values=True,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pyarrow.string() for name in names},
                null_values=[style.null],
                strings_can_be_null=True,
                # Neither CSV nor ADDQUOTES puts what stands for NULL in quotes.
                quoted_strings_can_be_null=False,
            ),
        )
        assert table.column_names == list(names), "the header is not the columns"
        rows += zip(*(table.column(name).to_pylist() for name in names))
    return rows


def csv_pandas(paths, names, options):
    style, rows = Style.of(options), []
    for path in paths:
        frame = pandas.read_csv(
            path,
            dtype=object,
            keep_default_na=False,
            sep=style.delimiter,
            quoting=csv.QUOTE_MINIMAL if style.quote else csv.QUOTE_NONE,
            escapechar="\\" if style.escape else None,
            doublequote=not style.escape,
            lineterminator="\n",
            encoding=style.encoding,
            header=0 if style.header else None,
        )
        rows += (tuple(map(style.value, row)) for row in frame.itertuples(index=False, name=None))
    return rows


def widths_of(options):
    return [int(column.rsplit(":", 1)[1]) for column in options["fixedWidth"].split(",")]


def fixed_python(paths, names, options):
    rows, widths = [], widths_of(options)
    for path in paths:
        for line in opened(path).read().split(b"\n")[:-1]:
            assert len(line) == sum(widths), f"a line has {len(line)} bytes"
            row, start = [], 0
            for width in widths:
                row.append(line[start : start + width].decode().rstrip(" "))
                start += width
            rows.append(tuple(row))
    return rows


def fixed_pandas(paths, names, options):
    rows = []
    for path in paths:
        text = opened(path).read().decode()
        frame = pandas.read_fwf(io.StringIO(text), widths=widths_of(options), header=None, dtype=object, keep_default_na=False)
        rows += frame.itertuples(index=False, name=None)
    return rows


def json_python(paths, names, options):
    rows = []
    for path in paths:
        for line in opened(path):
            value = json.loads(line, parse_float=decimal.Decimal)
            assert list(value) == list(names), "the names are not the columns"
            rows.append(tuple(value.values()))
    return rows


def json_duckdb(paths, names, options):
    types = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    read = duckdb.connect().execute(
        f"select * from read_json(?, columns = {types}, format = 'newline_delimited', hive_partitioning = false)", [list(map(str, plain(paths)))]
    )
    return read.fetchall()


def json_pyarrow(paths, names, options):
    text, rows = pyarrow.string(), []
    kinds = [(name, kind if holds_number(kind) else text) for name, kind in names.items()]
    for path in paths:
        table = pyarrow.json.read_json(
            io.BytesIO(opened(path).read()), parse_options=pyarrow.json.ParseOptions(explicit_schema=pyarrow.schema(kinds))
        )
        rows += zip(*(table.column(name).to_pylist() for name in names))
    return rows


def holds_number(kind):
    types = pyarrow.types
    return types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)


def parquet_pyarrow(paths, names, options):
    rows = []
    for path in paths:
        table = pyarrow.parquet.ParquetFile(path).read()
        assert table.column_names == list(names), "the columns are not those"
        rows += zip(*(table.column(name).to_pylist() for name in names))
    return rows


def parquet_duckdb(paths, names, options):
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    columns = ", ".join(f'"{name}"' for name in names)
    return connection.execute(f"select {columns} from read_parquet(?, hive_partitioning = false)", [list(map(str, paths))]).fetchall()


def parquet_pandas(paths, names, options):
    rows = []
    for path in paths:
        frame = pandas.read_parquet(path, engine="pyarrow", dtype_backend="pyarrow")
        rows += zip(*(pyarrow.array(frame[name]).to_pylist() for name in names))
    return rows


@dataclasses.dataclass
class Reader:
    name: str
    read: typing.Callable
    is_lossy: bool = False
    """Whether it cannot tell NULL from an empty text."""
    rounds: typing.Callable = lambda kind: False
    """Whether it cannot read that type exactly."""


def is_long(kind):
    """DuckDB reads the numbers of JSON as floats."""
    return pyarrow.types.is_decimal(kind) and kind.precision > 15


CSV = [
    Reader("python", csv_python, is_lossy=True),
    Reader("duckdb", csv_duckdb),
    Reader("pyarrow", csv_pyarrow),
    Reader("pandas", csv_pandas, is_lossy=True),
]
JSON = [Reader("python", json_python), Reader("duckdb", json_duckdb, rounds=is_long), Reader("pyarrow", json_pyarrow)]
PARQUET = [Reader("pyarrow", parquet_pyarrow), Reader("duckdb", parquet_duckdb), Reader("pandas", parquet_pandas)]
FIXED = [Reader("python", fixed_python, is_lossy=True), Reader("pandas", fixed_pandas, is_lossy=True)]


def readers(request):
    """Who can read what is asked for."""
    if request["format"] == "json":
        return JSON
    if request["format"] == "parquet":
        return PARQUET
    if "fixedWidth" in request:
        return FIXED
    if request.get("escape"):
        # DuckDB takes a backslash for one only before a quote.
        return [reader for reader in CSV if reader.name != "duckdb"]
    return CSV
