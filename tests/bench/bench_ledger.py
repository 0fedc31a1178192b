"""The ledger in process: one movement at a time from many threads, and many from one caller."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from pymongo.database import Database

from backend.indexes import INDEXES
from backend.ledger import Entry, Ledger, Submission
from backend.ledger.documents import Document
from tests.bench.books import customer_ids, debit, open_wallets
from tests.bench.measure import WARM_UP_SECONDS, Sample, hammer, interleave
from tests.bench.raw_transaction import RawTransactions
from tests.bench.report import Bar, Figure, compare, ratio_at_least, ratio_at_most, value_at_least
from tests.bench.stage import Stage

WALLETS = 1000
BATCH = 256
RAW, BARE = "transaction per request", "the same without its indexes (harder)"
RATE_BARS: Mapping[tuple[int, int], float] = {(64, WALLETS): 3.5, (64, 1): 30, (1, WALLETS): 0.7, (1, 1): 0.7}
P99_BARS: Mapping[tuple[int, int], float] = {(64, WALLETS): 1 / 4, (64, 1): 1 / 40}


def single(stage: Stage) -> Iterator[Figure]:
    """Compare Ledger.move with a hand-written transaction per request."""
    with stage.database() as database:
        contestants = _contestants(database)
        for threads in (64, 16, 1):
            for wallets in (WALLETS, 1):
                customers = customer_ids(WALLETS)[:wallets]
                seconds = stage.seconds(1.5)
                samples = race(contestants, customers, threads, seconds, stage.repeats)
                yield from _figures(samples, threads, wallets)


def _contestants(database: Database[Document]) -> dict[str, Callable[[str], object]]:
    ledger = Ledger(database)
    open_wallets(database, customer_ids(WALLETS))
    contestants: dict[str, Callable[[str], object]] = {"ours": mover(ledger)}
    for name in (RAW, BARE):
        raw = RawTransactions(database, "indexed" if name == RAW else "bare")
        raw.open_wallets(customer_ids(WALLETS))
        if name == RAW:
            raw.add_indexes()
        contestants[name] = raw.debit
    return contestants


def mover(ledger: Ledger) -> Callable[[str], object]:
    """Make the ledger's side of a race."""
    return lambda customer: ledger.move(debit(customer, uuid.uuid4().hex))


def race(
    contestants: Mapping[str, Callable[[str], object]],
    customers: list[str],
    threads: int,
    seconds: float,
    repeats: int,
) -> dict[str, list[Sample]]:
    """Let contestants debit the same number of wallets in turn; first each opens its connections."""
    for work in contestants.values():
        hammer(work, customers, threads=threads, seconds=WARM_UP_SECONDS)
    runs = {
        name: partial(hammer, work, customers, threads=threads, seconds=seconds)
        for name, work in contestants.items()
    }
    return interleave(runs, repeats=repeats)


def _figures(samples: dict[str, list[Sample]], threads: int, wallets: int) -> Iterator[Figure]:
    rate_bar, p99_bar = RATE_BARS.get((threads, wallets)), P99_BARS.get((threads, wallets))
    name = f"ledger, {place(threads, wallets)}"
    yield from versus(
        name,
        samples["ours"],
        samples[RAW],
        floor_name=RAW,
        rate_bar=ratio_at_least(rate_bar) if rate_bar else None,
        p99_bar=ratio_at_most(p99_bar) if p99_bar else None,
    )
    yield from versus(name, samples["ours"], samples[BARE], floor_name=BARE)


def place(threads: int, wallets: int) -> str:
    """Say how hard a race was."""
    return f"{threads} thread{'s' * (threads > 1)}, {'one wallet' if wallets == 1 else f'{wallets} wallets'}"


def versus(
    name: str,
    ours: list[Sample],
    floors: list[Sample],
    *,
    floor_name: str,
    rate_bar: Bar | None = None,
    p99_bar: Bar | None = None,
) -> Iterator[Figure]:
    """Compare throughput and both percentiles, and tell of failures."""
    for attribute, unit, bar in (("rate", "/s", rate_bar), ("p50_ms", "ms", None), ("p99_ms", "ms", p99_bar)):
        yield compare(
            f"{name}: {attribute.removesuffix('_ms')}",
            unit,
            [getattr(sample, attribute) for sample in ours],
            [getattr(sample, attribute) for sample in floors],
            floor_name=floor_name,
            bar=bar,
            note=_failures(ours, floors) if attribute == "rate" else "",
        )


def _failures(ours: list[Sample], floors: list[Sample]) -> str:
    failed = [
        f"{side} failed {sum(s.errors for s in samples)} times ({', '.join(_names(samples))})"
        for side, samples in (("ours", ours), ("the floor", floors))
        if any(sample.errors for sample in samples)
    ]
    return "; ".join(failed)


def _names(samples: list[Sample]) -> list[str]:
    return sorted({name for sample in samples for name in sample.error_names})


def batches(stage: Stage) -> Iterator[Figure]:
    """Compare Ledger.post_many with the bare insertion of as many documents."""
    count = 5_000 if stage.quick else 20_000
    with stage.database() as database:
        ledger = Ledger(database)
        customers = customer_ids(WALLETS)
        open_wallets(database, customers)
        floor = database["raw_history"]
        floor.create_indexes(INDEXES["wallet_transactions"])
        for wallets in (WALLETS, 1):
            chosen = customers[:wallets]
            contestants = {
                "ours": partial(_post_many, ledger, chosen, count),
                "floor": partial(_insert_many, database, floor.name, count),
            }
            rates = interleave(contestants, repeats=stage.repeats)
            yield compare(
                f"post_many, {'one wallet' if wallets == 1 else f'{wallets} wallets'}",
                "entries/s",
                rates["ours"],
                rates["floor"],
                floor_name=f"insert_many of such documents, {BATCH} at a time",
                bar=value_at_least(10_000),
            )
        ledger.close()


def _post_many(ledger: Ledger, customers: list[str], count: int) -> float:
    submissions = [
        Submission(posting=debit(customers[number % len(customers)], uuid.uuid4().hex))
        for number in range(count)
    ]
    began = time.perf_counter()
    answers = ledger.post_many(submissions)
    lasted = time.perf_counter() - began
    refused = [answer for answer in answers if not isinstance(answer, Entry)]
    if refused:
        raise RuntimeError(f"{len(refused)} postings failed, first: {refused[0]!r}")
    return count / lasted


def _insert_many(database: Database[Document], floor: str, count: int) -> float:
    """Insert copies of the newest entries under new ids."""
    newest = database["wallet_transactions"].find(sort=[("created_at", -1)], limit=count)
    stamp = uuid.uuid4().hex
    copies = [
        {**entry, "_id": f"{stamp}_{number}", "customer_id": stamp, "seq": number}
        for number, entry in enumerate(newest)
    ]
    began = time.perf_counter()
    for start in range(0, len(copies), BATCH):
        database[floor].insert_many(copies[start : start + BATCH])
    return len(copies) / (time.perf_counter() - began)
