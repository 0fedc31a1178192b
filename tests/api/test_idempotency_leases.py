"""A request whose worker died or failed can be sent again, and its money moves once all the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, jsonify
from pymongo.database import Database

from backend.errors import ServiceUnavailable
from backend.idempotency import idempotent
from tests.api.answers import refusal
from tests.api.test_idempotency import CREDIT, balance, credit
from tests.conftest import Document, Person

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def change_keys(database: Database[Document], **changes: Any) -> None:
    database["idempotency_keys"].update_many({}, {"$set": changes})


class TestLease:
    """The right to run a request ends when its worker has said nothing for too long."""

    def test_a_request_that_is_still_running_is_refused(
        self, admin: Person, customer: Person, database: Database[Document]
    ) -> None:
        credit(admin, customer)
        soon = datetime.now(UTC) + timedelta(seconds=30)
        change_keys(database, state="running", leased_until=soon)

        response = credit(admin, customer)

        assert refusal(response) == (409, "REQUEST_IN_PROGRESS")

    def test_lasts_a_minute(self, admin: Person, customer: Person, database: Database[Document]) -> None:
        before = datetime.now(UTC)

        credit(admin, customer)

        lease = database["idempotency_keys"].find_one({})["leased_until"] - before
        assert 58 <= lease.total_seconds() <= 62

    def test_a_dead_workers_request_runs_again(
        self, admin: Person, customer: Person, database: Database[Document]
    ) -> None:
        refused = admin.post(f"/api/wallet/{customer.id}/debit", CREDIT, key="key")
        customer.is_given(500)
        change_keys(database, state="running", leased_until=LONG_AGO)

        again = admin.post(f"/api/wallet/{customer.id}/debit", CREDIT, key="key")

        assert (refused.status_code, again.status_code) == (400, 201)
        assert "Idempotent-Replayed" not in again.headers
        assert balance(customer) == 0

    def test_money_that_a_dead_worker_moved_is_not_moved_again(
        self, admin: Person, customer: Person, database: Database[Document]
    ) -> None:
        first = credit(admin, customer)
        unanswered = {"$set": {"state": "running", "leased_until": LONG_AGO}, "$unset": {"body": 1}}
        database["idempotency_keys"].update_one({}, unanswered)

        again = credit(admin, customer)

        assert (again.status_code, again.json) == (201, first.json)
        assert database["wallet_transactions"].count_documents({}) == 1
        assert balance(customer) == 5

    def test_a_dead_workers_key_is_still_refused_for_another_body(
        self, admin: Person, customer: Person, database: Database[Document]
    ) -> None:
        credit(admin, customer)
        change_keys(database, state="running", leased_until=LONG_AGO)

        response = credit(admin, customer, CREDIT | {"amount": 6})

        assert refusal(response) == (422, "IDEMPOTENCY_KEY_REUSED")


class TestRetention:
    """Answers are kept for a day."""

    def test_an_answer_expires_after_a_day(
        self, admin: Person, customer: Person, database: Database[Document]
    ) -> None:
        before = datetime.now(UTC)

        credit(admin, customer)

        kept = database["idempotency_keys"].find_one({})["expires_at"] - before
        assert timedelta(hours=24, minutes=-1) < kept < timedelta(hours=24, minutes=1)

    def test_the_database_removes_what_has_expired(self, database: Database[Document]) -> None:
        indexes = database["idempotency_keys"].index_information().values()

        assert [index["key"] for index in indexes if index.get("expireAfterSeconds") == 0] == [
            [("expires_at", 1)]
        ]


class TestFailure:
    """What failed on our side may be tried again at once."""

    @pytest.fixture(params=[ServiceUnavailable(), RuntimeError("a bug")])
    def person(self, app: Flask, request: pytest.FixtureRequest) -> Person:
        failures = [request.param]

        def fails_once() -> Any:
            if failures:
                raise failures.pop()
            return jsonify(done=True), 201

        app.add_url_rule("/fails-once", view_func=idempotent(fails_once), methods=["POST"])
        return Person(app, email="customer@shop.example")

    def test_is_not_kept(self, person: Person) -> None:
        failed = person.post("/fails-once", key="key")

        again = person.post("/fails-once", key="key")

        assert failed.status_code in (500, 503)
        assert (again.status_code, again.json) == (201, {"done": True})
        assert "Idempotent-Replayed" not in again.headers

    def test_what_came_after_it_is_kept(self, person: Person) -> None:
        person.post("/fails-once", key="key")
        person.post("/fails-once", key="key")

        again = person.post("/fails-once", key="key")

        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
