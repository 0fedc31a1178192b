"""Which messages are believed to be Google's, and meant for us."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1

from backend.errors import Invalid
from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid
from backend.gateways.google_pay import GooglePayMessages
from backend.gateways.settings import GooglePaySettings
from tests.gateways.certificates import NOW
from tests.gateways.google_signer import MERCHANT, TOMORROW, Google, new_key, spki

PAST = NOW - timedelta(seconds=1)


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def messages(google: Google, tmp_path: Path) -> GooglePayMessages:
    return trusting(google.keys(), tmp_path)


def trusting(keys: object, folder: Path) -> GooglePayMessages:
    file = folder / "keys.json"
    file.write_text(keys if isinstance(keys, str) else json.dumps(keys))
    settings = GooglePaySettings(merchant_id=MERCHANT, root_keys_file=str(file))
    return GooglePayMessages(settings, now=lambda: NOW)


def refuses(messages: GooglePayMessages, raw: bytes) -> bool:
    with pytest.raises(WebhookSignatureInvalid):
        messages.read(raw)
    return True


def test_a_message_for_us_is_read(google: Google, messages: GooglePayMessages) -> None:
    message = messages.read(google.raw())

    assert (message.nonce, message.event_type, message.expires_at) == ("nonce-1", "save", TOMORROW)
    assert (message.class_id, message.object_id) == ("3388.class", "3388.object")


@pytest.mark.parametrize(
    ("sender", "recipient", "is_taken"),
    [
        ("GooglePayPasses", MERCHANT, True),
        ("Google", f"merchant:{MERCHANT}", True),
        ("Google", MERCHANT, False),
        ("Google", f"gateway:{MERCHANT}", False),
        ("GooglePayPasses", f"merchant:{MERCHANT}", False),
        ("GooglePayPasses", "another", False),
        ("GooglePayPasses", "", False),
        ("Somebody", MERCHANT, False),
    ],
)
def test_only_google_may_write_and_only_to_us(
    messages: GooglePayMessages, google: Google, sender: str, recipient: str, is_taken: bool
) -> None:
    google.sender, google.recipient = sender, recipient

    assert messages.read(google.raw()) if is_taken else refuses(messages, google.raw())


def change_message(envelope: dict[str, Any]) -> None:
    envelope["signedMessage"] = envelope["signedMessage"].replace("save", "del")


def change_key(envelope: dict[str, Any]) -> None:
    key = json.loads(envelope["intermediateSigningKey"]["signedKey"])
    envelope["intermediateSigningKey"]["signedKey"] = json.dumps(key | {"keyValue": spki(new_key())})


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(envelope: dict[str, Any]) -> None:
        for name in path[:-1]:
            envelope = envelope[name]
        del envelope[path[-1]]

    return change


def put(value: object, *path: str) -> Callable[[dict[str, Any]], None]:
    def change(envelope: dict[str, Any]) -> None:
        for name in path[:-1]:
            envelope = envelope[name]
        envelope[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        change_message,
        change_key,
        drop("signature"),
        drop("signedMessage"),
        drop("protocolVersion"),
        drop("intermediateSigningKey"),
        drop("intermediateSigningKey", "signatures"),
        drop("intermediateSigningKey", "signedKey"),
        put("", "signature"),
        put(7, "signature"),
        put("no base64!", "signature"),
        put("AAAA", "signature"),
        put([], "intermediateSigningKey", "signatures"),
        put("text", "intermediateSigningKey", "signatures"),
        put([7], "intermediateSigningKey", "signatures"),
        put(["AAAA"] * 1000, "intermediateSigningKey", "signatures"),
        put("text", "intermediateSigningKey"),
        put("{}", "intermediateSigningKey", "signedKey"),
        put("ECv2", "protocolVersion"),
        put("ECv1", "protocolVersion"),
        put(7, "signedMessage"),
        put("\ud800", "signedMessage"),
    ],
)
def test_a_message_that_was_changed_is_refused(
    google: Google, messages: GooglePayMessages, change: Callable[[dict[str, Any]], None]
) -> None:
    envelope = google.envelope()
    change(envelope)

    assert refuses(messages, json.dumps(envelope).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"expTimeMillis": int(PAST.timestamp() * 1000)},
        {"expTimeMillis": None},
        {"expTimeMillis": "soon"},
        {"expTimeMillis": 10**30},
        {"nonce": None},
        {"nonce": ""},
        {"objectId": 7},
        {"eventType": None},
        {"classId": None},
    ],
)
def test_a_message_that_says_too_little_or_too_late_is_refused(
    google: Google, messages: GooglePayMessages, changes: dict[str, Any]
) -> None:
    assert refuses(messages, google.raw(**changes))


@pytest.mark.parametrize("nonsense", ["no json", "[]", "7", '{"keyValue": "AAAA", "keyExpiration": "9"}'])
@pytest.mark.parametrize("place", ["signed_key", "signed_message"])
def test_nonsense_is_refused_even_when_signed(
    google: Google, messages: GooglePayMessages, place: str, nonsense: str
) -> None:
    setattr(google, place, nonsense)

    assert refuses(messages, google.raw())


def test_a_key_that_expired_vouches_for_nothing(
    google: Google, messages: GooglePayMessages, tmp_path: Path
) -> None:
    google.intermediate_expires = PAST
    assert refuses(messages, google.raw())

    google.intermediate_expires, google.root_expires = TOMORROW, PAST
    assert refuses(trusting(google.keys(), tmp_path), google.raw())


def test_a_message_of_somebody_with_own_keys_is_refused(messages: GooglePayMessages) -> None:
    assert refuses(messages, Google().raw())


def test_a_key_on_another_curve_is_refused(google: Google, messages: GooglePayMessages) -> None:
    google.intermediate = new_key(SECP384R1())

    assert refuses(messages, google.raw())


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 50_000, b'"' + b"x" * 70_000 + b'"']
)
def test_what_is_no_message_is_invalid(messages: GooglePayMessages, raw: bytes) -> None:
    with pytest.raises(Invalid):
        messages.read(raw)


def test_without_our_id_nothing_can_be_meant_for_us(google: Google) -> None:
    with pytest.raises(NotConfigured):
        GooglePayMessages(GooglePaySettings()).read(google.raw())
