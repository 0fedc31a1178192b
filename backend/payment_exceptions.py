"""Money that came and fits no payment of ours: kept, shown to an admin, and settled with a reason."""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document, in_transaction
from backend.errors import Conflict, NotFound
from backend.gateways.errors import GatewayError, GatewayRefused
from backend.gateways.port import GatewayPayment, GatewayRefund, RefundState
from backend.gateways.resilience import KEYS_REFUSED
from backend.indexes import NEWEST
from backend.metrics import PAYMENT_EXCEPTIONS
from backend.payment_values import Payment, gateway_key

log = logging.getLogger(__name__)


class ExceptionReason(StrEnum):
    """Why captured money could not be applied."""

    UNKNOWN_PAYMENT = "unknown_payment"
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    ORDER_NOT_PAYABLE = "order_not_payable"
    PAID_TWICE = "paid_twice"
    WALLET_REFUSED = "wallet_refused"


class Resolution(StrEnum):
    """What an admin can do with it."""

    CREDIT_WALLET = "credit_wallet"
    REFUND_AT_SOURCE = "refund_at_source"
    DISMISS = "dismiss"


class ExceptionState(StrEnum):
    """Where an exception stands."""

    OPEN = "OPEN"
    RESOLVING = "RESOLVING"
    RESOLVED = "RESOLVED"


RESOLVING = {"state": ExceptionState.RESOLVING.value}


