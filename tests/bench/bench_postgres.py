"""The rival that is hardest to beat: a hand-written statement per transfer on PostgreSQL."""

import uuid
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

from backend.ledger import Ledger
from tests.bench.bench_ledger import WALLETS, mover, place, race, versus
from tests.bench.books import CURRENCY, PLENTY_MINOR, customer_ids, open_wallets
from tests.bench.postgres_server import INSTALL, find_programs, postgres
from tests.bench.report import Figure, ratio_at_least
from tests.bench.stage import Stage

RATE_BARS = {(16, WALLETS): 1.0, (64, WALLETS): 1.0, (16, 1): 2.5, (64, 1): 2.5}
RIVAL, BARE = "PostgreSQL, one statement", "the same without its indexes (harder)"

WALLET_TABLE = """
CREATE TABLE wallets_{name} (
    id text PRIMARY KEY, currency text NOT NULL, seq bigint NOT NULL,
    balance bigint NOT NULL CHECK (balance >= 0))
"""
ENTRY_TABLE = """
CREATE TABLE entries_{name} (
    id text PRIMARY KEY, customer_id text NOT NULL, seq bigint NOT NULL, type text NOT NULL,
    amount bigint NOT NULL, currency text NOT NULL, balance_before bigint NOT NULL,
    balance_after bigint NOT NULL, account text NOT NULL, reason text NOT NULL, source text NOT NULL,
    order_id text, call_id text, metadata jsonb NOT NULL, created_at timestamptz NOT NULL)
"""
# Those of wallet_transactions, for the same queries.
INDEXES = (
    "CREATE UNIQUE INDEX ON entries_{name} (customer_id, seq)",
    "CREATE INDEX ON entries_{name} (customer_id, type, seq DESC)",
    "CREATE INDEX ON entries_{name} (customer_id, created_at DESC, seq DESC)",
    "CREATE INDEX ON entries_{name} (created_at DESC, id DESC)",
    "CREATE INDEX ON entries_{name} (type, created_at DESC, id DESC)",
)
TRANSFER = """
WITH wallet AS (
    UPDATE wallets_{name} SET balance = balance - 1, seq = seq + 1
    WHERE id = %s AND balance >= 1 RETURNING id, currency, seq, balance)
INSERT INTO entries_{name}
SELECT %s, id, seq, 'debit', 1, currency, balance + 1, balance, 'adjustments', 'Benchmark', 'admin',
       NULL, NULL, '{{"admin_id": "admin"}}', clock_timestamp()
FROM wallet RETURNING id, seq, balance_after
"""


class HandWritten:
    """One round trip for each transfer, on connections that stay open."""

    def __init__(self, conninfo: str, *, indexed: bool) -> None:
        name = "indexed" if indexed else "bare"
        self._conninfo = conninfo
        self._transfer = TRANSFER.format(name=name)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        with self._connect() as connection:
            for statement in (WALLET_TABLE, ENTRY_TABLE, *(INDEXES if indexed else ())):
                connection.execute(statement.format(name=name))
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO wallets_{name} VALUES (%s, %s, 0, %s)",
                    [(customer, CURRENCY, PLENTY_MINOR) for customer in customer_ids(WALLETS)],
                )

    def _connect(self) -> Any:
        import psycopg  # Only here when somebody installed it for this comparison.

        return psycopg.connect(self._conninfo, autocommit=True)

    def debit(self, customer: str) -> tuple[Any, ...]:
        """Take the smallest coin."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        parameters = (customer, uuid.uuid4().hex)
        entry: tuple[Any, ...] | None = connection.execute(
            self._transfer, parameters, prepare=True
        ).fetchone()
        self._idle.put(connection)
        if entry is None:
            raise LookupError(f"{customer} has no wallet or no money")
        return entry

    def close(self) -> None:
        """Close all connections."""
        while not self._idle.empty():
            self._idle.get().close()


def run(stage: Stage) -> Iterator[Figure]:
    """Compare Ledger.move with PostgreSQL where it is installed."""
    programs = find_programs()
    if programs is None:
        yield Figure(name="PostgreSQL", note=INSTALL)
        return
    with stage.database() as database, postgres(programs) as conninfo:
        ledger = Ledger(database)
        open_wallets(database, customer_ids(WALLETS))
        rivals = {
            RIVAL: HandWritten(conninfo, indexed=True),
            BARE: HandWritten(conninfo, indexed=False),
        }
        yield from _races(stage, ledger, rivals)
        ledger.close()
        for rival in rivals.values():
            rival.close()


def _races(stage: Stage, ledger: Ledger, rivals: dict[str, HandWritten]) -> Iterator[Figure]:
    contestants = {"ours": mover(ledger)} | {name: rival.debit for name, rival in rivals.items()}
    for (threads, wallets), bar in RATE_BARS.items():
        customers = customer_ids(WALLETS)[:wallets]
        samples = race(contestants, customers, threads, stage.seconds(1.5), stage.repeats)
        for floor_name in rivals:
            yield from versus(
                f"ledger, {place(threads, wallets)}",
                samples["ours"],
                samples[floor_name],
                floor_name=floor_name,
                rate_bar=ratio_at_least(bar) if floor_name == RIVAL else None,
            )
