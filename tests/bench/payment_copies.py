"""Payments that are paid and that the shop does not know of yet: copies of a real one, by the thousand."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, count

from bson import json_util
from pymongo.database import Database

from backend import create_app
from backend.access import tokens_for
from backend.config import Settings
from backend.gateways.port import Method
from backend.gateways.settings import RazorpaySettings
from backend.ledger.documents import Document
from backend.order_service import Item
from backend.payment_service import Checkout
from backend.sandbox import keys, signatures
from backend.sandbox.server import SandboxServer
from backend.services import Services
from backend.user_service import Role
from tests.bench.gateway_stand_in import MARK, name_copy
from tests.bench.stage import Stage
from tests.gateways.controls import Controls

PRICE_MINOR = 10_000
CARD = "4111 1111 1111 1111"
JSON = {"Content-Type": "application/json"}
NOOP_BODY = b'{"amount": 0.01, "reason": "Benchmark"}'
WEBHOOK_PATH, IGNORING_PATH = "/api/webhooks/razorpay", "/bench/noop-public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Requests that are answered alike, and the copies that are paid for good by them."""

    requests: list[bytes]
    status: int = 200
    names: list[str] = field(default_factory=list)
    gateway_ms: int = 0  # What of each answer's time is the gateway's.


class PaymentCopies:
    """Makes batches of requests about payments that nobody has verified."""

    def __init__(self, stage: Stage, database: Database[Document]) -> None:
        self._database = database
        self._numbers = count(1)
        with SandboxServer() as sandbox:
            settings = _settings(stage, database, sandbox.url)
            app = create_app(settings, client=stage.client)
            found: Services = app.extensions["batua"]
            customer_id = self._pay_once(found, Controls(sandbox.url))
        with app.app_context():
            self._tokens = {
                role: tokens_for(found.sessions.open(user_id), role)["access_token"]
                for role, user_id in ((Role.ADMIN, "admin"), (Role.CUSTOMER, customer_id))
            }
        self._repeated = self.webhooks(1)

    def _pay_once(self, found: Services, sandbox: Controls) -> str:
        """Let a customer pay; what that leaves here and at the gateway are the templates."""
        user = found.users.sign_up(name="Asha", email="asha@shop.example", password=uuid.uuid4().hex)
        order = found.orders.feed(user.id, [Item(name="Tea", price_minor=PRICE_MINOR, quantity=1)])
        wanted = Checkout(order_id=order.id, amount_minor=PRICE_MINOR, method=Method.CARD, owner_id=user.id)
        payment = found.payments.create_payment_order(wanted).payment
        there = payment.attempt.gateway_order_id or ""
        paid = sandbox.post("razorpay/pay", order_id=there, method="card", card_number=CARD)
        ids = {payment.id: "PAY-", order.id: "ord_", there: "order_", paid["razorpay_payment_id"]: "pay_"}
        rows = {name: self._database[name].find_one() for name in ("orders", "payment_orders")}
        self._rows = {name: _template(json_util.dumps(row), ids) for name, row in rows.items()}
        self.at_gateway = _template(json_util.dumps(sandbox.books()["payments"][0]), ids)
        events = {event["type"]: event["body"] for event in sandbox.get("webhooks")}
        self._event = _template(events["payment.captured"], ids)
        return user.id

    def noops(self, path: str, number: int) -> Batch:
        """Give requests behind the token check that do nothing."""
        return Batch(requests=[self._post(path, NOOP_BODY, Role.ADMIN) for _ in range(number)], status=201)

    def verifications(self, gateway_ms: int, number: int) -> Batch:
        """Give what browsers send once the gateway's page has been paid."""
        names = self._paid(number, gateway_ms)
        return Batch(requests=[self._verify(name) for name in names], names=names, gateway_ms=gateway_ms)

    def webhooks(self, number: int) -> Batch:
        """Give the gateway's messages about as many payments."""
        names = self._paid(number)
        return Batch(requests=[self._message(name) for name in names], names=names)

    def repeated(self, _number: int) -> Batch:
        """Give one message, to be sent over and over."""
        return self._repeated

    def forged(self, number: int) -> Batch:
        """Give messages about waiting payments that somebody else has signed."""
        requests = [self._message(name, signature="0" * 64) for name in self._paid(number)]
        return Batch(requests=requests, status=401)

    def ignored(self, number: int) -> Batch:
        """Give messages to an address where nothing comes of them."""
        names = (name_copy(next(self._numbers), gateway_ms=0) for _ in range(number))
        return Batch(requests=[self._message(name, path=IGNORING_PATH) for name in names])

    def mixed(self, gateway_ms: int, number: int) -> Batch:
        """Give verifications and webhooks in turn, with the gateway's time."""
        verified, told = self.verifications(gateway_ms, number // 2), self.webhooks(number // 2)
        pairs = zip(verified.requests, told.requests, strict=True)
        return Batch(requests=list(chain.from_iterable(pairs)), names=verified.names + told.names)

    def completed(self, names: list[str]) -> int:
        """Count the payments that are completed, their order paid, and their money written down."""
        wanted = {
            "payment_orders": ("PAY-", {"status": "COMPLETED"}),
            "orders": ("ord_", {"payment_status": "PAID"}),
            "captures": ("razorpay:pay_", {}),
        }
        return min(
            self._database[collection].count_documents({"_id": {"$in": [prefix + n for n in names]}} | more)
            for collection, (prefix, more) in wanted.items()
        )

    def _paid(self, number: int, gateway_ms: int = 0) -> list[str]:
        names = [name_copy(next(self._numbers), gateway_ms=gateway_ms) for _ in range(number)]
        for collection, row in self._rows.items():
            copies = [json_util.loads(row.replace(MARK, name)) for name in names]
            self._database[collection].insert_many(copies)
        return names

    def _verify(self, name: str) -> bytes:
        signature = signatures.razorpay_checkout(f"order_{name}", f"pay_{name}")
        body = f'{{"gateway_payment_id": "pay_{name}", "signature": "{signature}"}}'
        return self._post(f"/api/payments/PAY-{name}/verify", body.encode(), Role.CUSTOMER)

    def _message(self, name: str, *, path: str = WEBHOOK_PATH, signature: str = "") -> bytes:
        body = self._event.replace(MARK, name).encode()
        forged = {"X-Razorpay-Signature": signature} if signature else {}
        return _http(path, body, signatures.razorpay_webhook(body, f"evt_{name}") | forged)

    def _post(self, path: str, body: bytes, role: Role) -> bytes:
        """Write a request as our own page sends it, with a key for each."""
        access = {"Authorization": f"Bearer {self._tokens[role]}", "Idempotency-Key": uuid.uuid4().hex}
        return _http(path, body, JSON | access)


def _settings(stage: Stage, database: Database[Document], gateway_url: str) -> Settings:
    return Settings(
        environment="test",
        mongodb_uri=stage.uri,
        mongodb_db=database.name,
        log_level="ERROR",
        razorpay=RazorpaySettings(
            key_id=keys.RAZORPAY_KEY_ID, key_secret=keys.RAZORPAY_KEY_SECRET, api_url=gateway_url
        ),
    )


def _template(text: str, ids: Mapping[str, str]) -> str:
    """Put the mark of a copy's name wherever the original's ids stand."""
    for id_, prefix in ids.items():
        text = text.replace(id_, prefix + MARK)
    return text


def _http(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    named = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
