"""Verifying payments and taking in webhooks under gunicorn, beside requests that only pay the ceremony."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from backend.sandbox import environment
from tests.bench.bench_ledger import versus
from tests.bench.gateway_stand_in import GatewayStandIn
from tests.bench.measure import Sample, interleave
from tests.bench.payment_copies import Batch, PaymentCopies
from tests.bench.report import Bar, Figure, compare, value_at_most
from tests.bench.server import CONNECTIONS, INSTALL_WRK, Server, has_wrk
from tests.bench.stage import Stage

# With the first, the processor is what everybody waits for; the second is more like a gateway far away.
NEAR_MS, FAR_MS = 50, 300
CROWD = 1000
WARM_UP = 300

NOOP, KEYED = "no-op POST, JWT and schema", "no-op POST, JWT, schema and Idempotency-Key"
PUBLIC = "no-op POST, public"
VERIFY = {f"verify, gateway takes {ms} ms": ms for ms in (NEAR_MS, FAR_MS)}
WEBHOOK, DUPLICATE, FORGED = "webhook", "webhook, the same again", "webhook, forged"
CROWDED = f"{CROWD} clients, verify and webhook"
P50_BAR, P99_BAR = value_at_most(100), value_at_most(200)
ACKNOWLEDGED_BAR, CROWDED_BAR = value_at_most(500), value_at_most(5000)
NONE, ALL = value_at_most(0), Bar(of="ratio", low=1, high=1)
DRIVEN = f"wrk, {CONNECTIONS} connections without a pause, each payment once; the gateway's time is taken off"

Maker = Callable[[int], Batch]


def run(stage: Stage) -> Iterator[Figure]:
    """Compare verifications and webhooks with no-ops, then let a crowd in."""
    if not has_wrk():
        yield Figure(name="payments", note=INSTALL_WRK)
        return
    with stage.database() as database:
        copies = PaymentCopies(stage, database)
        with GatewayStandIn(copies.at_gateway) as gateway:
            sandbox = environment.settings(gateway.port, environment.CA_FILE)
            app = "tests.bench.http_app:make_app()"
            with Server(app, uri=stage.uri, database=database.name, environment=sandbox) as server:
                yield from _figures(stage, copies, _Course(server, copies))
        median_ms, p99_ms = gateway.late_ms
        note = f"median {median_ms:.1f} ms; it was asked {gateway.asked} times, and its delay counts as ours"
        yield compare("stand-in for the gateway answers late, p99", "ms", [p99_ms], note=note)


class _Course:
    """Sends batches to a server, and counts the payments that they should and did complete."""

    def __init__(self, server: Server, copies: PaymentCopies) -> None:
        self._server = server
        self._copies = copies
        self.wanted = self.completed = 0

    def turn(self, make: Maker, number: int, connections: int = CONNECTIONS) -> Sample:
        """Let every request be answered."""
        batch = make(number)
        result = self._server.replay(batch.requests, count=number, connections=connections)
        expected = result["statuses"].pop(str(batch.status), 0)
        self.wanted += len(batch.names)
        self.completed += self._copies.completed(batch.names)
        return Sample(
            rate=expected / result["seconds"],
            p50_ms=result["p50_ms"] - batch.gateway_ms,
            p99_ms=result["p99_ms"] - batch.gateway_ms,
            errors=number - expected,
            error_names=tuple(sorted(result["statuses"])) or ("none in time",),
        )


def _figures(stage: Stage, copies: PaymentCopies, course: _Course) -> Iterator[Figure]:
    kinds: dict[str, Maker] = {
        NOOP: partial(copies.noops, "/bench/noop/customer_0"),
        KEYED: partial(copies.noops, "/bench/noop-keyed/customer_0"),
        **{name: partial(copies.verifications, ms) for name, ms in VERIFY.items()},
        PUBLIC: copies.ignored,
        WEBHOOK: copies.webhooks,
        DUPLICATE: copies.repeated,
        FORGED: copies.forged,
    }
    for make in kinds.values():
        course.turn(make, WARM_UP)
    number = 600 if stage.quick else 1500
    turns = {name: partial(course.turn, make, number) for name, make in kinds.items()}
    samples = interleave(turns, repeats=stage.repeats)
    yield from _verify_figures(samples)
    for name, bar in ((WEBHOOK, ACKNOWLEDGED_BAR), (DUPLICATE, None), (FORGED, None)):
        yield from versus(name, samples[name], samples[PUBLIC], floor_name=PUBLIC, p99_bar=bar)
    crowd = course.turn(partial(copies.mixed, FAR_MS), 2000 if stage.quick else 5000, CROWD)
    yield from _crowd_figures(crowd)
    yield compare(
        "payments completed",
        "",
        [course.completed],
        [course.wanted],
        floor_name="paid at the gateway",
        bar=ALL,
    )


def _verify_figures(samples: Mapping[str, list[Sample]]) -> Iterator[Figure]:
    for name in VERIFY:
        for figure in versus(name, samples[name], samples[NOOP], floor_name=NOOP, p99_bar=P99_BAR):
            yield replace(figure, bar=P50_BAR, note=DRIVEN) if figure.name.endswith("p50") else figure
        yield from versus(name, samples[name], samples[KEYED], floor_name=KEYED)


def _crowd_figures(sample: Sample) -> Iterator[Figure]:
    yield compare(f"{CROWDED}: rate", "/s", [sample.rate])
    yield compare(f"{CROWDED}: p50", "ms", [sample.p50_ms])
    note = f"with the {FAR_MS} ms that the gateway takes for a verification"
    yield compare(f"{CROWDED}: p99", "ms", [sample.p99_ms], bar=CROWDED_BAR, note=note)
    note = ", ".join(sample.error_names) if sample.errors else ""
    yield compare(f"{CROWDED}: not answered 200", "", [sample.errors], bar=NONE, note=note)
