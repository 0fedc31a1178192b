"""What a shop does with payments, from opening one to giving it back: `PaymentManager`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.db import Document, in_transaction
from backend.errors import IllegalTransition, Invalid, InvalidPaymentMethod
from backend.gateways.port import Method
from backend.gateways.registry import Gateways
from backend.order_service import Order, OrderService
from backend.payment_inquiry import PaymentInquiry
from backend.payment_opening import Opened, PaymentOpening
from backend.payment_store import PaymentStore
from backend.payment_sweep import PaymentSweep, SweepReport
from backend.payment_values import Payment, PaymentFilter, PaymentStatus
from backend.payment_wish import PaymentWish, payer_of
from backend.refund_service import RefundService
from backend.refund_values import Refund, RefundWish
from backend.saved_method_service import SavedMethods
from backend.saved_method_values import SavedMethod
from backend.split_holds import SplitHolds
from backend.user_service import UserService
from backend.webhook_service import Receipt, WebhookInbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What a customer asks for when paying an order; no owner means that an admin asks."""

    order_id: str
    amount_minor: int
    method: Method
    owner_id: str | None
    gateway: str | None = None
    saved_method_id: str | None = None
    installments: int = 1
    bank: str | None = None
    vpa: str | None = None
    notes: str | None = None
    registers: bool = False
    ip: str | None = None
    user_agent: str | None = None


