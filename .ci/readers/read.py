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


def csv_python(paths, names, options):
    rows = []
    for path in paths:
        with io.TextIOWrapper(opened(path), encoding="utf-8-sig" if options.get("bom") else "utf-8", newline="") as text:
            read = csv.reader(text, delimiter=options.get("delimiter", ","), strict=True)
            if options.get("header", True):
                assert next(read) == list(names), "the header is not the columns"
            rows += map(tuple, read)
    return rows


def csv_duckdb(paths, names, options):
    types = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    read = duckdb.connect().execute(
        f"select * from read_csv(?, columns = {types}, auto_detect = false, header = ?, delim = ?, quote = '\"', escape = '\"', nullstr = ?,"
        " allow_quoted_nulls = false, new_line = '\\n', parallel = false)",
        [list(map(str, plain(paths))), options.get("header", True), options.get("delimiter", ","), options.get("nullAs", "")],
    )
    return read.fetchall()


def csv_pyarrow(paths, names, options):
    rows = []
    for path in paths:
        table = pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(column_names=None if options.get("header", True) else list(names)),
            parse_options=pyarrow.csv.ParseOptions(delimiter=options.get("delimiter", ","), newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pyarrow.string() for name in names},
                null_values=[options.get("nullAs", "")],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        rows += zip(*(table.column(name).to_pylist() for name in names))
    return rows


def csv_pandas(paths, names, options):
    rows = []
    for path in paths:
        frame = pandas.read_csv(
            path,
            dtype=object,
            keep_default_na=False,
            sep=options.get("delimiter", ","),
            lineterminator="\n",
            encoding="utf-8-sig" if options.get("bom") else "utf-8",
            header=0 if options.get("header", True) else None,
        )
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
        f"select * from read_json(?, columns = {types}, format = 'newline_delimited')", [list(map(str, plain(paths)))]
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


READERS = {
    "csv": [
        Reader("python", csv_python, is_lossy=True),
        Reader("duckdb", csv_duckdb),
        Reader("pyarrow", csv_pyarrow),
        Reader("pandas", csv_pandas, is_lossy=True),
    ],
    "json": [Reader("python", json_python), Reader("duckdb", json_duckdb, rounds=is_long), Reader("pyarrow", json_pyarrow)],
    "parquet": [Reader("pyarrow", parquet_pyarrow), Reader("duckdb", parquet_duckdb), Reader("pandas", parquet_pandas)],
}
