"""A mongod that is not set up as the product would, for what the embedded one does not offer."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from backend.embedded_mongo import locate_mongod

REPLICA_SET = ("--replSet", "rs0", "--oplogSize", "64")
FAILPOINTS = ("--setParameter", "enableTestCommands=1", "--setParameter", "transactionLifetimeLimitSeconds=3")
SMALL = ("--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def mongod(data: Path, *options: str) -> Iterator[str]:
    """Run a server with these options and give its URI once it takes writes."""
    port = free_port()
    command = [str(locate_mongod()), "--dbpath", str(data), "--port", str(port), *SMALL, *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
            if "--replSet" in options:
                member = {"_id": 0, "host": f"127.0.0.1:{port}"}
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            wait_until_writable(client)
        yield f"mongodb://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def wait_until_writable(client: MongoClient[dict[str, Any]], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_writable(client):
        assert time.monotonic() < deadline, "mongod takes no writes"
        time.sleep(0.02)


def is_writable(client: MongoClient[dict[str, Any]]) -> bool:
    try:
        return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False


@contextmanager
def fault(
    client: MongoClient[dict[str, Any]], *commands: str, times: int | None = None, **data: Any
) -> Iterator[None]:
    """Let commands of the product fail so many times, or until the end of the block."""
    mode = {"times": times} if times else "alwaysOn"
    about = {"failCommands": list(commands), "appName": "batua", **data}
    client.admin.command("configureFailPoint", "failCommand", mode=mode, data=about)
    try:
        yield
    finally:
        client.admin.command("configureFailPoint", "failCommand", mode="off")
