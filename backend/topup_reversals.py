"""Takes out of a wallet what a gateway has taken back of a top-up, as far as the wallet has it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from pymongo.database import Database

from backend.claims import decided_anew
from backend.db import Document
from backend.errors import ClaimLost, IdempotencyKeyReused, InsufficientBalance
from backend.gateways.port import GatewayRefund
from backend.indexes import TOPUP_REVERSED
from backend.integration_log import Happening, LogKind, LogStatus
from backend.ledger import Claim, Ledger, Row
from backend.ledger.chain import entry_id
from backend.metrics import TOPUP_SHORTFALLS
from backend.payment_events import topup_reversed
from backend.payment_store import PaymentStore
from backend.payment_values import Payment
from backend.refund_booking import as_it_was, payment_refunded, seen_at_gateway
from backend.refund_values import UNDER_WAY, Refund, RefundStatus
from backend.wallet_service import Movement, WalletService

log = logging.getLogger(__name__)

SHORT = "WALLET_SHORT"


class TopUpReversals:
    """Debits what is available, and notes what the wallet is short of; that is never taken later."""

    def __init__(self, database: Database[Document], *, ledger: Ledger, wallets: WalletService) -> None:
        self._ledger = ledger
        self._refunds = database["refunds"]
        self._store = PaymentStore(database)
        self._wallets = wallets

    def book(self, payment: Payment, fact: Document) -> None:
        """Store money that is gone together with its debit; a lost claim says that others were faster."""
        change = _counted(fact, refund_charge=fact["charge"])
        on_payment = Claim(
            collection="payment_orders", id=payment.id, guard=as_it_was(payment), update=change
        )
        ended = fact | self._ended(payment, fact)
        self._take(payment, ended, claims=[on_payment], rows=[Row(collection="refunds", document=ended)])

    def complete(self, refund: Refund, seen: GatewayRefund) -> None:
        """Take what was reserved, now that it is gone; again changes nothing."""
        decided_anew(
            partial(self._complete, refund, seen),
            too_busy="Too much happens to this wallet at once. Please try again.",
        )

    def _complete(self, refund: Refund, seen: GatewayRefund) -> None:
        fact = self._refunds.find_one({"_id": refund.id, "status": {"$in": UNDER_WAY}})
        if fact is None:
            return
        payment = self._store.get(refund.payment_id)
        ended = self._ended(payment, fact) | seen_at_gateway(seen)
        under_way = {"status": {"$in": UNDER_WAY}}
        on_refund = Claim(collection="refunds", id=refund.id, guard=under_way, update={"$set": ended})
        change = _counted(fact, refund_reserved=-fact["amount"])
        on_payment = Claim(collection="payment_orders", id=payment.id, guard={}, update=change)
        self._take(payment, fact | ended, claims=[on_refund, on_payment], rows=[])

    def _ended(self, payment: Payment, fact: Document) -> Document:
        """Say how much the wallet can make good now, and how much of all that was taken it cannot."""
        available_minor = self._wallets.get_wallet(payment.customer_id).available_minor
        debited_minor = min(fact["amount"], available_minor)
        return {
            "status": RefundStatus.COMPLETED.value,
            "completed_at": datetime.now(UTC),
            "error": None,
            "debited": debited_minor,
            "shortfall": _gone(fact) - debited_minor,
        }

    def _take(self, payment: Payment, ended: Document, *, claims: Sequence[Claim], rows: list[Row]) -> None:
        rows = [*rows, _log_row(payment, ended), topup_reversed(ended).row()]
        if ended["debited"]:
            self._debit(payment, ended, claims=claims, rows=rows)
        else:
            self._ledger.record(claims=claims, rows=rows)
        if ended["shortfall"]:
            TOPUP_SHORTFALLS.labels(ended["gateway"]).inc()
            about = {name: ended[name] for name in ("payment_id", "customer_id", "shortfall")}
            log.error("a wallet is short of what was taken back", extra=about | {"refund_id": ended["_id"]})

    def _debit(self, payment: Payment, ended: Document, *, claims: Sequence[Claim], rows: list[Row]) -> None:
        """Take it out of the wallet; the key is the gateway's refund, so that it happens once."""
        movement = Movement(
            key=ended["_id"],
            account=f"gateway:{ended['gateway']}",
            reason="Top-up taken back at the gateway",
            source=TOPUP_REVERSED,
            metadata={"payment_id": ended["gateway_payment_id"], "gateway": ended["gateway"]},
            claims=claims,
            rows=rows,
        )
        try:
            self._wallets.deduct_credits(payment.customer_id, ended["debited"], movement)
        except (InsufficientBalance, IdempotencyKeyReused):  # Spent, or taken by another, meanwhile.
            raise ClaimLost from None


def _gone(fact: Document) -> int:
    """Tell how much was taken back; `shortfall` is what found no room on the payment."""
    gone_minor: int = fact["amount"] + fact["shortfall"]
    return gone_minor


def _counted(fact: Document, **more: int) -> Document | list[Document]:
    """Count on the payment what there is room for."""
    if fact["amount"]:
        return payment_refunded(fact["amount"], **more)
    return {"$inc": more}


def _log_row(payment: Payment, ended: Document) -> Row:
    happening = Happening(
        kind=LogKind.TOPUP_REVERSED,
        status=LogStatus.REFUNDED,
        customer_id=payment.customer_id,
        amount_minor=ended["debited"],
        currency=payment.currency,
        payment_id=payment.id,
        gateway_payment_id=payment.gateway_payment_id,
        transaction_id=entry_id(ended["_id"]) if ended["debited"] else None,
        gateway=ended["gateway"],
        error=SHORT if ended["shortfall"] else None,
    )
    return happening.row()
