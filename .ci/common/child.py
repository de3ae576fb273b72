"""A program of its own process, started on loopback, waited for, and stopped by its own process id."""

import os
import pathlib
import socket
import subprocess
import time

# How many seconds a program may take until it answers.
READY_WITHIN = 120


def free_address():
    """An address of this machine where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % free.getsockname()[1]


def outflow(named):
    """The program: as named, or as the tests have built it."""
    if named:
        return pathlib.Path(named).resolve()
    root = pathlib.Path(__file__).resolve().parents[2]
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "outflow"], cwd=root, check=True)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "debug/outflow"


def environment(**more):
    """What a program finds in its environment: nothing of this machine's AWS or PostgreSQL."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OUTFLOW_", "PG"))}
    return {**ours, **more}


class Child:
    """Its output goes to a file. It is stopped when the block ends that it was opened for."""

    def __init__(self, arguments, log, **more):
        self.name, self.log = pathlib.Path(arguments[0]).name, pathlib.Path(log)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **more)

    def wait_until(self, is_ready):
        """Until it is ready, which is looked for again and again; it is stopped when it never is."""
        until = time.monotonic() + READY_WITHIN
        try:
            while time.monotonic() < until and self.process.poll() is None:
                answer = is_ready()
                if answer:
                    return answer
                time.sleep(0.02)
            raise SystemExit(f"{self.name} does not answer:\n" + self.said()[-2000:])
        except BaseException:
            self.stop()
            raise

    def said(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
