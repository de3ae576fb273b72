"""A running Outflow with a folder of its own, asked over HTTP."""

import json
import pathlib
import time
import urllib.error
import urllib.request

from child import Child, environment, free_address

# How many seconds an unload may take.
DEADLINE = 300


class Refused(Exception):
    """An answer that is no success: its status and its body."""


class KeepsLinks(urllib.request.HTTPRedirectHandler):
    """A link is an answer; who wants what it leads to follows it."""

    def redirect_request(self, *_):
        return None


class Service(Child):
    def __init__(self, program, folder, config, **variables):
        """`config` is what stands in `outflow.toml` beside the address and the folder, `variables` what more is in its environment."""
        address = free_address()
        self.base = f"http://{address}"
        path = folder / "outflow.toml"
        path.write_text(f'[server]\nlisten = "{address}"\ndataDir = "{folder / "data"}"\n{config}')
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.keeper = urllib.request.build_opener(urllib.request.ProxyHandler({}), KeepsLinks)
        arguments = [program, "serve", "--config", path]
        super().__init__(arguments, folder / "outflow.log", cwd=folder, env=environment(**variables))
        self.wait_until(self.is_ready)

    def is_ready(self):
        try:
            self.call("/readyz")
            return True
        except (urllib.error.URLError, Refused, ConnectionError):
            return False

    def ask(self, path, body=None, method=None, headers=(), opener=None):
        """An answer with its head, whatever it is; `path` may be a whole address."""
        request = urllib.request.Request(self.base + path if path.startswith("/") else path, method=method, headers=dict(headers))
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with (opener or self.opener).open(request, timeout=120) as answer:
                return answer, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer, answer.read()

    def call(self, path, body=None, method=None):
        answer, read = self.ask(path, body, method)
        if answer.status >= 300:
            raise Refused(answer.status, read.decode(errors="replace"))
        return read

    def finished(self, request):
        """Sends an unload and waits for its end; its name and its last status."""
        request_id = json.loads(self.call("/api/unload", request))["requestId"]
        until = time.monotonic() + DEADLINE
        while True:
            status = json.loads(self.call(f"/api/unload/status/{request_id}?wait=30"))
            if status["status"] not in ("PENDING", "RUNNING"):
                return request_id, status
            if time.monotonic() > until:
                raise TimeoutError(f"{request_id} is {status['status']} after {DEADLINE} s")

    def done(self, request):
        """The same of one that must succeed."""
        request_id, status = self.finished(request)
        if status["status"] != "DONE":
            raise Refused(status["status"], json.dumps(status["error"]))
        return request_id, status

    def files(self, request_id):
        """The list of its files, with links."""
        return json.loads(self.call(f"/api/unload/file/{request_id}"))["files"]

    def unload(self, request, into):
        """Runs an unload to its end and downloads its files; their paths, in order."""
        request_id, status = self.done(request)
        into.mkdir(parents=True)
        paths, rows = [], 0
        for file in self.files(request_id):
            path = into / pathlib.PurePosixPath(file["name"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.call(file["url"]))
            assert path.stat().st_size == file["bytes"], f"{path.name} is not as long as the list says"
            paths.append(path)
            rows += file["rows"]
        assert rows == status["rowCount"], "the files' rows do not add up"
        return paths
