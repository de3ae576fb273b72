"""A running Outflow: started on a free port with a folder of its own, asked over HTTP, stopped by its own process id."""

import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request


# How many seconds an unload may take.
DEADLINE = 300


class Refused(Exception):
    """An answer that is no success: its status and its body."""


class Service:
    def __init__(self, program, folder, tables):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.base = "http://127.0.0.1:%d" % free.getsockname()[1]
        config = folder / "outflow.toml"
        config.write_text(
            f'[server]\nlisten = "{self.base[7:]}"\ndataDir = "{folder / "data"}"\n'
            f'[warehouse.hand]\nurl = "embedded:{tables}"\n'
            '[warehouse.sample]\nurl = "embedded:"\nsampleScale = 0.01\n'
        )
        self.log = folder / "outflow.log"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [program, "serve", "--config", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self):
        until = time.monotonic() + 60
        while time.monotonic() < until and self.child.poll() is None:
            try:
                self.call("/readyz")
                return
            except (urllib.error.URLError, Refused, ConnectionError):
                time.sleep(0.02)
        raise SystemExit("outflow does not answer:\n" + self.log.read_text(errors="replace")[-2000:])

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def call(self, path, body=None):
        request = urllib.request.Request(self.base + path if path.startswith("/") else path)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with self.opener.open(request, timeout=120) as answer:
                return answer.read()
        except urllib.error.HTTPError as refusal:
            raise Refused(refusal.code, refusal.read().decode(errors="replace")) from None

    def unload(self, request, into):
        """Runs an unload to its end and downloads its files; their paths, in order."""
        request_id = json.loads(self.call("/api/unload", request))["requestId"]
        until = time.monotonic() + DEADLINE
        while True:
            status = json.loads(self.call(f"/api/unload/status/{request_id}?wait=30"))
            if status["status"] not in ("PENDING", "RUNNING"):
                break
            if time.monotonic() > until:
                raise TimeoutError(f"{request_id} is {status['status']} after {DEADLINE} s")
        if status["status"] != "DONE":
            raise Refused(status["status"], json.dumps(status["error"]))
        into.mkdir(parents=True)
        paths, rows = [], 0
        for file in json.loads(self.call(f"/api/unload/file/{request_id}"))["files"]:
            path = into / pathlib.PurePosixPath(file["name"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.call(file["url"]))
            assert path.stat().st_size == file["bytes"], f"{path.name} is not as long as the list says"
            paths.append(path)
            rows += file["rows"]
        assert rows == status["rowCount"], "the files' rows do not add up"
        return paths
