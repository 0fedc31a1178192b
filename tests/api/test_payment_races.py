"""Everybody tells of the same money at once, and it pays once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
import requests
from pymongo.database import Database

from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.api.gateway_events import exceptions, standing
from tests.api.servers import Gunicorn
from tests.gateways.controls import Delivery
from tests.shop import Shop

Document = dict[str, Any]
Send = Callable[..., Any]
ROUNDS = 20


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do everything at the same moment, each in a thread of its own."""
    start = Barrier(len(deeds))

    def begin(deed: Callable[[], Any]) -> Any:
        start.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(begin, deeds))


class Crowd:
    """Everybody who may tell the shop that a payment was paid, over any transport."""

    def __init__(self, shop: Shop, send: Send) -> None:
        self._shop, self._send = shop, send
        self._headers = {"Authorization": f"Bearer {shop.customer.tokens['access']}"}

    def tells(self, opened: Any, paid: Any) -> list[Any]:
        """Verify, ask, and deliver all messages twice, at once; gives the answers."""
        path = f"/api/payments/{opened['payment_id']}/verify"
        proof = {"gateway_payment_id": paid.get("razorpay_payment_id")}
        body = {**proof, "signature": paid["razorpay_signature"]} if proof["gateway_payment_id"] else {}
        deeds: list[Callable[[], Any]] = [
            lambda: self._send("POST", path, json=body, headers=self._headers),
            lambda: self._send("POST", path, json=body, headers=self._headers),
            lambda: self._send("GET", path, headers=self._headers),
        ]
        provider = opened["gateway"]
        for event in self._shop.events(provider) * 2:
            delivery = self._shop.sandbox.forge(provider, event)
            deeds.append(partial(self._posts, provider, delivery))
        return at_once(*deeds)

    def _posts(self, provider: str, delivery: Delivery) -> Any:
        return self._send("POST", f"/api/webhooks/{provider}", data=delivery.raw, headers=delivery.headers)


@pytest.fixture
def crowd(shop: Shop) -> Crowd:
    """Tell the application directly; each request has a client of its own."""

    def send(method: str, path: str, **options: Any) -> Any:
        return shop.app.test_client().open(path, method=method, **options)

    return Crowd(shop, send)


def statuses(answers: list[Any]) -> set[int]:
    return {response.status_code for response in answers}


def money_of(database: Database[Document], opened: Any) -> tuple[int, int, int]:
    """Give how often and how much a payment was paid, and what its order has."""
    captures = list(database["captures"].find({"became": opened["payment_id"]}))
    order = database["orders"].find_one({"_id": opened["order_id"]}) or {}
    return len(captures), sum(capture["amount"] for capture in captures), order["amount_paid"]


def test_everybody_at_once_pays_once(shop: Shop, crowd: Crowd, database: Database[Document]) -> None:
    for _ in range(ROUNDS):
        shop.sandbox.reset()
        opened = shop.opened()
        answers = crowd.tells(opened, shop.pay(opened))

        assert statuses(answers) == {200}, [answer.text for answer in answers]
        assert money_of(database, opened) == (1, 100_000, 100_000)
        assert standing(shop, opened) == ("COMPLETED", "PAID")
    assert exceptions(database) == []


def test_authorised_money_is_taken_once(shop: Shop, crowd: Crowd, database: Database[Document]) -> None:
    for _ in range(ROUNDS // 4):
        shop.sandbox.reset()
        opened = shop.opened()
        answers = crowd.tells(opened, shop.pay(opened, method="card", outcome="authorized"))

        [payment] = shop.sandbox.books()["payments"]
        assert statuses(answers) == {200}, [answer.text for answer in answers]
        assert (payment["status"], payment["amount"]) == ("captured", 100_000)
        assert money_of(database, opened) == (1, 100_000, 100_000)
    assert exceptions(database) == []


def test_a_payer_at_paypal_pays_once(shop: Shop, crowd: Crowd, database: Database[Document]) -> None:
    for _ in range(ROUNDS // 4):
        shop.sandbox.reset()
        opened = shop.opened(method="paypal")
        answers = crowd.tells(opened, shop.pay(opened))

        [capture] = shop.sandbox.books()["paypal_captures"]
        assert statuses(answers) == {200}, [answer.text for answer in answers]
        assert capture["status"] == "COMPLETED"
        assert money_of(database, opened)[::2] == (1, 100_000)
    assert exceptions(database) == []


def test_money_races_with_a_cancellation_and_is_kept(shop: Shop, database: Database[Document]) -> None:
    for _ in range(ROUNDS // 4):
        shop.sandbox.reset()
        opened = shop.opened()
        shop.pay(opened)
        cancel = partial(shop.customer.post, f"/api/orders/{opened['order_id']}/cancel")
        deliveries = [shop.sandbox.forge("razorpay", event) for event in shop.events()]
        answers = at_once(cancel, *(partial(shop.post_webhook, delivery) for delivery in deliveries))

        assert statuses(answers) <= {200, 409}, [answer.text for answer in answers]
        kept = database["payment_exceptions"].count_documents({"payment_id": opened["payment_id"]})
        is_paid = shop.order_of(opened)["payment_status"] == "PAID"
        assert (kept, is_paid) in ((1, False), (0, True))
        assert database["captures"].count_documents({}) == 1
        database["captures"].delete_many({})


@pytest.fixture
def gunicorn_shop(
    mongodb_uri: str,
    shared_database: Database[Document],
    sandbox_server: SandboxServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gunicorn]:
    """The real server with the gateways of the sandbox, both workers up."""
    environment = {
        "RAZORPAY_KEY_ID": keys.RAZORPAY_KEY_ID,
        "RAZORPAY_KEY_SECRET": keys.RAZORPAY_KEY_SECRET,
        "RAZORPAY_WEBHOOK_SECRET": keys.RAZORPAY_WEBHOOK_SECRET,
        "RAZORPAY_API_URL": sandbox_server.url,
        "RATELIMIT_ENABLED": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        directory = tmp_path_factory.mktemp("gunicorn")
        server = Gunicorn(mongodb_uri=mongodb_uri, database_name=shared_database.name, directory=directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_two_processes_are_told_at_once_and_pay_once(
    shop: Shop, gunicorn_shop: Gunicorn, database: Database[Document]
) -> None:
    crowd = Crowd(shop, gunicorn_shop.send)
    for _ in range(ROUNDS):
        shop.sandbox.reset()
        opened = shop.opened()
        answers: list[requests.Response] = crowd.tells(opened, shop.pay(opened))

        assert statuses(answers) == {200}, [answer.text for answer in answers]
        assert money_of(database, opened) == (1, 100_000, 100_000)
    assert exceptions(database) == []
