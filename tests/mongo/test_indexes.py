"""Every query that the product runs is served by an index, in the order in which it is wanted."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from argon2 import PasswordHasher
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from backend.idempotency_store import IdempotencyStore, Run, StoredAnswer
from backend.integration_log import IntegrationLog, LogFilter, LogStatus
from backend.ledger import Claim, Ledger, Submission, Verb
from backend.ledger.values import EntryType
from backend.ledger.verify import LedgerVerifier
from backend.outbox import Event, EventType
from backend.outbox_service import Outbox
from backend.session_service import SessionService
from backend.topup_limits import TopUpLimits
from backend.transactions import TransactionFilter, Transactions
from backend.user_service import UserService
from backend.webhook_deliveries import DeliveryState
from tests.conftest import open_wallet, posting
from tests.mongo.books import some_credits
from tests.mongo.hooks import Hooks

Document = dict[str, Any]

EXPLAINED = {"find", "aggregate", "update", "delete", "findAndModify", "count", "distinct"}
PROTOCOL = {"lsid", "txnNumber", "startTransaction", "autocommit", "writeConcern"}
FAST_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Recorder(CommandListener):
    """Remembers the commands that a client sends."""

    def __init__(self) -> None:
        self.commands: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in EXPLAINED:
            self.commands.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Success needs no note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Failure needs none either."""


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def watched(
    mongodb_uri: str, database: Database[Document], recorder: Recorder
) -> Iterator[Database[Document]]:
    """The database with some history in it, through a client that is being listened to."""
    ledger = Ledger(database)
    for number in range(5):
        customer_id = open_wallet(ledger, database, f"cust_{number}")
        ledger.post_many(some_credits(40, customer_id=customer_id))
        ledger.reserve(posting(Verb.HOLD, 10, customer_id=customer_id))
    ledger.close()
    with MongoClient[Document](mongodb_uri, tz_aware=True, event_listeners=[recorder]) as client:
        yield client[database.name]


def plans(node: Any) -> Iterator[Document]:
    """Find every stage of every winning plan in an explanation."""
    if isinstance(node, dict):
        if "stage" in node:
            yield node
        for name, child in node.items():
            if name != "rejectedPlans":
                yield from plans(child)
    elif isinstance(node, list):
        for child in node:
            yield from plans(child)


def stages(database: Database[Document], command: Document) -> set[str]:
    sent = {name: value for name, value in command.items() if name not in PROTOCOL and name[0] != "$"}
    explained = database.command("explain", sent, verbosity="queryPlanner")
    return {stage["stage"] for stage in plans(explained)}


def assert_indexed(database: Database[Document], recorder: Recorder) -> None:
    commands = list(recorder.commands)
    assert commands
    for command in commands:
        used = stages(database, command)
        assert used, command
        assert not used & {"COLLSCAN", "SORT", "SORT_KEY_GENERATOR"}, (used, command)


NOON = datetime.now(UTC)
MOMENTS = [(None, None), (NOON - timedelta(hours=1), None), (None, NOON), (NOON - timedelta(hours=1), NOON)]
FILTERS = [
    TransactionFilter(customer_id=customer_id, type=entry_type, since=since, until=until)
    for customer_id, entry_type, (since, until) in product(
        [None, "cust_1"], [None, EntryType.CREDIT, EntryType.DEBIT], MOMENTS
    )
]


def spelled(wanted: TransactionFilter) -> str:
    moments = {"since": wanted.since, "until": wanted.until}
    return " ".join(
        [*sorted(wanted.query().keys() - {"created_at"}), *(name for name in moments if moments[name])]
    )


@pytest.mark.parametrize("wanted", FILTERS, ids=spelled)
def test_a_page_of_any_filter_and_its_sums_run_on_an_index(
    watched: Database[Document], recorder: Recorder, wanted: TransactionFilter
) -> None:
    for skip in (0, 30):
        Transactions(watched).page(wanted, limit=10, skip=skip)

    assert_indexed(watched, recorder)


@pytest.mark.parametrize("wanted", FILTERS, ids=spelled)
def test_a_download_of_any_filter_runs_on_an_index(
    watched: Database[Document], recorder: Recorder, wanted: TransactionFilter
) -> None:
    list(Transactions(watched).csv_rows(wanted))

    assert_indexed(watched, recorder)


