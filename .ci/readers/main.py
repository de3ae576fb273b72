"""Unloads awkward values and order lines in every format, compression and way to split, and reads the files back with programs that are not ours.

What was put in must come out. The awkward table is made here and known without Outflow; of the order lines, the Parquet file that Outflow writes is
what the other formats are held against, and it is read by all readers of Parquet.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import pyarrow
import pyarrow.parquet

import case
import read
import table
from child import outflow
from service import Service


def compared(rows, expected, columns, reader, null):
    """None where the rows are the expected ones in any order of theirs; else what is wrong first."""
    kinds = list(columns.values())
    empty = (None, "", b"")
    is_lossy = reader.is_lossy and not null

    def settled(row):
        values = []
        for value, kind in zip(row, kinds, strict=True):
            is_none = reader.rounds(kind) or (is_lossy and value in empty)
            values.append(None if is_none else table.settled(value, kind))
        return tuple(values)

    def by_key(row):
        return row[: case.KEYS]

    found = sorted(map(settled, rows), key=by_key)
    wanted = sorted(map(settled, expected), key=by_key)
    if len(found) != len(wanted):
        return f"{len(found)} rows and not {len(wanted)}"
    for got, want in zip(found, wanted):
        if got != want:
            first = next(index for index, pair in enumerate(zip(got, want)) if pair[0] != pair[1])
            return f"row {want[: case.KEYS]}, column {list(columns)[first]}: {got[first]!r:.200} and not {want[first]!r:.200}"
    return None


class Suite:
    def __init__(self, service, folder, words):
        self.service, self.folder, self.words = service, folder, words
        self.passed = self.failed = 0

    def run(self, one, columns, expected):
        """One unload, read by each reader of its format."""
        if not all(word in one.name for word in self.words):
            return
        if one.columns:
            places = [list(columns).index(name) for name in one.columns]
            columns = {name: columns[name] for name in one.columns}
            expected = [tuple(row[place] for place in places) for row in expected]
        root = self.folder / one.name.replace(" ", "-")
        try:
            paths = self.service.unload(one.request, root)
            one.check(paths)
        except Exception as error:
            self.tell(one.name, f"{type(error).__name__}: {error}")
            return
        for reader in read.readers(one.request):
            try:
                rows = self.rows(one, reader, paths, columns, root)
                wrong = compared(rows, expected, columns, reader, one.request.get("nullAs"))
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
            self.tell(f"{one.name}, read by {reader.name}", wrong)

    @staticmethod
    def rows(one, reader, paths, columns, root):
        """The rows of all files, with what their folders say in the place of columns that the files lack."""
        if not one.request.get("partitionBy"):
            return reader.read(paths, columns, one.request)
        names, rows = one.in_files(columns), []
        for path in paths:
            in_folder = one.in_folder(path, root)
            for row in reader.read([path], {name: columns[name] for name in names}, one.request):
                values = {**in_folder, **dict(zip(names, row, strict=True))}
                rows.append(tuple(values[name] for name in columns))
        return rows

    def tell(self, name, wrong):
        if wrong is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {wrong:.600}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--outflow", help="the program; without it, that of the dev profile, which is built")
    arguments.add_argument("words", nargs="*", help="run the cases whose names have all these words")
    arguments = arguments.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outflow-readers-") as temporary:
        folder = pathlib.Path(temporary)
        tables = folder / "tables"
        tables.mkdir()
        awkward, long = table.write(tables), table.write_long(tables)
        warehouses = f'[warehouse.hand]\nurl = "embedded:{tables}"\n[warehouse.sample]\nurl = "embedded:"\nsampleScale = 0.01\n'
        with Service(outflow(arguments.outflow), folder, warehouses) as service:
            suite = Suite(service, folder, arguments.words)
            reference = service.unload(case.order_lines({"format": "parquet"}), folder / "reference")
            lines = pyarrow.parquet.read_table(reference)
            kinds = {field.name: pyarrow.string() if pyarrow.types.is_string_view(field.type) else field.type for field in lines.schema}
            rows = table.rows_of(lines, kinds)
            rows_end = max(row[0] for row in rows) + 1
            for one in case.cases():
                if one.is_sample:
                    until = 10 * one.until if one.until else rows_end
                    suite.run(one, kinds, [row for row in rows if row[0] < until])
                elif one.is_long:
                    suite.run(one, table.LONG, long)
                else:
                    suite.run(one, {name: kind for name, (kind, _) in table.COLUMNS.items()}, awkward)
    print(f"{suite.passed} passed, {suite.failed} failed ({time.monotonic() - begun:.0f} s)")
    print(f"readers: {suite.passed} passed, {suite.failed} failed")
    if suite.failed or not suite.passed:
        sys.exit(1)


main()
