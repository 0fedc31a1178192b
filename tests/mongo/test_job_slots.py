"""A job runs once in each of its slots, however many runners and clocks there are."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from backend.job_runner import JobRunner
from backend.job_slots import JobSlots
from backend.jobs import GoOn, Job, drain
from backend.services import Services
from tests.conftest import Document, services_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def slots(database: Database[Document]) -> JobSlots:
    return JobSlots(database)


def job(run: Callable[[Services, GoOn], int], **changes: Any) -> Job:
    return Job(**{"interval": HOUR, "run": run} | changes)


def runner(app: Flask, slots: JobSlots, *, work: Job) -> JobRunner:
    return JobRunner(services_of(app), slots, {"work": work})


def only_slot(database: Database[Document]) -> Any:
    [slot] = database["job_slots"].find()
    return slot


class TestSlots:
    def test_one_of_many_gets_it(self, slots: JobSlots) -> None:
        start = threading.Barrier(16)

        def take(_: int) -> bool:
            start.wait()
            return slots.take("work", interval=HOUR, lease=MINUTE) is not None

        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(take, range(16))) == 1

    def test_is_named_after_its_beginning(self, slots: JobSlots, database: Database[Document]) -> None:
        slots.take("work", interval=timedelta(minutes=15), lease=MINUTE)

        slot = only_slot(database)
        quarter = slot["started_at"].replace(
            minute=slot["started_at"].minute // 15 * 15, second=0, microsecond=0
        )
        assert slot["_id"] == f"work:{quarter:%Y-%m-%dT%H:%M:%SZ}"

    def test_a_short_one_is_followed_by_the_next(self, slots: JobSlots) -> None:
        short = {"interval": timedelta(milliseconds=1000), "lease": MINUTE}
        taken = slots.take("work", **short)
        deadline = datetime.now(UTC) + timedelta(seconds=10)
        following = None
        while following is None and datetime.now(UTC) < deadline:
            following = slots.take("work", **short)

        assert taken
        assert following
        assert following.id > taken.id

    def test_one_whose_taker_died_is_taken_over(self, slots: JobSlots, database: Database[Document]) -> None:
        first: Any = slots.take("work", interval=HOUR, lease=MINUTE)
        assert slots.take("work", interval=HOUR, lease=MINUTE) is None
        database["job_slots"].update_one({}, {"$set": {"lease_until": datetime(2001, 1, 1, tzinfo=UTC)}})

        second: Any = slots.take("work", interval=HOUR, lease=MINUTE)

        assert (second.id, second.lease != first.lease) == (first.id, True)
        slots.succeeded(first, seconds=1, count=1)
        assert only_slot(database)["state"] == "RUNNING"

    def test_one_that_succeeded_is_never_taken_again(
        self, slots: JobSlots, database: Database[Document]
    ) -> None:
        slot: Any = slots.take("work", interval=HOUR, lease=MINUTE)
        slots.succeeded(slot, seconds=1, count=1)
        database["job_slots"].update_one({}, {"$set": {"lease_until": datetime(2001, 1, 1, tzinfo=UTC)}})

        assert slots.take("work", interval=HOUR, lease=MINUTE) is None

    def test_one_that_failed_is_tried_again_after_a_while(
        self, slots: JobSlots, database: Database[Document]
    ) -> None:
        slot: Any = slots.take("work", interval=HOUR, lease=MINUTE)
        slots.failed(slot, error="away")
        assert slots.take("work", interval=HOUR, lease=MINUTE) is None

        database["job_slots"].update_one({}, {"$set": {"lease_until": datetime(2001, 1, 1, tzinfo=UTC)}})

        assert slots.take("work", interval=HOUR, lease=MINUTE)


class TestRunner:
    def test_two_of_them_run_a_job_once(self, app: Flask, slots: JobSlots) -> None:
        runs: list[int] = []
        work = job(lambda *_: len(runs) or runs.append(1) or 1)
        runners = [runner(app, slots, work=work) for _ in range(2)]

        assert [each.run("work") for each in runners] == [True, False]
        assert runs == [1]

    def test_tells_what_became_of_it(self, app: Flask, slots: JobSlots) -> None:
        runner(app, slots, work=job(lambda *_: 7)).run("work")

        [told] = slots.report(["work"])
        assert (told["name"], told["last_count"], told["last_error"]) == ("work", 7, None)
        assert told["last_success_at"] >= told["last_run_at"]

    def test_a_failure_is_noted_without_its_secrets_and_ends_nothing(
        self, app: Flask, slots: JobSlots, database: Database[Document]
    ) -> None:
        def fails(*_: object) -> int:
            raise ValueError("password=hunter2")

        assert runner(app, slots, work=job(fails)).run("work")

        [told] = slots.report(["work"])
        assert told["last_error"].startswith("ValueError: password=")
        assert "hunter2" not in told["last_error"]
        assert (told["last_success_at"], only_slot(database)["state"]) == (None, "FAILED")

    def test_a_database_that_is_away_ends_nothing(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        class Away:
            def take(self, *_: object, **__: object) -> None:
                raise AutoReconnect("away")

        away: Any = Away()
        with caplog.at_level(logging.WARNING):
            assert not runner(app, away, work=job(lambda *_: 1)).run("work")

        assert "a job could not be run" in caplog.text

    def test_ends_when_its_budget_is_over(self, app: Flask, slots: JobSlots) -> None:
        endless = job(drain(lambda _: 1), budget=timedelta(milliseconds=50))

        assert runner(app, slots, work=endless).run("work")

        [told] = slots.report(["work"])
        assert told["last_count"] > 0
        assert told["last_seconds"] < 5

    def test_a_long_one_is_joined_by_as_many_as_allowed(
        self, app: Flask, slots: JobSlots, database: Database[Document]
    ) -> None:
        inside, go = threading.Semaphore(0), threading.Event()

        def wait(*_: object) -> int:
            inside.release()
            return int(go.wait(30))

        running = runner(app, slots, work=job(wait, most_at_once=2))
        with ThreadPoolExecutor(2) as pool:
            for _ in range(2):
                pool.submit(running.run, "work")
                assert inside.acquire(timeout=10)
                database["job_slots"].delete_many({})  # The next slot begins.
            assert not running.run("work")
            go.set()

        assert running.run("work")

    def test_one_that_stops_ends_what_runs_and_lets_another_go_on(self, app: Flask, slots: JobSlots) -> None:
        begun = threading.Event()

        def step(_: Services) -> int:
            begun.set()
            return 1

        running = runner(app, slots, work=job(drain(step)))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(running.run, "work")
            assert begun.wait(10)
            running.stop()

            assert answer.result(10)
        assert not running.run("work")
        assert slots.report(["work"])[0]["last_success_at"] is None
        assert runner(app, slots, work=job(lambda *_: 1)).run("work")


def test_an_admin_sees_every_job_also_before_it_ever_ran(app: Flask, admin: Any) -> None:
    services = services_of(app)
    JobRunner(services, services.job_slots, {"sweep": job(lambda *_: 3)}).run("sweep")

    jobs = {row["name"]: row for row in admin.get("/api/admin/jobs").json["data"]}

    assert jobs["dispatch_events"] == {
        "name": "dispatch_events",
        "interval_seconds": 2.0,
        **dict.fromkeys(("last_run_at", "last_success_at", "last_error_at", "last_error")),
        **dict.fromkeys(("last_seconds", "last_count")),
    }
    assert (jobs["sweep"]["last_count"], jobs["sweep"]["last_error"]) == (3, None)
    assert jobs["sweep"]["last_success_at"].endswith("Z")
