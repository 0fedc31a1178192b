"""Reads messages that Google has signed for us; they are hints to ask the payment gateway, never money."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.errors import Invalid
from backend.gateways.errors import GatewayError, NotConfigured, WebhookSignatureInvalid
from backend.gateways.google_signatures import (
    PROTOCOL,
    NotSigned,
    SigningKey,
    is_signed,
    message_bytes,
    read_key,
    signing_key_bytes,
)
from backend.gateways.outgoing import Outgoing
from backend.gateways.resilience import PATIENT
from backend.gateways.settings import GooglePaySettings

KEPT_SECONDS = 3600.0
LARGEST_MESSAGE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GooglePayMessage:
    """What Google says has happened to an object; the nonce is different for each message."""

    nonce: str
    object_id: str
    class_id: str
    event_type: str
    expires_at: datetime


class GooglePayMessages:
    """Verifies ECv2SigningOnly messages from a root key of Google's down to the message."""

    def __init__(
        self,
        settings: GooglePaySettings,
        *,
        outgoing: Outgoing | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._now = now
        self._roots = _RootKeys(settings, outgoing or Outgoing(timeout=PATIENT.timeout), clock)

    def read(self, raw: bytes) -> GooglePayMessage:
        """Verify and read a message.

        Raises WebhookSignatureInvalid for one that is not Google's, or not for us, or too old.
        """
        if not self._settings.merchant_id:
            raise NotConfigured("Google Pay is not configured.")
        envelope = _envelope(raw)
        try:
            self._check(envelope)
            return self._message(_object(_text(envelope, "signedMessage")))
        except NotSigned:
            raise WebhookSignatureInvalid from None

    def _check(self, envelope: Mapping[str, Any]) -> None:
        if envelope.get("protocolVersion") != PROTOCOL:
            raise NotSigned
        roots = [root for root in self._roots.current() if root.is_good_at(self._now())]
        for sender, recipient in self._parties():
            if self._is_from(sender, recipient, envelope, roots):
                return
        raise NotSigned

    def _parties(self) -> Iterable[tuple[str, str]]:
        """Name who may write to us, and what we are called then."""
        merchant_id = self._settings.merchant_id
        return ("GooglePayPasses", merchant_id), ("Google", f"merchant:{merchant_id}")

    def _is_from(
        self, sender: str, recipient: str, envelope: Mapping[str, Any], roots: list[SigningKey]
    ) -> bool:
        """Follow the signatures: a root vouches for the intermediate key, and that for the message."""
        signing = envelope.get("intermediateSigningKey")
        if not isinstance(signing, dict):
            raise NotSigned
        signed_key = _text(signing, "signedKey")
        if not is_signed(signing_key_bytes(sender, signed_key), signing.get("signatures"), roots):
            return False
        key = read_key(_object(signed_key))
        signed = message_bytes(sender, recipient, _text(envelope, "signedMessage"))
        return key.is_good_at(self._now()) and is_signed(signed, [envelope.get("signature")], [key])

    def _message(self, message: Mapping[str, Any]) -> GooglePayMessage:
        expires_at = _time(message.get("expTimeMillis"))
        if expires_at <= self._now():
            raise NotSigned
        return GooglePayMessage(
            nonce=_text(message, "nonce"),
            object_id=_text(message, "objectId"),
            class_id=_text(message, "classId"),
            event_type=_text(message, "eventType"),
            expires_at=expires_at,
        )


class _RootKeys:
    """Google's root keys, read from a file or fetched once an hour."""

    def __init__(self, settings: GooglePaySettings, outgoing: Outgoing, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._clock = clock
        self._guard = threading.Lock()
        self._kept: tuple[float, list[SigningKey]] | None = None

    def current(self) -> list[SigningKey]:
        """Give the keys; old ones do when new ones cannot be had, for each carries its own expiry."""
        with self._guard:
            kept = self._kept
            if kept and self._clock() < kept[0]:
                return kept[1]
            try:
                found = _root_keys(self._text())
            except GatewayError:
                if kept is None:
                    raise
                found = kept[1]
            self._kept = (self._clock() + KEPT_SECONDS, found)
            return found

    def _text(self) -> bytes:
        if self._settings.root_keys_file:
            return _file(self._settings.root_keys_file)
        answer = self._outgoing.send("GET", self._settings.root_keys_url)
        if answer.status_code != 200:
            raise GatewayError(gateway="google_pay", reason="root keys not served")
        return answer.content


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise NotConfigured("The file with Google's root keys cannot be read.") from error


def _root_keys(content: bytes) -> list[SigningKey]:
    """Read the keys of our protocol; without a single one something is wrong with the list."""
    try:
        listed = json.loads(content.decode())["keys"]
        found = [read_key(key) for key in listed if key.get("protocolVersion") == PROTOCOL]
    except (ValueError, KeyError, TypeError, AttributeError, NotSigned):
        found = []
    if not found:
        raise GatewayError(gateway="google_pay", reason="root keys cannot be read")
    return found


def _envelope(raw: bytes) -> Mapping[str, Any]:
    if len(raw) > LARGEST_MESSAGE:
        raise Invalid("The message is too long.")
    try:
        found = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise Invalid("The message is not JSON.") from None
    if not isinstance(found, dict):
        raise Invalid("The message is not an object.")
    return found


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NotSigned from None
    if not isinstance(found, dict):
        raise NotSigned
    return found


def _text(found: Mapping[str, Any], name: str) -> str:
    text = found.get(name)
    if not isinstance(text, str) or not text:
        raise NotSigned
    return text


def _time(milliseconds: object) -> datetime:
    if not isinstance(milliseconds, str | int):
        raise NotSigned
    try:
        return datetime.fromtimestamp(int(milliseconds) // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise NotSigned from None
