"""Long histories: pages, a CSV of everything, and the proof that the books are whole."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from pymongo.errors import PyMongoError

from backend.ledger.values import EntryType
from backend.transactions import TransactionFilter, Transactions
from tests.bench.books import CREDIT_EVERY, write_history
from tests.bench.measure import interleave
from tests.bench.report import Bar, Figure, compare, value_at_least, value_at_most
from tests.bench.stage import Stage

OWNER = "customer_0"
SHORT = 10_000
PAGE = 50
LOOKS, DATED_LOOKS = 60, 3
SAME_COST = Bar(of="ratio", low=0.8, high=1.2)
SMALL_GROWTH = value_at_most(20)
DEEP = 0.9


def run(stage: Stage) -> Iterator[Figure]:
    """Write a short and a long history, then read them."""
    long = 100_000 if stage.quick else 1_000_000
    with stage.database() as short_books, stage.database() as long_books:
        write_history(short_books, OWNER, entries=SHORT)
        began = time.perf_counter()
        write_history(long_books, OWNER, entries=long)
        print(f"wrote {long} entries in {time.perf_counter() - began:.0f} s", flush=True)
        yield from _pages(Transactions(short_books), Transactions(long_books), long)
        yield from _long_reads(stage, long_books.name, long)


def _pages(short: Transactions, long: Transactions, length: int) -> Iterator[Figure]:
    everything = TransactionFilter(customer_id=OWNER)
    credits_only = TransactionFilter(customer_id=OWNER, type=EntryType.CREDIT)
    last_hour = TransactionFilter(customer_id=OWNER, since=datetime.now(UTC) - timedelta(hours=1))
    all_dated = TransactionFilter(customer_id=OWNER, since=datetime(2000, 1, 1, tzinfo=UTC))
    looks = (
        ("first page", everything, 0.0, SAME_COST),
        (f"page {DEEP:.0%} deep", everything, DEEP, SAME_COST),
        ("first page of one type", credits_only, 0.0, None),
        (f"page {DEEP:.0%} deep of one type", credits_only, DEEP / CREDIT_EVERY, None),
        ("first page of the last hour", last_hour, 0.0, None),
        ("first page since a date before all", all_dated, 0.0, None),
    )
    for name, wanted, depth, bar in looks:
        contestants: dict[str, Callable[[], float]] = {
            "long": partial(_look, long, wanted, int(length * depth)),
            "short": partial(_look, short, wanted, int(SHORT * depth)),
        }
        name = f"{name}, {length} entries"
        try:
            times = interleave(contestants, repeats=DATED_LOOKS if wanted.is_dated else LOOKS)
        except PyMongoError as error:
            yield Figure(name=name, note=f"the product gave up: {error}")
            continue
        ours, floors = _thirds(times["long"]), _thirds(times["short"])
        yield compare(name, "ms", ours, floors, floor_name=f"{SHORT} entries", bar=bar)


def _look(history: Transactions, wanted: TransactionFilter, skip: int) -> float:
    began = time.perf_counter()
    page = history.page(wanted, limit=PAGE, skip=skip)
    took = time.perf_counter() - began
    if len(page.entries) != PAGE:
        raise RuntimeError(f"a page has {len(page.entries)} entries")
    return took * 1000


def _thirds(times: list[float]) -> list[float]:
    """Make three medians of many looks, each over one stretch of time."""
    size = len(times) // 3
    return [median(times[start : start + size]) for start in (0, size, 2 * size)]


def _long_reads(stage: Stage, database: str, count: int) -> Iterator[Figure]:
    contestants = {what: partial(_child, stage, database, what) for what in ("csv", "verify", "cursor")}
    results = interleave(contestants, repeats=1)
    for what, found in results.items():
        if any(result["count"] != count for result in found):
            raise RuntimeError(f"{what} saw {found[0]['count']} entries of {count}")
    cursor = [result["rate"] for result in results["cursor"]]
    floor_name = "reading the documents alone"
    for what, bar in (("csv", None), ("verify", value_at_least(50_000))):
        found = results[what]
        rates = [result["rate"] for result in found]
        yield compare(f"{what}, {count} entries", "/s", rates, cursor, floor_name=floor_name, bar=bar)
        growth = [result["growth_mb"] for result in found]
        note = f"from {found[0]['before_mb']:.0f} MB to {found[0]['after_mb']:.0f} MB at the end"
        yield compare(f"{what}, memory on top", "MB", growth, bar=SMALL_GROWTH, note=note)
    first_byte = [result["first_byte_ms"] for result in results["csv"]]
    yield compare("csv, first byte", "ms", first_byte, bar=value_at_most(200))


def _child(stage: Stage, database: str, what: str) -> dict[str, Any]:
    environment = {**os.environ, "MONGODB_URI": stage.uri, "MONGODB_DB": database}
    command = [sys.executable, "-m", "tests.bench.child", what]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result
