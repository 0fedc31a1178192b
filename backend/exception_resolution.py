"""Carries out what an admin decides about money that fitted nothing."""

from collections.abc import Mapping

from backend.db import Document
from backend.dispute_service import DisputeService
from backend.errors import Conflict, Invalid
from backend.gateways.errors import GatewayRefused
from backend.gateways.port import RefundRequest, RefundState
from backend.gateways.registry import Gateways
from backend.payment_exceptions import Decision, PaymentExceptions, Resolution
from backend.refund_values import refund_id_of
from backend.wallet_service import Movement, WalletService


class ExceptionResolution:
    """Credits a wallet, refunds at the source, or dismisses; each exception once."""

    def __init__(
        self,
        *,
        exceptions: PaymentExceptions,
        gateways: Gateways,
        wallets: WalletService,
        disputes: DisputeService,
    ) -> None:
        self._exceptions = exceptions
        self._gateways = gateways
        self._wallets = wallets
        self._disputes = disputes

    def resolve(self, exception_id: str, decision: Decision) -> Document:
        """Settle an exception; what cannot be carried out is refused before it is decided."""
        if decision.resolution is Resolution.CREDIT_WALLET:
            self._check_creditable(self._exceptions.get(exception_id), decision)
        return self._exceptions.resolve(exception_id, decision, self._carry)

    def _carry(self, found: Document, decision: Decision) -> Mapping[str, str]:
        """Do what was decided; each deed is keyed by the exception, so that it is done once."""
        if decision.resolution is Resolution.CREDIT_WALLET:
            return {"transaction_id": self._credit(found, decision)}
        if decision.resolution is Resolution.REFUND_AT_SOURCE:
            return self._refund(found)
        return {}

    def _refund(self, found: Document) -> Mapping[str, str]:
        request = RefundRequest(
            refund_id=refund_id_of(found["_id"]),
            gateway_payment_id=found["gateway_payment_id"],
            amount_minor=found["amount"],
            currency=found["currency"],
            reason="other",
        )
        refund = self._gateways.get(found["gateway"]).refund(request)
        if refund.state is RefundState.FAILED:
            raise GatewayRefused("The payment gateway could not give it back.", reason=refund.error_text)
        return {"gateway_refund_id": refund.id, "status": refund.state.value}

    def _check_creditable(self, found: Document, decision: Decision) -> None:
        """See that there is a wallet, and that it takes the money as it is: other money can be refunded."""
        customer_id = decision.customer_id or found["customer_id"]
        if customer_id is None:
            raise Invalid("Say whose wallet to credit: customer_id.")
        wallet = self._wallets.get_wallet(customer_id)
        if wallet.currency != found["currency"]:
            raise Conflict("Only money in the wallet's currency can be credited.", currency=found["currency"])
        if self._disputes.has_taken(found["gateway"], found["gateway_payment_id"]):
            raise Conflict("The customer's bank has taken this money back.", gateway=found["gateway"])
        seen = self._gateways.get(found["gateway"]).fetch_payment(found["gateway_payment_id"])
        if seen.refunded_minor:
            raise Conflict("The gateway has given this money back, or part of it.", gateway=found["gateway"])

    def _credit(self, found: Document, decision: Decision) -> str:
        movement = Movement(
            key=f"{found['gateway']}:{found['gateway_payment_id']}",
            account=f"gateway:{found['gateway']}",
            reason=decision.reason,
            source="admin",
            order_id=found["order_id"],
            metadata={"payment_id": found["gateway_payment_id"], "gateway": found["gateway"]},
        )
        return self._wallets.add_credits(found["credited_to"], found["amount"], movement).id