class ExceptionNotFound(NotFound):
    """There is no such exception."""

    code, message = "EXCEPTION_NOT_FOUND", "There is no such payment exception."


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an admin has decided about an exception, and why."""

    resolution: Resolution
    reason: str
    admin_id: str
    customer_id: str | None = None


Carry = Callable[[Document, Decision], Mapping[str, Any]]


class PaymentExceptions:
    """The list of money without a home; nothing ever leaves it but by a decision."""

    def __init__(self, database: Database[Document]) -> None:
        self._client = database.client
        self._exceptions = database["payment_exceptions"]
        self._captures = database["captures"]

    def record(self, seen: GatewayPayment, payment: Payment | None, reason: ExceptionReason) -> None:
        """Keep captured money that fits nothing, once, and raise the alarm."""
        document = _exception(seen, payment, reason)
        capture = capture_document(seen, became=document["_id"])

        def write(session: ClientSession) -> None:
            self._captures.insert_one(capture, session=session)
            self._exceptions.insert_one(document, session=session)

        try:
            in_transaction(self._client, write)
        except DuplicateKeyError:
            return
        PAYMENT_EXCEPTIONS.labels(reason.value).inc()
        log.error(
            "payment exception",
            extra={"exception_id": document["_id"], "reason": reason.value, "gateway": seen.gateway},
        )

    def reason_of(self, seen: GatewayPayment) -> str | None:
        """Tell why some money was kept, if it was."""
        key = {"gateway": seen.gateway, "gateway_payment_id": seen.id}
        document = self._exceptions.find_one(key, {"reason": 1})
        return document["reason"] if document else None

    def page(self, *, state: ExceptionState | None, limit: int, skip: int) -> tuple[list[Document], int]:
        """List exceptions, newest first, and say how many there are."""
        query = {"state": state.value} if state else {}
        found = self._exceptions.find(query, sort=NEWEST, skip=skip, limit=limit)
        return list(found), self._exceptions.count_documents(query)

    def get(self, exception_id: str) -> Document:
        """Find an exception."""
        document = self._exceptions.find_one({"_id": exception_id})
        if document is None:
            raise ExceptionNotFound
        return document

    def resolve(self, exception_id: str, decision: Decision, carry: Carry) -> Document:
        """Settle an exception once; the deed is keyed by its id, so that it can be taken up again."""
        begun = self._begin(exception_id, decision)
        try:
            outcome = dict(carry(begun, decision))
        except GatewayRefused as refusal:
            if refusal.details.get("reason") != KEYS_REFUSED:
                self._reopen({"_id": exception_id, "is_uncertain": None})
            raise
        except GatewayError:
            uncertain = {"$set": {"is_uncertain": True}}
            self._exceptions.update_one({"_id": exception_id, **RESOLVING}, uncertain)
            raise
        ended = {"state": ExceptionState.RESOLVED.value, "resolved_at": datetime.now(UTC), "outcome": outcome}
        if outcome.get("status") != RefundState.PENDING:
            self._exceptions.update_one({"_id": exception_id, **RESOLVING}, {"$set": ended})
        return self.get(exception_id)

    def refund_told(self, seen: GatewayRefund) -> None:
        """Note what became of money that was sent back, by us or on the gateway's own pages."""
        about = {"gateway": seen.gateway, "gateway_payment_id": seen.gateway_payment_id}
        if seen.state is RefundState.FAILED:
            self._reopen({**about, "resolution": Resolution.REFUND_AT_SOURCE.value})
        elif seen.state is RefundState.PROCESSED:
            outcome = {"gateway_refund_id": seen.id, "status": seen.state.value}
            ended = {
                "state": ExceptionState.RESOLVED.value,
                "resolution": Resolution.REFUND_AT_SOURCE.value,
                "outcome": outcome,
                "resolved_at": datetime.now(UTC),
            }
            undecided = {"resolution": {"$in": [None, Resolution.REFUND_AT_SOURCE.value]}}
            whole = {"amount": {"$lte": seen.amount_minor}}
            not_ended = {"state": {"$ne": ExceptionState.RESOLVED.value}}
            self._exceptions.update_one({**about, **undecided, **whole, **not_ended}, {"$set": ended})

    def _reopen(self, guard: Document) -> None:
        """Let something else be decided, because nothing was done, ever."""
        forgotten = dict.fromkeys(("resolution", "resolution_reason", "resolved_by", "resolved_at"), "")
        reopened = {"$set": {"state": ExceptionState.OPEN.value}, "$unset": forgotten}
        self._exceptions.update_one({"state": {"$ne": ExceptionState.OPEN.value}, **guard}, reopened)

    def _begin(self, exception_id: str, decision: Decision) -> Document:
        """Note the decision before acting on it; after that only the same deed can be finished."""
        document = self.get(exception_id)
        noted = {
            "state": ExceptionState.RESOLVING.value,
            "resolution": decision.resolution.value,
            "resolution_reason": decision.reason,
            "resolved_by": decision.admin_id,
            "credited_to": decision.customer_id or document["customer_id"],
        }
        begun = self._exceptions.find_one_and_update(
            {"_id": exception_id, "state": ExceptionState.OPEN.value},
            {"$set": noted},
            return_document=ReturnDocument.AFTER,
        ) or self.get(exception_id)
        is_same = begun["resolution"] == decision.resolution and begun["credited_to"] == noted["credited_to"]
        if begun["state"] == ExceptionState.RESOLVED or not is_same:
            raise Conflict("This was decided before.", resolution=begun["resolution"])
        return begun


def capture_document(seen: GatewayPayment, *, became: str) -> Document:
    """Describe captured money; its id lets it become only one thing, ever."""
    return {
        "_id": gateway_key(seen.gateway, seen.id),
        "gateway": seen.gateway,
        "gateway_payment_id": seen.id,
        "gateway_order_id": seen.order_id,
        "amount": seen.amount_minor,
        "currency": seen.currency,
        "became": became,
        "created_at": datetime.now(UTC),
    }


def _exception(seen: GatewayPayment, payment: Payment | None, reason: ExceptionReason) -> Document:
    return {
        "_id": f"EXC-{uuid.uuid4().hex[:24]}",
        "state": ExceptionState.OPEN.value,
        "reason": reason.value,
        "gateway": seen.gateway,
        "gateway_payment_id": seen.id,
        "gateway_order_id": seen.order_id,
        "amount": seen.amount_minor,
        "currency": seen.currency,
        "payment_id": payment.id if payment else None,
        "order_id": payment.order_id if payment else None,
        "customer_id": payment.customer_id if payment else None,
        "created_at": datetime.now(UTC),
    }
