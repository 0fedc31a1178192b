"""Requests under gunicorn at 100 connections, beside requests that do nothing but the ceremony."""

from collections.abc import Iterator, Mapping
from functools import partial

from flask import Flask
from pymongo.database import Database

from backend import create_app
from backend.access import tokens_for
from backend.config import Settings
from backend.ledger.documents import Document
from backend.services import Services
from backend.user_service import Role
from tests.bench.bench_ledger import WALLETS, versus
from tests.bench.books import customer_ids, open_wallets, write_history
from tests.bench.measure import Sample, interleave
from tests.bench.raw_transaction import RawTransactions
from tests.bench.report import Figure, compare, ratio_at_least, ratio_at_most, value_at_most
from tests.bench.server import INSTALL_WRK, Kind, Server, has_wrk
from tests.bench.stage import Stage

READER, READER_ENTRIES = "reader", 60
ONE, MANY = "one wallet", f"{WALLETS} wallets"
NOOP, KEYED = "no-op POST, JWT and schema", "no-op POST, JWT, schema and Idempotency-Key"
NOOP_GET = "no-op GET, JWT"
DEBIT, TRANSACTION = "debit", "same route, transaction per request"
BALANCE = "GET balance"
PAGES = {"GET transactions": "", "GET transactions, limit=10": "?limit=10"}
TRANSACTION_BARS = {MANY: 2.5, ONE: 20.0}


def run(stage: Stage) -> Iterator[Figure]:
    """Compare debits and reads with no-ops, and watch the memory of the workers."""
    if not has_wrk():
        yield Figure(name="HTTP", note=INSTALL_WRK)
        return
    with stage.database() as database:
        tokens = _prepare(stage, database)
        app = "tests.bench.http_app:make_app()"
        with Server(app, uri=stage.uri, database=database.name) as server:
            memory = _Memory(server)
            posts, reads = _posts(tokens[Role.ADMIN]), _reads(tokens[Role.CUSTOMER])
            for kind in (posts | reads).values():
                memory.count(server.drive(kind, seconds=1)["requests"])
            yield from _post_figures(_drive(stage, server, memory, posts))
            yield from _read_figures(_drive(stage, server, memory, reads))
            memory.note_warm()
            for kind in (posts[f"{DEBIT}, {MANY}"], *reads.values()):
                memory.count(server.drive(kind, seconds=stage.seconds(4))["requests"])
            yield from memory.figures()


def _prepare(stage: Stage, database: Database[Document]) -> dict[Role, str]:
    """Open wallets and log an admin and a customer with some history in."""
    open_wallets(database, customer_ids(WALLETS))
    write_history(database, READER, entries=READER_ENTRIES)
    raw = RawTransactions(database, "http")
    raw.open_wallets(customer_ids(WALLETS))
    raw.add_indexes()
    settings = Settings(
        environment="test", mongodb_uri=stage.uri, mongodb_db=database.name, log_level="ERROR"
    )
    app = create_app(settings, client=stage.client)
    return {
        Role.ADMIN: _token(app, "admin", Role.ADMIN),
        Role.CUSTOMER: _token(app, READER, Role.CUSTOMER),
    }


def _token(app: Flask, customer_id: str, role: Role) -> str:
    found: Services = app.extensions["batua"]
    with app.app_context():
        return tokens_for(found.sessions.open(customer_id), role)["access_token"]


def _posts(token: str) -> dict[str, Kind]:
    kinds = {
        NOOP: Kind(method="POST", path="/bench/noop/{wallet}", token=token, wallets=WALLETS),
        KEYED: Kind(method="POST", path="/bench/noop-keyed/{wallet}", token=token, wallets=WALLETS),
    }
    for place, wallets in ((MANY, WALLETS), (ONE, 1)):
        for name, path in (
            (DEBIT, "/api/wallet/{wallet}/debit"),
            (TRANSACTION, "/bench/transaction/{wallet}"),
        ):
            kinds[f"{name}, {place}"] = Kind(method="POST", path=path, token=token, wallets=wallets)
    return kinds


def _reads(token: str) -> dict[str, Kind]:
    kinds = {
        NOOP_GET: Kind(method="GET", path="/bench/noop", token=token),
        BALANCE: Kind(method="GET", path="/api/wallet/balance", token=token),
    }
    for name, query in PAGES.items():
        kinds[name] = Kind(method="GET", path=f"/api/transactions{query}", token=token)
    return kinds


def _drive(
    stage: Stage, server: Server, memory: "_Memory", kinds: Mapping[str, Kind]
) -> dict[str, list[Sample]]:
    return interleave(
        {name: partial(_sample, server, memory, kind, stage.seconds(3)) for name, kind in kinds.items()},
        repeats=stage.repeats,
    )


def _sample(server: Server, memory: "_Memory", kind: Kind, seconds: float) -> Sample:
    result = server.drive(kind, seconds=seconds)
    memory.count(result["requests"])
    failed = result["refused"] + result["broken"]
    return Sample(
        rate=(result["requests"] - result["refused"]) / result["seconds"],
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
        errors=failed,
        error_names=("answers of 400 and above, or none in 10 s",) if failed else (),
    )


def _post_figures(samples: Mapping[str, list[Sample]]) -> Iterator[Figure]:
    for place in (MANY, ONE):
        ours, name = samples[f"{DEBIT}, {place}"], f"{DEBIT}, {place}"
        yield from versus(
            name,
            ours,
            samples[NOOP],
            floor_name=NOOP,
            rate_bar=ratio_at_least(0.5),
            p99_bar=ratio_at_most(3),
        )
        yield from versus(name, ours, samples[KEYED], floor_name=KEYED)
        yield from versus(
            name,
            ours,
            samples[f"{TRANSACTION}, {place}"],
            floor_name=TRANSACTION,
            rate_bar=ratio_at_least(TRANSACTION_BARS[place]),
        )


def _read_figures(samples: Mapping[str, list[Sample]]) -> Iterator[Figure]:
    for name in (BALANCE, *PAGES):
        yield from versus(
            name, samples[name], samples[NOOP_GET], floor_name=NOOP_GET, rate_bar=ratio_at_least(0.7)
        )


class _Memory:
    """What the largest worker holds at the start, warm, and after all requests."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._requests = self._warm_requests = 0
        self._start_mb = self._warm_mb = server.memory_mb()

    def count(self, requests: int) -> None:
        """Count requests that were sent."""
        self._requests += requests

    def note_warm(self) -> None:
        """Note that every thread has served every kind of request by now; growth counts from here."""
        self._warm_requests, self._warm_mb = self._requests, self._server.memory_mb()

    def figures(self) -> Iterator[Figure]:
        """Show levels and slope."""
        end_mb = self._server.memory_mb()
        served = self._requests - self._warm_requests
        note = f"{self._requests} requests to 2 workers; slope over the last {served}"
        yield compare("worker memory after start", "MB", [self._start_mb])
        yield compare("worker memory after all requests", "MB", [end_mb], bar=value_at_most(150), note=note)
        slope = (end_mb - self._warm_mb) / served * 100_000
        yield compare("worker memory growth per 100 000 requests", "MB", [slope], bar=value_at_most(2))
