"""The worker's queue is MongoDB unless somebody says otherwise, and every job has a task and a clock."""

from datetime import timedelta
from typing import Any

import pytest

from backend.config import Settings
from backend.jobs import JOBS, Job
from backend.worker import broker_url, make_celery

NOBODY: Any = None


@pytest.mark.parametrize(
    ("mongodb_uri", "queue"),
    [
        (
            "mongodb://127.0.0.1:27117/?replicaSet=batua",
            "mongodb://127.0.0.1:27117/shop_queue?serverSelectionTimeoutMS=3000&w=1&replicaSet=batua",
        ),
        (
            "mongodb://ann:p%40ss@a:1,b:2/logins?replicaSet=rs0&w=majority",
            "mongodb://ann:p%40ss@a:1,b:2/shop_queue"
            "?serverSelectionTimeoutMS=3000&w=majority&replicaSet=rs0&authSource=logins",
        ),
        (
            "mongodb+srv://ann:pw@cluster.example/?authSource=admin",
            "mongodb+srv://ann:pw@cluster.example/shop_queue?serverSelectionTimeoutMS=3000&w=1&authSource=admin",
        ),
    ],
    ids=["embedded", "login", "srv"],
)
def test_the_queue_has_a_database_of_its_own_on_the_same_server(mongodb_uri: str, queue: str) -> None:
    assert broker_url(Settings(mongodb_uri=mongodb_uri, mongodb_db="shop")) == queue


def test_another_queue_is_taken_as_it_is() -> None:
    assert broker_url(Settings(celery_broker_url="redis://queue/3")) == "redis://queue/3"


@pytest.mark.parametrize(
    ("url", "option", "value"),
    [
        ("", "polling_interval", 0.05),
        ("mongodb+srv://cluster.example/queue", "polling_interval", 0.05),
        ("redis://queue/0", "unacked_restore_throttle", 1),
        ("rediss://queue/0", "unacked_restore_interval", 2),
        ("amqp://queue//", "polling_interval", None),
    ],
)
def test_each_kind_of_queue_gets_its_own_options(url: str, option: str, value: Any) -> None:
    celery = make_celery(Settings(celery_broker_url=url), NOBODY, JOBS)

    assert celery.conf.broker_transport_options.get(option) == value


def test_every_job_has_a_task_and_a_clock() -> None:
    celery = make_celery(Settings(), NOBODY, JOBS)

    tasks = {f"batua.{name}" for name in JOBS}
    assert tasks <= set(celery.tasks)
    assert {entry["task"] for entry in celery.conf.beat_schedule.values()} == tasks


def test_the_clock_asks_for_a_rare_job_often_so_that_a_restart_delays_it_by_little() -> None:
    daily = Job(interval=timedelta(days=1), run=lambda *_: 0)

    celery = make_celery(Settings(), NOBODY, {"daily": daily})

    assert celery.conf.beat_schedule["daily"]["schedule"] == timedelta(minutes=1)