class PaymentManager:
    """Takes payments, follows them, and gives them back."""

    def __init__(
        self,
        database: Database[Document],
        *,
        orders: OrderService,
        users: UserService,
        gateways: Gateways,
        opening: PaymentOpening,
        inquiry: PaymentInquiry,
        refunds: RefundService,
        saved: SavedMethods,
        inbox: WebhookInbox,
        sweep: PaymentSweep,
        holds: SplitHolds,
    ) -> None:
        self._client = database.client
        self._store = PaymentStore(database)
        self._orders = orders
        self._users = users
        self._gateways = gateways
        self._opening = opening
        self._inquiry = inquiry
        self._refunds = refunds
        self._saved = saved
        self._inbox = inbox
        self._sweep = sweep
        self._holds = holds

    def create_payment_order(self, wanted: Checkout) -> Opened:
        """Open a payment of an order at a gateway."""
        order = self._orders.get(wanted.order_id, owner_id=wanted.owner_id)
        return self._opening.open(order, self._wish(order, wanted))

    def ask(self, payment_id: str, *, owner_id: str | None) -> Payment:
        """Ask the gateway whether a payment is paid."""
        payment = self._store.get(payment_id, owner_id=owner_id)
        return payment if payment.is_paid else self._inquiry.ask(payment, is_payer_back=True)

    def verify_payment(
        self, payment_id: str, *, owner_id: str | None, gateway_payment_id: str | None, signature: str | None
    ) -> Payment:
        """Find out whether a payment is paid, starting from what the gateway gave the browser."""
        payment = self._store.get(payment_id, owner_id=owner_id)
        if not self._gateways.get(payment.attempt.gateway).signs_returns and signature is None:
            return self.ask(payment_id, owner_id=owner_id)
        if signature is None or gateway_payment_id is None:
            raise Invalid("Send gateway_payment_id and signature as the gateway gave them.")
        return self._inquiry.verify(payment, gateway_payment_id=gateway_payment_id, signature=signature)

    def get(self, payment_id: str, *, owner_id: str | None) -> Payment:
        """Show a payment as we know it."""
        return self._store.get(payment_id, owner_id=owner_id)

    def history(self, wanted: PaymentFilter, *, limit: int, skip: int) -> tuple[Sequence[Payment], int]:
        """List payments, newest first, and say how many there are."""
        return self._store.page(wanted, limit=limit, skip=skip)

    def cancel(self, payment_id: str, *, owner_id: str | None) -> Payment:
        """Give a payment up; money that comes all the same is not lost."""
        self._store.get(payment_id, owner_id=owner_id)
        cancelled = self._store.move(payment_id, PaymentStatus.CANCELLED) or self._store.get(payment_id)
        self._holds.settle(payment_id)
        if cancelled.status is not PaymentStatus.CANCELLED:
            raise IllegalTransition(
                f"A payment that is {cancelled.status} cannot be cancelled.", status=cancelled.status
            )
        return cancelled

    def cancel_order(self, order_id: str, *, owner_id: str | None) -> Order:
        """Cancel an unpaid order together with the payment that is open for it."""
        self._orders.get(order_id, owner_id=owner_id)
        payment = self._store.by_order(order_id)
        if payment and payment.status is PaymentStatus.AUTHORIZED:
            raise IllegalTransition("The customer is paying this order right now.", status=payment.status)

        def write(session: ClientSession) -> None:
            self._orders.cancel(order_id, session)
            if payment:
                self._store.move(payment.id, PaymentStatus.CANCELLED, session=session)

        in_transaction(self._client, write)
        if payment:
            self._holds.settle(payment.id)
        return self._orders.get(order_id, owner_id=owner_id)

    def create_refund(self, wish: RefundWish) -> Refund:
        """Give money back."""
        return self._refunds.create(wish)

    def token_of_payment(self, payment_id: str, *, owner_id: str) -> str:
        """Ask the gateway for the token that it kept when a payment was made."""
        payment = self._store.get(payment_id, owner_id=owner_id)
        if payment.gateway_payment_id is None:
            raise InvalidPaymentMethod("Only what has paid can be saved.")
        seen = self._gateways.get(payment.attempt.gateway).fetch_payment(payment.gateway_payment_id)
        if seen.token is None:
            raise InvalidPaymentMethod("The customer did not let the gateway keep this.")
        return seen.token

    def save_payment_method(
        self, customer_id: str, *, gateway: str, method: Method, token: str, set_default: bool
    ) -> SavedMethod:
        """Keep a way to pay that the gateway knows."""
        payer = payer_of(self._users.get(customer_id))
        return self._saved.save(payer, gateway=gateway, type=method, token=token, set_default=set_default)

    def get_saved_methods(self, customer_id: str) -> Sequence[SavedMethod]:
        """List a customer's saved ways to pay."""
        return self._saved.list(customer_id)

    def process_webhook(self, gateway: str, raw: bytes, headers: Mapping[str, str]) -> Receipt:
        """Take in a gateway's message."""
        return self._inbox.receive(gateway, raw, headers)

    def reconcile_payments(self, *, go_on: Callable[[], bool] = lambda: True) -> SweepReport:
        """Ask about every payment, refund and message that has not ended, and end what is over."""
        return self._sweep.run(go_on=go_on)

    def _wish(self, order: Order, wanted: Checkout) -> PaymentWish:
        payer = payer_of(self._users.get(order.customer_id), ip=wanted.ip, user_agent=wanted.user_agent)
        wish = PaymentWish(
            amount_minor=wanted.amount_minor,
            method=wanted.method,
            payer=payer,
            gateway=wanted.gateway,
            bank=wanted.bank,
            vpa=wanted.vpa,
            installments=wanted.installments,
            notes=wanted.notes,
            registers=wanted.registers,
        )
        return self._with_saved_method(wish, wanted.saved_method_id) if wanted.saved_method_id else wish

    def _with_saved_method(self, wish: PaymentWish, saved_method_id: str) -> PaymentWish:
        """Open the gateway that keeps what the customer saved; its page offers it, and only there it pays."""
        saved = self._saved.get(wish.payer.customer_id, saved_method_id)
        if saved.type is not wish.method or wish.gateway not in (None, saved.gateway):
            raise InvalidPaymentMethod("The saved method is of another type or at another gateway.")
        return replace(
            wish,
            gateway=saved.gateway,
            payer=replace(wish.payer, gateway_customer_id=saved.gateway_customer_id),
            saved_method_id=saved_method_id,
        )
