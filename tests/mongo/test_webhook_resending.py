"""A message can be sent once more, as it was."""

import threading
from typing import Any

import pytest

from backend.errors import Conflict
from backend.webhook_deliveries import DeliveryNotFound
from tests.api.servers import until
from tests.gateways.local_servers import LocalServer, Reply
from tests.mongo.hooks import Hooks, heard
from tests.mongo.saving import at_once, failures


@pytest.fixture
def endpoint(hooks: Hooks, server: LocalServer) -> Any:
    """An endpoint that has got two messages."""
    made = hooks.endpoint(server.url)
    hooks.happens("order_1", "order_2")
    hooks.deliver()
    return made


def test_a_message_that_has_arrived_is_sent_again_with_the_same_id(
    hooks: Hooks, server: LocalServer, endpoint: Any
) -> None:
    hooks.webhooks.resend(hooks.deliveries(endpoint)[0]["_id"])
    hooks.deliver()

    first, _, again = server.asked
    assert (again.headers["webhook-id"], again.body) == (first.headers["webhook-id"], first.body)
    assert hooks.deliveries(endpoint)[0]["tries"] == 2
    assert hooks.states(endpoint) == ["DELIVERED", "DELIVERED"]


def test_a_message_that_was_given_up_arrives(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    hooks.passes(hours=25)
    server.answer = lambda _: Reply(b"", 500)
    hooks.deliver()
    assert hooks.states(endpoint) == ["FAILED"]
    server.answer = lambda _: Reply({})
    hooks.passes(minutes=1)

    hooks.webhooks.resend(hooks.deliveries(endpoint)[0]["_id"])
    hooks.deliver()

    assert hooks.states(endpoint) == ["DELIVERED"]


def test_a_message_that_fails_again_does_not_hold_up_the_others(
    hooks: Hooks, server: LocalServer, endpoint: Any
) -> None:
    server.answer = lambda asked: Reply({}, 500 if asked.json["sequence"] == 1 else 200)
    hooks.webhooks.resend(hooks.deliveries(endpoint)[0]["_id"])
    hooks.happens("order_3")

    hooks.deliver()
    hooks.passes(seconds=2)
    hooks.deliver()

    assert heard(server) == [1, 2, 1, 3]
    assert hooks.states(endpoint) == ["DELIVERED"] * 3  # It has arrived before.
    assert hooks.deliveries(endpoint)[0]["reason"] == "HTTP_500"


def test_a_message_that_waits_is_tried_at_once(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    server.answer = lambda _: Reply(b"", 503, {"Retry-After": "3600"})
    hooks.deliver()
    server.answer = lambda _: Reply({})

    hooks.webhooks.resend(hooks.deliveries(endpoint)[0]["_id"])
    hooks.deliver()

    assert heard(server) == [1, 1]
    assert hooks.states(endpoint) == ["DELIVERED"]


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_nothing_is_sent_again_to_an_endpoint_that_is_not_in_use(
    hooks: Hooks, server: LocalServer, endpoint: Any, end: str
) -> None:
    if end == "disable":
        hooks.endpoints.update(endpoint["_id"], {"enabled": False})
    else:
        hooks.endpoints.delete(endpoint["_id"])

    with pytest.raises(Conflict):
        hooks.webhooks.resend(hooks.deliveries(endpoint)[0]["_id"])
    hooks.deliver()

    assert heard(server) == [1, 2]
    assert hooks.states(endpoint) == ["DELIVERED", "DELIVERED"]


def test_a_message_that_does_not_exist_cannot_be_sent(hooks: Hooks) -> None:
    with pytest.raises(DeliveryNotFound):
        hooks.webhooks.resend("evt_1:we_1")


def test_no_wish_is_overlooked_by_a_worker_that_was_about_to_rest(
    hooks: Hooks, server: LocalServer, endpoint: Any
) -> None:
    id_ = hooks.deliveries(endpoint)[1]["_id"]
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            hooks.webhooks.deliver()

    def wish() -> None:
        try:
            for tries in range(2, 32):
                hooks.webhooks.resend(id_)
                until(lambda: hooks.deliveries(endpoint)[1]["tries"] == tries, seconds=20)  # noqa: B023
        finally:
            is_over.set()

    assert failures(at_once(wish, work, work)) == []
