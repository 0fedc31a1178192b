"""Servers for the tests: the real gunicorn, and databases that are not there."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


class Gunicorn:
    """The application as it runs in production: two processes with many threads."""

    def __init__(self, *, mongodb_uri: str, database_name: str, directory: Path) -> None:
        self.metrics_directory = directory / "metrics"
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._log = (directory / "gunicorn.log").open("wb")
        environment = os.environ | {
            "MONGODB_URI": mongodb_uri,
            "MONGODB_DB": database_name,
            "PORT": str(port),
            "WEB_CONCURRENCY": "2",
            "WEB_THREADS": "32",
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics_directory),
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log
        )

    def start(self) -> None:
        """Wait until both workers are there and one of them answers."""
        until(lambda: len(self.worker_pids()) == 2 and self._answers())

    def worker_pids(self) -> list[int]:
        """Name the processes that serve requests."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill_workers(self) -> None:
        """End the workers without giving them the time to finish anything."""
        for pid in self.worker_pids():
            os.kill(pid, signal.SIGKILL)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request on a connection of its own, so that either worker may get it."""
        return requests.request(method, self.url + path, timeout=30, **options)

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(40)
        self._log.close()

    def _answers(self) -> bool:
        try:
            return self.send("GET", "/readyz").ok
        except requests.ConnectionError:
            return False


def until(condition: Callable[[], Any], *, seconds: float = START_SECONDS) -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def silent_server(port: int) -> Iterator[None]:
    """Listen on a port, let everybody connect, and never say a word."""
    with socket.create_server(("127.0.0.1", port), backlog=512):
        yield
