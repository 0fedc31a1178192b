"""The application under the gunicorn of production, and wrk to drive it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.bench.measure import resident_mb

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("requests.lua")
INSTALL_WRK = "wrk is not installed: apt-get install wrk"
START_SECONDS, STOP_SECONDS = 30, 30
CONNECTIONS, DRIVING_THREADS = 100, 2
LONGEST_REPLAY_SECONDS, ANSWERED = 120, "ANSWERED\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of request; {wallet} in the path is drawn from so many wallets."""

    method: str
    path: str
    token: str
    wallets: int = 1


class Server:
    """gunicorn on a free port, with its own workers and no rate limits."""

    def __init__(
        self, app: str, *, uri: str, database: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._app = app
        self._port = _free_port()
        self._environment = {
            **os.environ,
            "MONGODB_URI": uri,
            "MONGODB_DB": database,
            "PORT": str(self._port),
            "WEB_CONCURRENCY": "2",
            "WEB_THREADS": "64",
            "LOG_LEVEL": "WARNING",
            "RATELIMIT_ENABLED": "false",
            **(environment or {}),
        }
        self.seconds_to_start = 0.0

    def __enter__(self) -> Self:
        began = time.perf_counter()
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", self._app]
        self._process = subprocess.Popen(command, env=self._environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            self._wait_until_ready(began + START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        self.seconds_to_start = time.perf_counter() - began
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def memory_mb(self) -> float:
        """Tell what the largest worker has in RAM."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return max(resident_mb(int(pid)) for pid in children.split())

    def drive(self, kind: Kind, *, seconds: float) -> dict[str, Any]:
        """Send requests on 100 connections for a while; each waits for its answer."""
        command = self._wrk(CONNECTIONS, timeout_seconds=10, seconds=max(1, round(seconds)))
        command += [kind.method, kind.path, str(kind.wallets), kind.token]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return _result(output)

    def replay(
        self, requests: Sequence[bytes], *, count: int, connections: int = CONNECTIONS
    ) -> dict[str, Any]:
        """Send prepared requests in turn until so many are answered; each connection waits for its answer."""
        with tempfile.NamedTemporaryFile(prefix="batua-bench-requests-") as file:
            file.write(b"".join(request + b"\0" for request in requests))
            file.flush()
            command = self._wrk(connections, timeout_seconds=30, seconds=LONGEST_REPLAY_SECONDS)
            command += ["PREPARED", file.name, str(count), str(DRIVING_THREADS)]
            return _watch(command)

    def _wrk(self, connections: int, *, timeout_seconds: int, seconds: int) -> list[str]:
        command = ["wrk", "--threads", str(DRIVING_THREADS), "--connections", str(connections)]
        command += ["--timeout", f"{timeout_seconds}s", "--duration", f"{seconds}s", "--script", str(SCRIPT)]
        return [*command, f"http://127.0.0.1:{self._port}", "--"]

    def _wait_until_ready(self, deadline: float) -> None:
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() > deadline:
                raise RuntimeError("gunicorn did not start; its reason is above")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def has_wrk() -> bool:
    """Tell whether wrk is there."""
    return shutil.which("wrk") is not None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _watch(command: list[str]) -> dict[str, Any]:
    """Run wrk until each of its threads has all its answers; it would go on waiting for its time to end."""
    began, seconds = time.perf_counter(), float(LONGEST_REPLAY_SECONDS)
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        for line in wrk.stdout or ():
            lines.append(line)
            if line == ANSWERED and lines.count(ANSWERED) == DRIVING_THREADS:
                seconds = time.perf_counter() - began
                wrk.send_signal(signal.SIGINT)
    return _result("".join(lines)) | {"seconds": seconds}


def _result(output: str) -> dict[str, Any]:
    line = next(line for line in output.splitlines() if line.startswith("JSON "))
    result: dict[str, Any] = json.loads(line.removeprefix("JSON "))
    return result
