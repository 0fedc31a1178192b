"""Any number of workers deliver at once, and any of them may die at any moment."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.gateways.local_servers import Asked, LocalServer, Reply
from tests.mongo.hooks import Hooks, heard, stuck
from tests.mongo.saving import at_once, failures

DELIVERER = """
import sys
from backend import db
from tests.mongo.hooks import Hooks
client = db.connect(sys.argv[1])
hooks = Hooks(client[sys.argv[2]])
while True:
    hooks.webhooks.deliver()
"""


class Busy:
    """Answers, and notes whether it is ever spoken to by two at once."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._guard = threading.Lock()

    def __call__(self, _: Asked) -> Reply:
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.005)
        with self._guard:
            self._now -= 1
        return Reply({})


def test_workers_share_the_endpoints_and_keep_the_order_of_each(hooks: Hooks) -> None:
    receivers = [Busy(), Busy(), Busy()]
    with ExitStack() as stack:
        servers = [stack.enter_context(LocalServer(receiver)) for receiver in receivers]
        for server in servers:
            hooks.endpoint(server.url)
        hooks.happens(*[f"order_{number}" for number in range(15)])

        results = at_once(*[hooks.deliver] * 4)
        hooks.deliver()

    assert failures(results) == []
    assert [heard(server) for server in servers] == [list(range(1, 16))] * 3
    assert [receiver.most for receiver in receivers] == [1, 1, 1]
    assert hooks.rows.count_documents({"state": "DELIVERED", "tries": 1}) == 45


def test_events_that_happen_while_workers_deliver_all_arrive_in_order(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    keys = [f"order_{number}" for number in range(40)]
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            hooks.webhooks.deliver()

    def tell() -> None:
        hooks.happens(*keys)
        is_over.set()

    results = at_once(tell, work, work, work)
    hooks.deliver()

    assert failures(results) == []
    assert heard(server) == list(range(1, 41))
    assert hooks.row(endpoint)["state"] == "IDLE"


def test_an_endpoint_that_hangs_delays_no_other_one(hooks: Hooks, server: LocalServer) -> None:
    with stuck() as (dead, waits):
        hung = hooks.endpoint(dead.url)
        hooks.happens("order_1")
        worker = threading.Thread(target=hooks.webhooks.deliver)
        worker.start()
        assert waits.wait(10)
        well = hooks.endpoint(server.url)
        hooks.happens("order_2", "order_3")

        hooks.deliver()
        states = hooks.states(hung)

    worker.join()
    assert heard(server) == [1, 2]
    assert hooks.states(well) == ["DELIVERED"] * 2
    assert states == ["PENDING"] * 3
    assert heard(dead) == [1]


def test_an_endpoint_with_much_to_send_leaves_room_for_others(hooks: Hooks, server: LocalServer) -> None:
    with LocalServer() as other:
        hooks.endpoint(server.url, "order.paid")
        hooks.happens(*[f"order_{number}" for number in range(10)])
        hooks.endpoint(other.url, "order.paid")
        hooks.happens("order_a", "order_b")

        for _ in range(6):
            hooks.webhooks.deliver()

        assert heard(other) == [1, 2]


def test_a_worker_that_is_killed_after_sending_has_the_same_message_sent_again(
    hooks: Hooks, server: LocalServer, mongodb_uri: str, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1", "order_2")
    workers: list[subprocess.Popen[str]] = []
    is_killed = threading.Event()

    def kill(asked: Asked) -> Reply:
        if not is_killed.is_set():
            os.kill(workers[0].pid, signal.SIGKILL)
            is_killed.set()
        return Reply({})

    server.answer = kill
    workers.append(spawn("-c", DELIVERER, mongodb_uri, hooks.database.name))
    workers[0].wait(30)
    hooks.deliver()
    assert heard(server) == [1]  # Nobody knows that it is dead before its lease ends.

    hooks.passes(minutes=2)
    hooks.deliver()

    first, again, second = server.asked
    assert first.headers["webhook-id"] == again.headers["webhook-id"] != second.headers["webhook-id"]
    assert first.body == again.body
    assert hooks.states(endpoint) == ["DELIVERED", "DELIVERED"]


@pytest.mark.parametrize("status", [200, 500])
def test_a_worker_that_comes_back_too_late_changes_nothing_for_its_successor(
    hooks: Hooks, status: int
) -> None:
    is_over, begun = threading.Event(), threading.Event()
    tries: Counter[Any] = Counter()

    def answer(asked: Asked) -> Reply:
        tries[asked.json["sequence"]] += 1
        if tries.total() > 1:
            return Reply({})
        begun.set()
        is_over.wait(30)
        return Reply({}, status)

    with LocalServer(answer) as server:
        endpoint = hooks.endpoint(server.url)
        hooks.happens("order_1", "order_2")
        late = threading.Thread(target=hooks.webhooks.deliver)
        late.start()
        assert begun.wait(10)
        hooks.passes(minutes=2)
        hooks.deliver()
        is_over.set()
        late.join()
        hooks.deliver()

    assert heard(server) == [1, 1, 2]
    assert hooks.states(endpoint) == ["DELIVERED", "DELIVERED"]
    assert hooks.row(endpoint)["failing_since"] is None
