"""The application under the gunicorn of production, and wrk to drive it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.bench.measure import resident_mb

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("requests.lua")
INSTALL_WRK = "wrk is not installed: apt-get install wrk"
START_SECONDS, STOP_SECONDS = 30, 30
CONNECTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of request; {wallet} in the path is drawn from so many wallets."""

    method: str
    path: str
    token: str
    wallets: int = 1


class Server:
    """gunicorn on a free port, with its own workers and no rate limits."""

    def __init__(self, app: str, *, uri: str, database: str) -> None:
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
        command = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--timeout", "10s"]
        command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(SCRIPT)]
        command += [f"http://127.0.0.1:{self._port}", "--"]
        command += [kind.method, kind.path, str(kind.wallets), kind.token]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        line = next(line for line in output.splitlines() if line.startswith("JSON "))
        result: dict[str, Any] = json.loads(line.removeprefix("JSON "))
        return result

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