def move_money(database: Database[Document]) -> None:
    ledger = Ledger(database)
    claim = Claim(
        collection="orders", id="order_1", guard={"state": "PENDING"}, update={"$set": {"state": "PAID"}}
    )
    database["orders"].insert_one({"_id": "order_1", "state": "PENDING"})
    held = ledger.reserve(posting(Verb.HOLD, 10))
    ledger.move(posting(Verb.CAPTURE, 10, hold_id=held.id))
    ledger.post_many([*some_credits(3), Submission(posting=posting(Verb.CREDIT, 1), claims=[claim])])
    ledger.post_many([Submission(posting=posting(Verb.CREDIT, 1), claims=[claim])])
    ledger.wallet("cust_1")
    ledger.close()


def log_in_and_out(database: Database[Document]) -> None:
    sessions = SessionService(database)
    session = sessions.open("cust_1")
    sessions.is_live(session.id)
    sessions.renew(session.id, session.refresh_id)
    sessions.revoke(session.id)


def sign_up(database: Database[Document]) -> None:
    users = UserService(database, Ledger(database), currency="INR", hasher=FAST_HASHER)
    user = users.sign_up(name="Asha", email="asha@shop.example", password="correct horse")
    users.log_in(email="Asha@shop.example", password="correct horse")
    users.get(user.id)
    users.find_by_email("asha@shop.example")
    users.make_admin("asha@shop.example", password="correct horse")


def repeat_a_request(database: Database[Document]) -> None:
    requests = IdempotencyStore(database)
    run = requests.begin("key", "fingerprint")
    assert isinstance(run, Run)
    requests.give_back(run)
    run = requests.begin("key", "fingerprint")
    assert isinstance(run, Run)
    requests.finish(run, StoredAnswer(status=200, body=b"", content_type="text/plain"))
    requests.begin("key", "fingerprint")


def verify(database: Database[Document]) -> None:
    assert LedgerVerifier(database).run().is_whole
    database["wallets"].update_one({"_id": "cust_1"}, {"$set": {"held": 1}})
    LedgerVerifier(database).run()


def tell_the_shop(database: Database[Document]) -> None:
    hooks = Hooks(database)
    endpoint = hooks.endpoint("http://10.0.0.1.invalid/")
    hooks.happens("order_1", "order_2")
    hooks.deliver()
    for state in (None, DeliveryState.PENDING):
        hooks.webhooks.page(endpoint["_id"], state=state, type_=None, limit=5, skip=0)
    hooks.webhooks.resend(hooks.deliveries(endpoint)[0]["_id"])
    hooks.endpoints.page(limit=5, skip=0)
    hooks.endpoints.delete(endpoint["_id"])
    hooks.deliver()


def follow_the_trail(database: Database[Document]) -> None:
    log = IntegrationLog(database)
    names = ("customer_id", "payment_id", "order_id")
    wanted = [LogFilter(status=LogStatus.SUCCESS), *(LogFilter(**{n: "x"}) for n in names)]
    for each in wanted:
        log.page(each, limit=10, skip=0)
    Transactions(database).credits_of("cust_1", source="wallet_topup")
    Transactions(database).reversed_topups_of("cust_1")
    limits = TopUpLimits(database, limit=2)
    limits.give_back(limits.take("cust_1", "TOPUP-1"), "TOPUP-1")


def tell_of_events(database: Database[Document]) -> None:
    event = Event(type=EventType.ORDER_PAID, customer_id="cust_1", key="order_1", data={})
    database["outbox"].insert_one(event.document())
    outbox = Outbox(database)
    outbox.backlog()
    outbox.dispatch()


@pytest.mark.parametrize(
    "use",
    [
        *(move_money, log_in_and_out, sign_up, repeat_a_request, verify, follow_the_trail),
        *(tell_of_events, tell_the_shop),
    ],
)
def test_the_queries_of_the_services_run_on_an_index(
    watched: Database[Document], recorder: Recorder, use: Callable[[Database[Document]], None]
) -> None:
    use(watched)

    assert_indexed(watched, recorder)


def test_a_query_without_an_index_would_be_noticed(watched: Database[Document], recorder: Recorder) -> None:
    watched["wallet_transactions"].find_one({"reason": "Test"})
    watched["wallet_transactions"].find_one({"customer_id": "cust_1"}, sort=[("reason", 1)])

    used = [stages(watched, command) for command in recorder.commands]

    assert "COLLSCAN" in used[0]
    assert "SORT" in used[1]
