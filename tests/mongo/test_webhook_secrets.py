"""The secrets that webhooks are signed with: changed without a gap, and stored for nobody to read."""

import functools
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend.errors import Conflict
from backend.webhook_endpoints import EndpointNotFound
from tests.gateways.local_servers import Asked, LocalServer
from tests.mongo.hooks import KEY, NEW_KEY, Hooks
from tests.mongo.saving import at_once, failures

DAY = timedelta(days=1)


def sent(hooks: Hooks, server: LocalServer, key: str) -> Asked:
    """Let something happen, and give what arrives."""
    hooks.happens(key)
    hooks.deliver()
    return server.asked[-1]


def verifies(secret: str, asked: Asked) -> bool:
    try:
        Webhook(secret).verify(asked.body, dict(asked.headers))
    except WebhookVerificationError:
        return False
    return True


def test_an_old_secret_signs_too_until_its_grace_is_over(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    new = hooks.endpoints.rotate_secret(endpoint["_id"], grace=DAY)["secret"]

    during = sent(hooks, server, "order_1")
    hooks.passes(hours=25)
    after = sent(hooks, server, "order_2")

    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert [verifies(secret, during) for secret in (new, endpoint["secret"])] == [True, True]
    assert [verifies(secret, after) for secret in (new, endpoint["secret"])] == [True, False]


def test_without_grace_every_old_secret_ends_at_once(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    second = hooks.endpoints.rotate_secret(endpoint["_id"], grace=DAY)["secret"]
    third = hooks.endpoints.rotate_secret(endpoint["_id"], grace=timedelta())["secret"]

    asked = sent(hooks, server, "order_1")

    assert [verifies(secret, asked) for secret in (third, second, endpoint["secret"])] == [True, False, False]


def test_of_two_who_rotate_at_once_nobody_is_shown_a_secret_that_does_not_sign(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    rotate = functools.partial(hooks.endpoints.rotate_secret, endpoint["_id"], grace=DAY)

    results = at_once(*[rotate] * 4)
    asked = sent(hooks, server, "order_1")

    shown = [result["secret"] for result in results if not isinstance(result, Exception)]
    assert shown
    assert all(verifies(secret, asked) for secret in [*shown, endpoint["secret"]])
    assert all(isinstance(failure, Conflict) for failure in failures(results))


def test_a_secret_is_stored_encrypted_and_shown_once(hooks: Hooks, server: LocalServer) -> None:
    endpoint: Any = hooks.endpoint(server.url)
    rotated = hooks.endpoints.rotate_secret(endpoint["_id"], grace=DAY)["secret"]

    shown = f"{hooks.endpoints.get(endpoint['_id'])} {hooks.endpoints.page(limit=9, skip=0)}"
    everything = f"{hooks.row(endpoint)} {shown}"

    assert endpoint["secret"].startswith("whsec_")
    assert endpoint["secret"] != rotated
    assert endpoint["secret"] not in everything
    assert rotated not in everything
    assert "sealed" not in shown


def test_the_keys_of_the_database_can_be_changed_while_in_use(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    new = hooks.endpoints.rotate_secret(endpoint["_id"], grace=DAY)["secret"]

    both = Hooks(hooks.database, NEW_KEY, KEY)
    counts = [both.endpoints.rotate(), both.endpoints.rotate()]
    asked = sent(Hooks(hooks.database, NEW_KEY), server, "order_1")

    assert counts == [1, 0]
    assert verifies(new, asked)
    assert verifies(endpoint["secret"], asked)


def test_a_secret_that_cannot_be_read_keeps_the_message_waiting(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.happens("order_1")

    stranger = Hooks(hooks.database, NEW_KEY)
    assert stranger.endpoints.rotate() == 0
    stranger.deliver()
    assert hooks.deliveries(endpoint)[0]["reason"] == "SECRET_UNREADABLE"
    hooks.passes(minutes=1)
    hooks.deliver()

    assert hooks.states(endpoint) == ["DELIVERED"]


def test_an_old_secret_that_cannot_be_read_does_not_keep_the_new_one_from_signing(
    hooks: Hooks, server: LocalServer
) -> None:
    endpoint = hooks.endpoint(server.url)
    new = Hooks(hooks.database, NEW_KEY).endpoints.rotate_secret(endpoint["_id"], grace=DAY)["secret"]

    asked = sent(Hooks(hooks.database, NEW_KEY), server, "order_1")

    assert verifies(new, asked)
    assert not verifies(endpoint["secret"], asked)


def test_a_secret_of_another_endpoint_is_of_no_use(hooks: Hooks, server: LocalServer) -> None:
    mine, other = hooks.endpoint(server.url), hooks.endpoint(server.url, "refund.failed")
    stolen = {"sealed_secret": hooks.row(other)["sealed_secret"]}
    hooks.database["webhook_endpoints"].update_one({"_id": mine["_id"]}, {"$set": stolen})
    hooks.happens("order_1")

    hooks.deliver()

    assert server.asked == []
    assert hooks.deliveries(mine)[0]["reason"] == "SECRET_UNREADABLE"


def test_a_deleted_endpoint_gets_no_new_secret(hooks: Hooks, server: LocalServer) -> None:
    endpoint = hooks.endpoint(server.url)
    hooks.endpoints.delete(endpoint["_id"])

    with pytest.raises(EndpointNotFound):
        hooks.endpoints.rotate_secret(endpoint["_id"], grace=DAY)
