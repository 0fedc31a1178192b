"""The addresses of a shop's own systems that want to hear of events, and the secrets we sign with."""

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database

from backend.db import Document
from backend.errors import Conflict, NotFound
from backend.field_cipher import FieldCipher, Undecryptable
from backend.indexes import NEWEST
from backend.notifications.webhook_sender import WebhookSender
from backend.notifications.webhook_signatures import new_secret
from backend.webhook_queues import ENDPOINTS, EndpointState, woken

DISABLED_BY_ADMIN = "an admin"
MOST_OLD_SECRETS = 5
SHOWN_OF_A_SECRET = 4

_IS_OFF = {"$eq": ["$state", EndpointState.DISABLED.value]}
_SEALED = {"sealed_secret": 0, "old_secrets.sealed": 0}
_SECRETS = {"sealed_secret": 1, "old_secrets": 1}

log = logging.getLogger(__name__)


class EndpointStatus(StrEnum):
    """What an endpoint is, as its owner sees it."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class EndpointNotFound(NotFound):
    """There is no such endpoint, or it was deleted."""

    code, message = "WEBHOOK_ENDPOINT_NOT_FOUND", "There is no such webhook endpoint."


class WebhookEndpoints:
    """Keeps endpoints; a deleted one is only not used any more."""

    def __init__(self, database: Database[Document], *, cipher: FieldCipher, sender: WebhookSender) -> None:
        self._endpoints = database[ENDPOINTS]
        self._cipher = cipher
        self._sender = sender

    def create(self, *, url: str, events: Sequence[str], description: str | None) -> Document:
        """Add an endpoint, and show its secret, this once."""
        self._sender.check(url)
        id_, secret, now = f"we_{uuid.uuid4().hex[:24]}", new_secret(), datetime.now(UTC)
        row = {
            "_id": id_,
            "url": url,
            "events": sorted(set(events)),
            "description": description,
            **self._sealed(id_, secret),
            "old_secrets": [],
            "state": EndpointState.IDLE.value,
            "due_at": now,
            "sequence": 0,
            "wakes": 0,
            "failing_since": None,
            "flagged_at": None,
            "disabled_reason": None,
            "enabled_at": now,
            "deleted_at": None,
            "created_at": now,
        }
        self._endpoints.insert_one(row)
        return self.get(id_) | {"secret": secret}

    def page(self, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List the endpoints that were not deleted, newest first, and say how many there are."""
        kept = {"deleted_at": None}
        found = self._endpoints.find(kept, _SEALED, sort=NEWEST, skip=skip, limit=limit)
        return [_shown(row) for row in found], self._endpoints.count_documents(kept)

    def get(self, endpoint_id: str) -> Document:
        """Find an endpoint, be it deleted or not."""
        row = self._endpoints.find_one({"_id": endpoint_id}, _SEALED)
        if row is None:
            raise EndpointNotFound
        return _shown(row)

    def update(self, endpoint_id: str, changes: Mapping[str, Any]) -> Document:
        """Change what was given of url, events, description and enabled."""
        if "url" in changes:
            self._sender.check(changes["url"])
        wanted = {name: {"$literal": changes[name]} for name in changes.keys() - {"enabled"}}
        stages: list[Document] = [{"$set": {**wanted, "updated_at": "$$NOW"}}]
        if changes.get("enabled") is True:
            stages.append(
                {"$set": {name: {"$cond": [_IS_OFF, new, f"${name}"]} for name, new in _ON.items()}}
            )
        if changes.get("enabled") is False:
            stages.append({"$set": _OFF})
        elif "url" in changes:
            stages.append({"$set": _tried_at_once()})
        row = self._endpoints.find_one_and_update(
            _kept(endpoint_id), stages, _SEALED, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise EndpointNotFound
        return _shown(row)

    def delete(self, endpoint_id: str) -> Document:
        """Send nothing to an endpoint any more; what waits for it is ended by whoever would have sent it."""
        gone = {"deleted_at": "$$NOW", "updated_at": "$$NOW", **woken()}
        self._endpoints.update_one(_kept(endpoint_id), [{"$set": gone}])
        return self.get(endpoint_id)

    def rotate_secret(self, endpoint_id: str, *, grace: timedelta) -> Document:
        """Sign with a new secret, shown this once, and for a while with the old ones too."""
        row = self._endpoints.find_one(_kept(endpoint_id))
        if row is None:
            raise EndpointNotFound
        until = datetime.now(UTC) + grace
        old = [{"sealed": row["sealed_secret"], "until": until}, *row["old_secrets"]]
        kept = [one | {"until": min(one["until"], until)} for one in old] if grace else []
        secret = new_secret()
        changes = {**self._sealed(endpoint_id, secret), "old_secrets": kept[:MOST_OLD_SECRETS]}
        unchanged = {**_kept(endpoint_id), "sealed_secret": row["sealed_secret"]}
        if not self._endpoints.update_one(unchanged, {"$set": changes}).matched_count:
            raise Conflict("The secret was changed by somebody else in the meantime.")
        return self.get(endpoint_id) | {"secret": secret}

    def signing_secrets(self, endpoint_id: str) -> Sequence[str]:
        """Give the secrets that count at present, the newest first."""
        row = self._endpoints.find_one({"_id": endpoint_id}, _SECRETS)
        if row is None:
            raise EndpointNotFound
        now = datetime.now(UTC)
        old = [one["sealed"] for one in row["old_secrets"] if one["until"] > now]
        return [self._opened(endpoint_id, row["sealed_secret"]), *self._readable(endpoint_id, old)]

    def _readable(self, endpoint_id: str, sealed: Sequence[bytes]) -> Iterator[str]:
        """Open old secrets; one that cannot be read is no reason to send nothing."""
        for one in sealed:
            try:
                yield self._opened(endpoint_id, one)
            except Undecryptable:
                log.error("an old secret cannot be decrypted with any key", extra={"endpoint": endpoint_id})

    def _opened(self, endpoint_id: str, sealed: bytes) -> str:
        return self._cipher.decrypt(sealed, record_id=endpoint_id).decode()

    def rotate(self) -> int:
        """Encrypt the secrets of every endpoint with the newest key, and count where they were not."""
        return sum(self._rotate(row) for row in self._endpoints.find({}, _SECRETS))

    def _rotate(self, row: Document) -> int:
        old = row["old_secrets"]
        if all(self._cipher.is_newest(sealed) for sealed in _all_sealed(row)):
            return 0
        try:
            changes = {
                "sealed_secret": self._cipher.rotate(row["sealed_secret"]),
                "old_secrets": [one | {"sealed": self._cipher.rotate(one["sealed"])} for one in old],
            }
        except Undecryptable:
            log.error("a secret cannot be decrypted with any key", extra={"endpoint": row["_id"]})
            return 0
        return self._endpoints.update_one(row, {"$set": changes}).modified_count

    def _sealed(self, endpoint_id: str, secret: str) -> Document:
        sealed = self._cipher.encrypt(secret.encode(), record_id=endpoint_id)
        return {"sealed_secret": sealed, "secret_hint": secret[-SHOWN_OF_A_SECRET:]}


# What becomes of an endpoint that was off; one that was on is left alone.
_ON: Mapping[str, Any] = {
    **woken(),
    "enabled_at": "$$NOW",
    "failing_since": None,
    "flagged_at": None,
    "disabled_reason": None,
}
_OFF: Mapping[str, Any] = {
    "state": EndpointState.DISABLED.value,
    "disabled_reason": {"$cond": [_IS_OFF, "$disabled_reason", DISABLED_BY_ADMIN]},
}


def _tried_at_once() -> Mapping[str, Any]:
    """Describe an endpoint that does not go on waiting, if that is what it does."""
    is_waiting = {"$eq": ["$state", EndpointState.PENDING.value]}
    return {name: {"$cond": [is_waiting, new, f"${name}"]} for name, new in woken().items()}


def _all_sealed(row: Document) -> Sequence[bytes]:
    return [row["sealed_secret"], *(old["sealed"] for old in row["old_secrets"])]


def _kept(endpoint_id: str) -> Document:
    return {"_id": endpoint_id, "deleted_at": None}


def _shown(row: Document) -> Document:
    """Add what an endpoint is, and how the last try ended."""
    status = EndpointStatus.ENABLED
    if row["deleted_at"]:
        status = EndpointStatus.DELETED
    elif row["state"] == EndpointState.DISABLED:
        status = EndpointStatus.DISABLED
    return row | {"status": status.value, "last_error": row.get("error") or None}
