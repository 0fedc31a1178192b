"""One key means one effect, whichever process a request meets, and whatever becomes of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from pymongo.database import Database

from tests.api.servers import Gunicorn, until
from tests.conftest import Document, Person

COPIES = 50
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@contextmanager
def locked(database: Database[Document], customer_id: str) -> Iterator[None]:
    """Keep everybody else from moving a customer's money."""
    with database.client.start_session() as session, session.start_transaction():
        changes = {"$set": {"locked": True}}
        database["wallets"].update_one({"_id": customer_id}, changes, session=session)
        yield
        session.abort_transaction()


class Sender:
    """Sends one and the same credit again and again."""

    def __init__(self, server: Gunicorn, admin: Person, customer: Person) -> None:
        self._server, self._customer_id = server, customer.id
        token = admin.tokens["access"]
        self._headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one-intent"}

    def send(self, _number: int = 0) -> requests.Response:
        path = f"/api/wallet/{self._customer_id}/credit"
        return self._server.send("POST", path, json={"amount": 5, "reason": "A"}, headers=self._headers)

    def send_until_decided(self) -> requests.Response:
        """Do what a client does: try again while the answer is to try again."""
        answers: list[requests.Response] = []
        until(lambda: answers.append(self.send()) or answers[-1].status_code not in (409, 503))
        return answers[-1]


@pytest.fixture
def sender(gunicorn: Gunicorn, admin: Person, customer: Person) -> Sender:
    return Sender(gunicorn, admin, customer)


def state(database: Database[Document], customer: Person) -> tuple[Any, int]:
    wallet = database["wallets"].find_one({"_id": customer.id}) or {}
    return wallet["balance"], database["wallet_transactions"].count_documents({})


def test_fifty_copies_at_once_have_one_effect(
    sender: Sender, customer: Person, database: Database[Document]
) -> None:
    with ThreadPoolExecutor(COPIES) as pool:
        answers = list(pool.map(sender.send, range(COPIES)))

    last = sender.send()
    done = [answer for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len(done) + len(busy) == COPIES
    assert {answer.content for answer in done} == {last.content}
    assert {answer.json()["error"]["code"] for answer in busy} <= {"REQUEST_IN_PROGRESS"}
    assert [answer.headers.get("Idempotent-Replayed") for answer in done].count(None) == 1
    assert state(database, customer) == (500, 1)


def test_a_killed_workers_request_succeeds_once_when_it_is_sent_again(
    gunicorn: Gunicorn, sender: Sender, customer: Person, database: Database[Document]
) -> None:
    keys = database["idempotency_keys"]
    with ThreadPoolExecutor() as pool, locked(database, customer.id):
        lost = pool.submit(sender.send)
        until(lambda: keys.find_one({"state": "running"}))
        gunicorn.kill_workers()
        assert isinstance(lost.exception(), requests.ConnectionError)

    gunicorn.start()
    early = sender.send()
    keys.update_many({}, {"$set": {"leased_until": LONG_AGO}})
    answer = sender.send_until_decided()

    assert early.status_code == 409
    assert answer.status_code == 201
    assert state(database, customer) == (500, 1)


def test_a_worker_killed_at_any_moment_leaves_one_effect(
    gunicorn: Gunicorn, sender: Sender, customer: Person, database: Database[Document]
) -> None:
    with ThreadPoolExecutor() as pool:
        lost = pool.submit(sender.send)
        until(lambda: database["wallet_transactions"].count_documents({}) or lost.done())
        gunicorn.kill_workers()
        lost.exception()

    gunicorn.start()
    database["idempotency_keys"].update_many({}, {"$set": {"leased_until": LONG_AGO}})
    answer = sender.send_until_decided()

    assert answer.status_code == 201
    assert state(database, customer) == (500, 1)
