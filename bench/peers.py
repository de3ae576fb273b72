"""Unloads TPC-H `lineitem` with Outflow, DuckDB and DataFusion in turn, from the same Parquet file, and prints a table for docs/benchmarks.md.

Outflow is measured as its users meet it: a running service, from the `POST` until the unload is `DONE`, its own verification and SHA-256
included. The peers run `COPY` in a process of their own, whose start is not counted.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

# What is compared: the options of our request, and what DuckDB and DataFusion are asked for; None where a peer has nothing like it.
KINDS = {
    "csv": ({"format": "csv", "compression": "none"}, "format csv, header", ("CSV", {"format.has_header": "true"}, "csv")),
    "csv.gz": (
        {"format": "csv", "compression": "gzip"},
        "format csv, header, compression gzip",
        ("CSV", {"format.has_header": "true", "format.compression": "gzip"}, "csv.gz"),
    ),
    "csv.zst": (
        {"format": "csv", "compression": "zstd"},
        "format csv, header, compression zstd",
        ("CSV", {"format.has_header": "true", "format.compression": "zstd"}, "csv.zst"),
    ),
    "json.gz": (
        {"format": "json", "compression": "gzip"},
        "format json, compression gzip",
        ("JSON", {"format.compression": "gzip"}, "json.gz"),
    ),
    "parquet": ({"format": "parquet"}, "format parquet, compression snappy", ("PARQUET", {"format.compression": "snappy"}, "parquet")),
}


def duckdb(source, target, copy):
    import duckdb as engine

    connection = engine.connect()
    connection.execute(f"set threads = {os.cpu_count()}")
    begun = time.monotonic()
    connection.execute(f"copy (select * from read_parquet('{source}')) to '{target}' ({copy})")
    return time.monotonic() - begun


def datafusion(source, target, copy):
    from datafusion import SessionConfig, SessionContext

    kind, options, _ = copy
    # One file, as the others write.
    context = SessionContext(SessionConfig({"datafusion.execution.minimum_parallel_output_files": "1"}))
    context.register_parquet("lineitem", source)
    listed = ", ".join(f"'{name}' '{value}'" for name, value in options.items())
    begun = time.monotonic()
    context.sql(f"copy (select * from lineitem) to '{target}' stored as {kind.lower()} options ({listed})").collect()
    return time.monotonic() - begun


def peer(name, source, copy):
    """Runs a peer in a process of its own: seconds, bytes and peak memory in MB."""
    with tempfile.TemporaryDirectory(dir="target") as folder:
        target = pathlib.Path(folder).resolve() / ("out." + (copy[2] if name == "datafusion" else "out"))
        work = [sys.executable, __file__, "--peer", name, str(source), str(target), json.dumps(copy)]
        done = subprocess.run(work, check=True, capture_output=True, text=True)
        seconds, peak = json.loads(done.stdout)
        files = [target] if target.is_file() else list(target.rglob("*"))
        return seconds, sum(file.stat().st_size for file in files if file.is_file()), peak


def outflow(program, samples, scale, options):
    """Runs an unload in a service of its own: seconds, bytes and peak memory in MB."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tempfile.mkdtemp(dir="target")
    environment = {"OUTFLOW_WAREHOUSE_MAIN_SAMPLE_SCALE": str(scale), "OUTFLOW_WAREHOUSE_MAIN_SAMPLE_DIR": str(samples)}
    command = [program, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", data]
    service = subprocess.Popen(command, env=os.environ | environment | {"OUTFLOW_LOG": "warn"}, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(base)
        begun = time.monotonic()
        request = {"sql": "SELECT * FROM lineitem", **options}
        unload = call(f"{base}/api/unload", request)
        while unload["status"] in ("PENDING", "RUNNING"):
            unload = call(f"{base}/api/unload/status/{unload['requestId']}?wait=30")
        seconds = time.monotonic() - begun
        if unload["status"] != "DONE":
            raise SystemExit(f"the unload did not end well: {unload}")
        status = pathlib.Path(f"/proc/{service.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024 / 1e6
        return seconds, unload["byteCount"], peak
    finally:
        service.terminate()
        service.wait()
        shutil.rmtree(data)


def wait_for(base):
    for _ in range(3_000):
        try:
            return call(f"{base}/healthz")
        except (urllib.error.URLError, ConnectionError, ValueError):
            time.sleep(0.01)
    raise SystemExit("the service does not answer")


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"content-type": "application/json"})) as answer:
        text = answer.read()
        return json.loads(text) if text.startswith(b"{") else text


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--outflow", required=True, help="the release build")
    arguments.add_argument("--samples", default="target/bench-samples", help="where sample tables are kept between runs")
    arguments.add_argument("--scale", type=int, default=1)
    arguments.add_argument("--runs", type=int, default=3, help="how often each is run, in turn; the median counts")
    arguments.add_argument("--only", default=",".join(KINDS), help="which of " + ", ".join(KINDS))
    asked = arguments.parse_args()
    samples = pathlib.Path(asked.samples).resolve()
    # Makes the table, and warms the disk's cache.
    outflow(asked.outflow, samples, asked.scale, KINDS["parquet"][0])
    source = samples / f"tpch-{asked.scale}-v1" / "lineitem.parquet"
    print("| `lineitem`, scale", asked.scale, "| seconds | MB | peak MB | Outflow is | and its file is |")
    print("|---|---|---|---|---|---|")
    for kind in asked.only.split(","):
        options, for_duckdb, for_datafusion = KINDS[kind]
        runs = {"outflow": [], "duckdb": [], "datafusion": []}
        for _ in range(asked.runs):
            runs["outflow"].append(outflow(asked.outflow, samples, asked.scale, options))
            runs["duckdb"].append(peer("duckdb", source, for_duckdb))
            runs["datafusion"].append(peer("datafusion", source, for_datafusion))
        median = {name: [statistics.median(column) for column in zip(*all_runs)] for name, all_runs in runs.items()}
        ours = median["outflow"]
        for name, (seconds, size, peak) in median.items():
            judged = "" if name == "outflow" else f"{seconds / ours[0]:.1f} times as fast | {ours[1] / size:.3f} times as large"
            print(f"| {kind}, {name} | {seconds:.1f} | {size / 1e6:.0f} | {peak:.0f} | {judged or '|'} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 6 and sys.argv[1] == "--peer":
        _, _, name, source, target, copy = sys.argv
        seconds = {"duckdb": duckdb, "datafusion": datafusion}[name](source, target, json.loads(copy))
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))
    else:
        main()
