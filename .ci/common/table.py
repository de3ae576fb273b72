"""The tables whose rows are unloaded: one of awkward values and a long one, made here, and order lines, which the sample has.

A value is known in one form whatever it was read from: `None`, `bool`, `int`, `float`, `Decimal`, `str`, `bytes`, `date`, `time`, `datetime`.
"""

import datetime
import decimal
import itertools
import random
import struct

import pyarrow
import pyarrow.parquet

UTC = datetime.timezone.utc
TEXTS = [
    "", " ", "a", " a ", "NULL", "null", "\\N", "@", ",", "|", ";", "\t", '"', '""', '"a"', 'a"b', "'", "''", "\\", "\\\\", "a\\", "\\n", "\n", "\r",
    "\r\n", "a\nb\r\nc\rd", '",\n"|\\', "#", "-- a", "=1+1", "한국어", "e\u0301", "é", "🎉", "\u2028", "\u00a0", "\ufeff", "{}", "[1]", "1", "true", "x" * 5000,
]
BYTES = [b"", b"\0", b"\xff\xfe", b'a",\n', bytes(range(256))]
COLUMNS = {
    "id": (pyarrow.int64(), None),
    "word": (pyarrow.string(), TEXTS),
    "flag": (pyarrow.bool_(), [True, False]),
    "small": (pyarrow.int16(), [-32768, -1, 0, 32767]),
    "large": (pyarrow.int64(), [-(2**63), 2**53 + 1, 0, 2**63 - 1]),
    "price": (pyarrow.decimal128(18, 4), [decimal.Decimal(text) for text in ("0", "-0.0001", "1.5", "99999999999999.9999")]),
    "wide": (pyarrow.decimal128(38, 10), [decimal.Decimal(text) for text in ("1234567890123456789012345678.0123456789", "-0.0000000001", "7")]),
    "ratio": (pyarrow.float64(), [0.1, -1.5, 1e300, 5e-324, 1 / 3, 123456789.0, 1e16, 0.0]),
    "single": (pyarrow.float32(), [0.1, 1e-30, -3.4e38, 16777216.0]),
    "day": (pyarrow.date32(), [datetime.date(1, 1, 1), datetime.date(1969, 12, 31), datetime.date(2024, 2, 29), datetime.date(9999, 12, 31)]),
    "moment": (
        pyarrow.timestamp("us"),
        [datetime.datetime(1, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), datetime.datetime(2026, 1, 2, 3, 4, 5, 60)],
    ),
    "instant": (
        pyarrow.timestamp("us", tz="UTC"),
        [datetime.datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime.datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC)],
    ),
    "clock": (pyarrow.time64("us"), [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(12, 30)]),
    "bytes": (pyarrow.binary(), BYTES),
}


def write(folder):
    """Makes the table `awkward` in a folder: every value of every column at least twice, and a NULL among them each time around."""
    rows = 2 * (len(TEXTS) + 1)
    data = {"id": pyarrow.array(range(rows), pyarrow.int64())}
    for name, (kind, values) in COLUMNS.items():
        if values is not None:
            data[name] = pyarrow.array(list(itertools.islice(itertools.cycle([*values, None]), rows)), kind)
    pyarrow.parquet.write_table(pyarrow.table(data), folder / "awkward.parquet")
    return rows_of(pyarrow.table(data), COLUMNS)


LONG = {"id": pyarrow.int64(), "word": pyarrow.string()}


def write_long(folder, rows=70_000):
    """Makes the table `long` in a folder: texts of 1,000 letters, which cannot be made smaller than half."""
    length = 1_000
    letters = random.Random(0).randbytes(rows * length // 2).hex()
    words = [letters[start : start + length] for start in range(0, rows * length, length)]
    pyarrow.parquet.write_table(pyarrow.table({"id": pyarrow.array(range(rows)), "word": words}), folder / "long.parquet")
    return list(enumerate(words))


def write_numbers(folder, rows):
    """Makes the table `numbers` in a folder: `n` counts from 1, `square` is its square."""
    numbers = range(1, rows + 1)
    columns = {"n": pyarrow.array(numbers, pyarrow.int32()), "square": pyarrow.array([n * n for n in numbers], pyarrow.int64())}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "numbers.parquet")


def rows_of(table, names):
    """The rows of an Arrow table, in the one form."""
    columns = []
    for name in names:
        values = table.column(name).to_pylist()
        columns.append([value.astimezone(UTC) if isinstance(value, datetime.datetime) and value.tzinfo else value for value in values])
    return list(zip(*columns))


def parse(text, kind):
    """A value from the text that stands for it in CSV and JSON; what a reader gives in another form already stays."""
    if text is None or not isinstance(text, str) or pyarrow.types.is_string(kind):
        return text
    if pyarrow.types.is_boolean(kind):
        return {"t": True, "f": False, "true": True, "false": False}[text]
    if pyarrow.types.is_integer(kind):
        return int(text)
    if pyarrow.types.is_decimal(kind):
        return decimal.Decimal(text)
    if pyarrow.types.is_floating(kind):
        return float(text)
    if pyarrow.types.is_date(kind):
        return datetime.date.fromisoformat(text)
    if pyarrow.types.is_time(kind):
        return datetime.time.fromisoformat(text)
    if pyarrow.types.is_timestamp(kind):
        moment = datetime.datetime.fromisoformat(text)
        return moment.astimezone(UTC) if kind.tz else moment
    return bytes.fromhex(text)


def settled(value, kind):
    """A value in the one form, as exactly as its column can hold it."""
    value = parse(value, kind)
    if isinstance(value, bool) or value is None:
        return value
    if kind == pyarrow.float32():
        return struct.unpack("f", struct.pack("f", float(value)))[0]
    if pyarrow.types.is_floating(kind):
        return float(value)
    if pyarrow.types.is_decimal(kind):
        return decimal.Decimal(value)
    return value
