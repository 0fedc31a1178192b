"""Gives money back: at the gateway it came from, or into the customer's wallet."""

import logging
from collections.abc import Iterator
from datetime import datetime

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.attempts import readable
from backend.db import Document
from backend.errors import RefundNotAllowed, RefundNotFound
from backend.gateways.errors import GatewayError, GatewayNotFound, GatewayRefused, GatewayUnavailable
from backend.gateways.port import GatewayDispute, GatewayRefund, RefundRequest, RefundState
from backend.gateways.registry import Gateways
from backend.gateways.resilience import KEYS_REFUSED
from backend.indexes import NEWEST
from backend.payment_exceptions import PaymentExceptions
from backend.payment_store import PaymentStore
from backend.payment_values import Payment, gateway_key
from backend.refund_booking import RefundBooking
from backend.refund_facts import RefundFacts
from backend.refund_to_wallet import RefundToWallet
from backend.refund_values import (
    UNDER_WAY,
    Destination,
    Refund,
    RefundReason,
    RefundStatus,
    RefundWish,
    read_refund,
)
from backend.topup_reversals import TopUpReversals
from backend.turns import turns

MOST_REPORTED = 100

log = logging.getLogger(__name__)


class RefundService:
    """Makes refunds, follows them until they end, and shows them."""

    def __init__(
        self,
        database: Database[Document],
        *,
        gateways: Gateways,
        to_wallet: RefundToWallet,
        reversals: TopUpReversals,
        exceptions: PaymentExceptions,
    ) -> None:
        self._refunds = database["refunds"]
        self._store = PaymentStore(database)
        self._booking = RefundBooking(database)
        self._facts = RefundFacts(database, booking=self._booking, reversals=reversals)
        self._gateways = gateways
        self._to_wallet = to_wallet
        self._exceptions = exceptions

    def create(self, wish: RefundWish) -> Refund:
        """Give money back; the same refund id never gives it back twice."""
        if self._store.get(wish.payment_id).order_id is None:
            raise RefundNotAllowed("A top-up is in the wallet, and may be spent. Take it from there first.")
        refund = self._booking.find(wish.refund_id) or self._reserve(wish)
        if refund.status is RefundStatus.PENDING:
            self._send(refund)
        return self._existing(wish.refund_id)

    def get(self, refund_id: str, *, owner_id: str | None) -> Refund:
        """Find a refund; to anybody but its owner it does not exist."""
        refund = self._booking.find(refund_id)
        if refund is None or owner_id not in (None, refund.customer_id):
            raise RefundNotFound
        return refund

    def of_payment(self, payment_id: str) -> list[Refund]:
        """List the refunds of a payment, newest first."""
        found = self._refunds.find({"payment_id": payment_id}, sort=NEWEST)
        return [read_refund(document) for document in found]

    def under_way(self, *, before: datetime, unasked_since: datetime) -> Iterator[Refund]:
        """Give the refunds that have not ended and are older than a moment."""
        query = {"status": {"$in": UNDER_WAY}, "created_at": {"$lt": before}}
        return readable(turns(self._refunds, query, before=unasked_since), read_refund)

    def overdue(self, *, before: datetime) -> Iterator[Refund]:
        """Give the refunds that were asked for before a moment and have not ended, the oldest ones."""
        late = {"status": {"$in": UNDER_WAY}, "created_at": {"$lt": before}}
        found = self._refunds.find(late, sort=[("created_at", 1), ("_id", 1)], limit=MOST_REPORTED)
        return readable(found, read_refund)

    def newly_overdue(self, *, before: datetime) -> Iterator[Refund]:
        """Give, each only once, the refunds that were asked for before a moment and have not ended."""
        new = {
            "status": {"$in": UNDER_WAY},
            "created_at": {"$lt": before},
            "overdue_at": {"$exists": False},
        }
        noted = [{"$set": {"overdue_at": "$$NOW"}}]
        while found := self._refunds.find_one_and_update(new, noted):
            yield read_refund(found)

    def follow(self, refund: Refund) -> Refund:
        """Ask what became of a refund; one that may never have arrived is sent again under its key."""
        if refund.gateway_refund_id is None:
            failure = self._send(refund)
            if failure:
                raise failure
        else:
            self.apply(self._gateways.get(refund.gateway).fetch_refund(_as_seen(refund)))
        return self._existing(refund.id)

    def apply(self, seen: GatewayRefund) -> None:
        """Apply what a gateway says about a refund, be it ours or one made on its own pages."""
        refund = self._find(seen)
        if refund is None or (refund.status is RefundStatus.FAILED and seen.state is RefundState.PROCESSED):
            self._made_elsewhere(seen)
        elif seen.state is RefundState.PROCESSED:
            self._facts.complete(refund, seen)
        elif seen.state is RefundState.FAILED:
            self._fail(refund, seen, error=seen.error_text or "The gateway says it has failed.")
        else:
            self._booking.note(refund, seen)

    def book_chargeback(self, payment: Payment, dispute: GatewayDispute) -> None:
        """Book money that was taken back, once."""
        seen = GatewayRefund(
            id=dispute.id,
            gateway=dispute.gateway,
            gateway_payment_id=dispute.gateway_payment_id,
            state=RefundState.PROCESSED,
            amount_minor=dispute.amount_minor,
            currency=dispute.currency,
        )
        self._facts.book(payment.id, seen, reason=RefundReason.DISPUTE)

    def given_back_minor(self, payment_id: str) -> int:
        """Tell how much of what the gateway charged has gone back for certain."""
        refunds = self.of_payment(payment_id)
        return sum(refund.charge_minor for refund in refunds if refund.status is RefundStatus.COMPLETED)

    def _reserve(self, wish: RefundWish) -> Refund:
        try:
            if wish.destination is Destination.WALLET:
                return self._to_wallet.refund(wish)
            return self._booking.reserve(wish)
        except DuplicateKeyError:  # The same request, at the same time.
            return self._existing(wish.refund_id)

    def _send(self, refund: Refund) -> GatewayError | None:
        """Ask the gateway to give the money back; no answer leaves the amount reserved and is handed on."""
        request = RefundRequest(
            refund_id=refund.id,
            gateway_payment_id=refund.gateway_payment_id,
            amount_minor=refund.charge_minor,
            currency=refund.charge_currency,
            reason=refund.reason,
        )
        try:
            seen = self._gateways.get(refund.gateway).refund(request)
        except GatewayRefused as refusal:
            reason = str(refusal.details.get("reason") or refusal.message)
            if reason == KEYS_REFUSED:  # That is about us, and no word about the refund: it waits.
                log.error("a refund waits for keys that are accepted", extra={"refund_id": refund.id})
                return refusal
            return self._refused(refund, reason)
        except GatewayUnavailable as error:
            log.warning("a refund waits for its gateway", extra={"refund_id": refund.id, "code": error.code})
            return error
        except GatewayError as error:
            log.warning("a refund has no answer", extra={"refund_id": refund.id, "code": error.code})
            self._booking.note(refund, None, error=error.message)
            return error
        else:
            self.apply(seen)
        return None

    def _refused(self, refund: Refund, reason: str) -> GatewayError | None:
        """Fail a refund, unless an earlier try of it was done after all: its key may have been forgotten."""
        try:
            known = self._gateways.get(refund.gateway).refunds_of(refund.gateway_payment_id)
        except GatewayNotFound:
            known = []
        except GatewayError as error:
            return error
        done = [seen for seen in known if seen.refund_id == refund.id]
        if done:
            self.apply(done[0])
        else:
            self._fail(refund, None, error=reason)
        return None

    def _fail(self, refund: Refund, seen: GatewayRefund | None, *, error: str) -> None:
        """Give back what was reserved; it may be what a refund made elsewhere was short of."""
        self._booking.fail(refund, seen, error=error)
        self._facts.cover(refund.payment_id)

    def _find(self, seen: GatewayRefund) -> Refund | None:
        """Find our refund by the gateway's id, or by our own that went along with it."""
        document = self._refunds.find_one({"gateway_refund": gateway_key(seen.gateway, seen.id)})
        if document is None and seen.refund_id:
            document = self._refunds.find_one({"_id": seen.refund_id, "gateway": seen.gateway})
        return read_refund(document) if document else None

    def _made_elsewhere(self, seen: GatewayRefund) -> None:
        """Book a refund that somebody made on the gateway's own pages, of a payment or of an exception."""
        payment = self._paid_by(seen)
        if payment is None:
            self._exceptions.refund_told(seen)
        elif seen.state is not RefundState.FAILED:
            self._facts.book(payment.id, seen, reason=RefundReason.OTHER)

    def _paid_by(self, seen: GatewayRefund) -> Payment | None:
        if seen.gateway_payment_id is None:
            return None
        return self._store.by_gateway_payment(seen.gateway, seen.gateway_payment_id)

    def _existing(self, refund_id: str) -> Refund:
        return self.get(refund_id, owner_id=None)


def _as_seen(refund: Refund) -> GatewayRefund:
    return GatewayRefund(
        id=refund.gateway_refund_id or "",
        gateway=refund.gateway,
        gateway_payment_id=refund.gateway_payment_id,
        state=RefundState.PENDING,
        amount_minor=refund.charge_minor,
        currency=refund.charge_currency,
        refund_id=refund.id,
    )
