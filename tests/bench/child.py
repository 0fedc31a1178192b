"""Runs one long read in a process of its own, so that the memory measured is its own."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from backend import create_app, db
from backend.access import tokens_for
from backend.config import Settings
from backend.ledger.documents import Document
from backend.services import Services
from backend.user_service import Role
from tests.bench.measure import peak_mb, resident_mb

Result = dict[str, Any]


def main(what: str) -> None:
    """Do what the arguments say and print the result as JSON."""
    name = os.environ["MONGODB_DB"]
    settings = Settings(
        environment="test", mongodb_uri=os.environ["MONGODB_URI"], mongodb_db=name, log_level="ERROR"
    )
    print(json.dumps({"csv": _csv, "verify": _verify, "cursor": _cursor}[what](settings)))


def _csv(settings: Settings) -> Result:
    """Download everything through the WSGI application, as an admin."""
    app = create_app(settings)
    found: Services = app.extensions["batua"]
    with app.app_context():
        token = tokens_for(found.sessions.open("admin"), Role.ADMIN)["access_token"]
    client = app.test_client()

    def download() -> Result:
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {token}"}
        response = client.get("/api/transactions/download", headers=headers)
        chunks = iter(response.response)
        rows, first_byte = next(chunks).count(b"\n"), time.perf_counter() - began
        rows += sum(chunk.count(b"\n") for chunk in chunks)
        response.close()
        return {"count": rows - 1, "first_byte_ms": first_byte * 1000}

    client.get("/api/transactions", headers={"Authorization": f"Bearer {token}"})
    return _watched(download)


def _verify(settings: Settings) -> Result:
    """Walk through the books."""
    app = create_app(settings)
    found: Services = app.extensions["batua"]

    def walk() -> Result:
        report = found.verifier.run()
        if not report.is_whole:
            raise RuntimeError(f"the benchmark's own books are broken: {report.problems[0]}")
        return {"count": report.entries}

    return _watched(walk)


def _cursor(settings: Settings) -> Result:
    """The floor of both: read every entry in the order of the history, and do nothing with it."""
    client = db.connect(settings.mongodb_uri)
    entries = client[settings.mongodb_db].get_collection("wallet_transactions")

    def read() -> Result:
        order = [("customer_id", 1), ("seq", 1)]
        documents: Any = entries.find(sort=order, batch_size=5000)
        return {"count": sum(1 for _ in _typed(documents))}

    return _watched(read)


def _typed(documents: Any) -> Any:
    cursor: Any = documents
    first: Document = next(cursor)
    yield first
    yield from cursor


def _watched(work: Callable[[], Result]) -> Result:
    """Time the work, and see how much memory it needs on top of the application's."""
    before_mb = resident_mb()
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    return result | {
        "rate": result["count"] / seconds,
        "before_mb": before_mb,
        "after_mb": resident_mb(),
        "growth_mb": peak_mb() - before_mb,
    }


if __name__ == "__main__":
    main(sys.argv[1])
