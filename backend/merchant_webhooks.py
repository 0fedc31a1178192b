"""Tells the shop's own systems what has happened: in order, at least once, and each apart from the others."""

import logging
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document, in_transaction
from backend.errors import AppError, Conflict
from backend.leases import backoff
from backend.metrics import MERCHANT_WEBHOOKS
from backend.notifications.webhook_sender import Reply, WebhookSender
from backend.notifications.webhook_signatures import signed_headers
from backend.webhook_deliveries import DeliveryState, WebhookDeliveries
from backend.webhook_endpoints import EndpointNotFound, WebhookEndpoints
from backend.webhook_payloads import event_body, ping_body
from backend.webhook_queues import WebhookQueues

RETRIED_FOR = timedelta(days=1)
LONGEST_WAIT = timedelta(hours=2)
SHORTEST_WAIT = timedelta(seconds=1)
GONE = "GONE"
NEVER_BETTER = "BODY_TOO_LARGE"

log = logging.getLogger(__name__)


class MerchantWebhooks:
    """Writes a message for every endpoint that wants an event, and sends what is written."""

    def __init__(
        self, database: Database[Document], *, endpoints: WebhookEndpoints, sender: WebhookSender
    ) -> None:
        self._client = database.client
        self._endpoints = endpoints
        self._sender = sender
        self._queues = WebhookQueues(database)
        self._deliveries = WebhookDeliveries(database)

    def take(self, event: Document) -> None:
        """Write a message for each endpoint that wants the event; hearing of it again changes nothing."""
        for endpoint_id in self._queues.wanting(event["type"]):
            if not self._deliveries.is_known(f"{event['_id']}:{endpoint_id}"):
                self._write(event, endpoint_id)

    def deliver(self) -> int:
        """Send its next message to the endpoint that has waited longest, and give how many were taken."""
        endpoint = self._queues.lease()
        if endpoint is None:
            return 0
        if endpoint["deleted_at"]:
            self._bury(endpoint)
        elif head := self._deliveries.head(endpoint["_id"]):
            self._attempt(endpoint, head)
        else:
            self._queues.rest(endpoint)
        return 1

    def resend(self, delivery_id: str) -> Document:
        """Send a message once more, before all that still wait; one that waits itself is tried at once."""
        delivery = self._deliveries.get(delivery_id)

        def write(session: ClientSession) -> None:
            if not self._queues.wake(delivery["endpoint_id"], session):
                raise Conflict("The endpoint is disabled or deleted.")
            self._deliveries.reopen(delivery_id, session)

        in_transaction(self._client, write)
        return self._deliveries.get(delivery_id)

    def ping(self, endpoint_id: str) -> Reply:
        """Send a message that means nothing, beside all others, and tell what came of it."""
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint["deleted_at"]:
            raise EndpointNotFound
        message_id = f"ping_{uuid.uuid4().hex[:24]}"
        return self._send(endpoint, message_id, ping_body(message_id))

    def page(
        self, endpoint_id: str, *, state: DeliveryState | None, type_: str | None, limit: int, skip: int
    ) -> tuple[list[Document], int]:
        """List the messages of an endpoint, newest first, and say how many there are."""
        self._endpoints.get(endpoint_id)
        return self._deliveries.page(endpoint_id, state=state, type_=type_, limit=limit, skip=skip)

    def _write(self, event: Document, endpoint_id: str) -> None:
        """Number and store a message in one transaction, so that no number is lost or given twice."""

        def write(session: ClientSession) -> None:
            sequence = self._queues.number(endpoint_id, session)
            if sequence is not None:
                self._deliveries.add(_delivery(event, endpoint_id, sequence), session)

        try:
            in_transaction(self._client, write)
        except DuplicateKeyError:  # Somebody else was faster, and our number was never given.
            return

    def _attempt(self, endpoint: Document, head: Document) -> None:
        reply = self._send(endpoint, head["event_id"], head["body"])
        if reply.is_ok:
            self._deliveries.delivered(head, reply)
            self._queues.go_on(endpoint)
            MERCHANT_WEBHOOKS.labels("delivered").inc()
        elif reply.status == HTTPStatus.GONE:
            self._give_up(head, reply)
            self._queues.stop(endpoint, reason=GONE)
        else:
            self._fail(endpoint, head, reply)

    def _fail(self, endpoint: Document, head: Document, reply: Reply) -> None:
        """Try again later, until it has been tried for long enough; then the next message has its turn."""
        left = max(head["created_at"], endpoint["enabled_at"]) + RETRIED_FOR - datetime.now(UTC)
        is_out_of_time = left <= timedelta()
        if is_out_of_time or head.get("is_resent") or reply.error == NEVER_BETTER:
            self._give_up(head, reply)
            wait = SHORTEST_WAIT
        else:
            self._deliveries.delayed(head, reply)
            MERCHANT_WEBHOOKS.labels("delayed").inc()
            wait = max(min(_wait(head, reply), left), SHORTEST_WAIT)
        if self._queues.wait(endpoint, after=wait, error=reply.error or "", has_given_up=is_out_of_time):
            log.error("a webhook endpoint has failed for a day", extra={"endpoint": endpoint["_id"]})

    def _give_up(self, head: Document, reply: Reply) -> None:
        self._deliveries.given_up(head, reply)
        MERCHANT_WEBHOOKS.labels("failed").inc()
        log.error("a webhook was given up", extra={"delivery": head["_id"], "reason": reply.error})

    def _bury(self, endpoint: Document) -> None:
        if self._deliveries.bury(endpoint["_id"]):
            self._queues.go_on(endpoint)
        else:
            self._queues.close(endpoint)

    def _send(self, endpoint: Document, message_id: str, body: bytes) -> Reply:
        try:
            secrets = self._endpoints.signing_secrets(endpoint["_id"])
        except AppError as error:
            log.error("a webhook cannot be signed", extra={"endpoint": endpoint["_id"], "code": error.code})
            return Reply(error="SECRET_UNREADABLE")
        headers = signed_headers(message_id, body, signing_secrets=secrets, timestamp=int(time.time()))
        return self._sender.send(endpoint["url"], body, headers)


def _delivery(event: Document, endpoint_id: str, sequence: int) -> Document:
    return {
        "_id": f"{event['_id']}:{endpoint_id}",
        "endpoint_id": endpoint_id,
        "event_id": event["_id"],
        "type": event["type"],
        "sequence": sequence,
        "body": event_body(event, sequence=sequence),
    }


def _wait(head: Document, reply: Reply) -> timedelta:
    """Wait longer after each try, spread so that endpoints part, and as long as the receiver asks for."""
    usual = backoff(head["tries"] + 1, longest=LONGEST_WAIT) * random.uniform(0.75, 1.25)  # noqa: S311
    return max(usual, timedelta(seconds=reply.retry_after_seconds or 0))
