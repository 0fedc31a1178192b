"""Python processes of their own, for tests that kill them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from backend.ledger import Ledger
from backend.ledger.store import LedgerStore
from tests.conftest import open_wallet
from tests.mongo.books import give

Document = dict[str, Any]

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python in a process group of its own, as a shell does for a job, and end it after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
        inherited = {key: value for key, value in os.environ.items() if key != "MONGODB_URI"}
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=REPOSITORY,
            env={**inherited, "PYTHONPATH": str(REPOSITORY), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def store(ledger: Ledger, database: Database[Document]) -> LedgerStore:
    """A store, with 10.00 in the wallet of cust_1 and three orders to be paid."""
    open_wallet(ledger, database)
    give(ledger, 1000)
    database["orders"].insert_many([{"_id": f"order_{n}", "state": "PENDING"} for n in (1, 2, 3)])
    return LedgerStore(database)
