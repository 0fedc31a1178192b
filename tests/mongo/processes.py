"""What tests need to know about processes and about the notes that those write."""

import subprocess
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient


def write(uri: str, note: str) -> None:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=3000) as client:
        client.shop.notes.insert_one({"_id": note})


def written(uri: str) -> list[str]:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=3000) as client:
        return client.shop.notes.distinct("_id")


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not has_ended(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return has_ended(pid)


def one_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
