"""Messages reach a shop's own systems signed, in order, and until they arrive."""

from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.gateways.local_servers import LocalServer, Reply
from tests.mongo.hooks import Hooks, heard


def refuse(server: LocalServer, *statuses: int, **headers: str) -> None:
    """Answer the next requests with these statuses, and all others well."""
    waiting = list(statuses)
    server.answer = lambda _: Reply(b"no", waiting.pop(0), headers) if waiting else Reply({})


def goes_on_failing(hooks: Hooks, endpoint: Any) -> int:
    """Let hours pass until nothing is tried any more for the oldest message, and count them."""
    hours = 0
    while hooks.states(endpoint)[0] == "PENDING":
        hooks.deliver()
        hooks.passes(hours=1)
        hours += 1
        assert hours < 50
    return hours


def due_in(hooks: Hooks, endpoint: Any) -> timedelta:
    due_at: datetime = hooks.row(endpoint)["due_at"]
    return due_at - datetime.now(UTC)


def test_a_message_arrives_signed(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")

    hooks.deliver()

    [asked], [row] = server.asked, hooks.deliveries(endpoint)
    read: Any = Webhook(endpoint["secret"]).verify(asked.body, dict(asked.headers))
    assert read["data"]["amount"] == 150.5
    assert (asked.headers["webhook-id"], asked.body) == (row["event_id"], row["body"])
    assert (row["state"], row["tries"], row["reason"]) == ("DELIVERED", 1, None)
    assert hooks.row(endpoint)["state"] == "IDLE"


def test_the_next_message_waits_until_the_one_before_has_arrived(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1", "order_2", "order_3")
    refuse(server, 500, 503)

    for _ in range(3):
        hooks.deliver()
        hooks.passes(minutes=1)

    assert heard(server) == [1, 1, 1, 2, 3]
    assert len({asked.body for asked in server.asked[:3]}) == 1
    assert len({asked.headers["webhook-id"] for asked in server.asked[:3]}) == 1
    assert hooks.states(endpoint) == ["DELIVERED"] * 3


def test_what_comes_while_an_endpoint_is_waited_for_does_not_make_it_tried_sooner(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    refuse(server, 500, **{"Retry-After": "600"})
    hooks.deliver()

    hooks.happens("order_2")
    hooks.deliver()

    assert heard(server) == [1]
    assert timedelta(minutes=9) < due_in(hooks, endpoint) <= timedelta(minutes=10)


def test_every_try_is_written_down(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    server.answer = lambda _: Reply(b"x" * 2000, 500)
    hooks.deliver()
    hooks.passes(minutes=1)
    server.answer = lambda _: Reply(None)
    hooks.deliver()

    [row] = hooks.deliveries(endpoint)

    told = [(one["status"], one["error"], len(one["response"])) for one in row["attempts"]]
    assert told == [(500, "HTTP_500", 500), (None, "NO_ANSWER", 0)]
    assert all(one["milliseconds"] >= 0 and one["at"] for one in row["attempts"])
    assert (row["state"], row["tries"], row["reason"]) == ("PENDING", 2, "NO_ANSWER")


def test_the_waits_grow(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    refuse(server, *[500] * 20)
    waits = []
    for _ in range(12):
        hooks.deliver()
        waits.append(due_in(hooks, endpoint).total_seconds())
        hooks.passes(seconds=round(waits[-1]) + 2)

    assert len(server.asked) == 12
    for number, waited in enumerate(waits, start=1):
        assert 0.75 * 2**number - 3 < waited <= 1.25 * 2**number


def test_after_a_day_a_message_is_given_up_and_the_next_has_its_turn(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    server.answer = lambda asked: Reply(b"", 500 if asked.json["sequence"] == 1 else 200)

    hours = goes_on_failing(hooks, endpoint)
    hooks.happens("order_2")
    hooks.deliver()

    first, second = hooks.deliveries(endpoint)
    assert hours == 25
    assert 10 < first["tries"] < 30
    assert (first["state"], first["reason"], second["state"]) == ("FAILED", "HTTP_500", "DELIVERED")


def test_an_endpoint_that_fails_for_a_day_is_flagged_until_it_is_well(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    refuse(server, *[500] * 50)
    hooks.deliver()
    assert hooks.row(endpoint)["flagged_at"] is None

    goes_on_failing(hooks, endpoint)
    flagged = hooks.endpoints.get(endpoint["_id"])
    refuse(server)
    hooks.happens("order_2")
    hooks.deliver()

    well = hooks.endpoints.get(endpoint["_id"])
    assert flagged["flagged_at"]
    assert flagged["last_error"] == "HTTP_500"
    assert (well["flagged_at"], well["failing_since"], well["last_error"]) == (None, None, None)


def test_no_wait_is_longer_than_what_is_left_of_the_day(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")
    refuse(server, 503, 503, **{"Retry-After": "86400"})
    hooks.passes(hours=23)

    hooks.deliver()

    assert timedelta(minutes=55) < due_in(hooks, endpoint) <= timedelta(hours=1)


def test_an_endpoint_that_is_gone_is_disabled_and_what_came_later_waits(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1", "order_2")
    refuse(server, 410)

    hooks.deliver()
    gone = hooks.endpoints.get(endpoint["_id"])
    hooks.happens("order_3")
    hooks.endpoints.update(endpoint["_id"], {"enabled": True})
    hooks.deliver()

    assert (gone["status"], gone["disabled_reason"]) == ("disabled", "GONE")
    assert heard(server) == [1, 2]
    assert hooks.states(endpoint) == ["FAILED", "DELIVERED"]


def test_a_disabled_endpoint_gets_what_has_waited_when_it_is_enabled_again(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1", "order_2")
    hooks.endpoints.update(endpoint["_id"], {"enabled": False})
    hooks.deliver()
    hooks.passes(days=3)
    hooks.endpoints.update(endpoint["_id"], {"enabled": True})
    refuse(server, 500)
    hooks.deliver()
    assert hooks.states(endpoint) == ["PENDING", "PENDING"]  # A day begins when it is enabled.
    hooks.passes(minutes=1)

    hooks.deliver()

    assert heard(server) == [1, 1, 2]


def test_a_new_address_is_tried_at_once(hooks: Hooks, server: LocalServer) -> None:
    with LocalServer(lambda _: Reply(b"", 500, {"Retry-After": "3600"})) as dead:
        endpoint = hooks.endpoint(dead.url)
        hooks.happens("order_1")
        hooks.deliver()

    hooks.endpoints.update(endpoint["_id"], {"url": server.url})
    hooks.deliver()

    assert heard(server) == [1]


def test_what_waits_for_a_deleted_endpoint_is_ended_with_the_reason(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1", "order_2", "order_3")

    hooks.endpoints.delete(endpoint["_id"])
    hooks.deliver()

    assert server.asked == []
    assert {(row["state"], row["reason"]) for row in hooks.deliveries(endpoint)} == {
        ("FAILED", "ENDPOINT_DELETED")
    }
    assert hooks.row(endpoint)["state"] == "DELETED"


def test_a_message_that_is_too_large_is_given_up_at_once(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1", text="x" * 300_000)
    hooks.happens("order_2")
    hooks.deliver()
    hooks.passes(seconds=2)

    hooks.deliver()

    assert heard(server) == [2]
    assert hooks.deliveries(endpoint)[0]["reason"] == "BODY_TOO_LARGE"
