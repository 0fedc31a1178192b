"""Lets captured money fill the wallet it was meant for, once."""

from datetime import UTC, datetime

from backend.errors import ClaimLost, IdempotencyKeyReused, InvalidAmount
from backend.gateways.port import GatewayPayment
from backend.integration_log import Happening, LogKind
from backend.ledger import Row
from backend.ledger.chain import entry_id
from backend.payment_completion import AppliedBefore, Misfit, completing
from backend.payment_exceptions import ExceptionReason, capture_document
from backend.payment_values import Attempt, Payment, gateway_key
from backend.wallet_service import Movement, WalletService

SOURCE = "wallet_topup"


class TopUpCompletion:
    """Credits a wallet and completes the payment, all in one ledger batch."""

    def __init__(self, *, wallets: WalletService) -> None:
        self._wallets = wallets

    def complete(self, payment: Payment, attempt: Attempt, seen: GatewayPayment) -> None:
        """Credit what our own top-up says; the key is the gateway's payment, so it happens once."""
        movement = credit_of(payment, seen, kind=LogKind.TOPUP, reason="Wallet top-up", attempt=attempt)
        try:
            self._wallets.add_credits(payment.customer_id, attempt.amount_minor, movement)
        except ClaimLost:
            raise Misfit(ExceptionReason.PAID_TWICE) from None
        except InvalidAmount:
            raise Misfit(ExceptionReason.WALLET_REFUSED) from None
        except IdempotencyKeyReused:
            raise AppliedBefore from None  # It was settled as an exception.


def credit_of(
    payment: Payment, seen: GatewayPayment, *, kind: LogKind, reason: str, attempt: Attempt
) -> Movement:
    """Describe how a gateway's money becomes credit: with its capture, its payment and a line in the log."""
    key = gateway_key(seen.gateway, seen.id)
    happening = Happening(
        kind=kind,
        customer_id=payment.customer_id,
        amount_minor=attempt.amount_minor,
        currency=payment.currency,
        payment_id=payment.id,
        gateway_payment_id=seen.id,
        order_id=payment.order_id,
        transaction_id=entry_id(key),
        gateway=seen.gateway,
    )
    return Movement(
        key=key,
        account=f"gateway:{seen.gateway}",
        reason=reason,
        source=SOURCE,
        order_id=payment.order_id,
        metadata=metadata_of(seen),
        claims=[completing(payment, attempt, seen)],
        rows=[
            Row(collection="captures", document=capture_document(seen, became=payment.id)),
            happening.row(),
        ],
    )


def metadata_of(seen: GatewayPayment) -> dict[str, str]:
    """Tell which payment at which gateway has moved the money, and when we heard of it."""
    return {
        "payment_id": seen.id,
        "gateway": seen.gateway,
        "webhook_timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
