"""What we sign is what others verify, with a library that is not ours."""

import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend.notifications.webhook_signatures import new_secret, signed_headers

BODY = '{"type":"order.paid","name":"आशा"}'.encode()


def headers_of(*secrets: str) -> dict[str, str]:
    return signed_headers("evt_1", BODY, signing_secrets=secrets, timestamp=int(time.time()))


def test_the_example_of_the_specification_has_the_signature_it_names() -> None:
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        signing_secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        timestamp=1614265330,
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_verified_by_another_library() -> None:
    secret = new_secret()

    read: Any = Webhook(secret).verify(BODY, headers_of(secret))

    assert read["type"] == "order.paid"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": str(int(time.time()) + 1)},
        {"webhook-signature": "v1,AA=="},
    ],
    ids=["id", "timestamp", "signature"],
)
def test_whatever_is_changed_the_signature_is_wrong(change: dict[str, str]) -> None:
    secret = new_secret()

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers_of(secret) | change)


def test_each_of_several_secrets_verifies_and_no_other_one() -> None:
    new, old = new_secret(), new_secret()
    headers = headers_of(new, old)

    assert Webhook(new).verify(BODY, headers) == Webhook(old).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)
