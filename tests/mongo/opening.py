"""Payments opened at gateways that do as they are told, with our part on a real database."""

from collections.abc import Callable
from itertools import count
from typing import Any

from pymongo.database import Database

from backend.db import in_transaction
from backend.exchange import Exchange
from backend.gateway_customers import GatewayCustomers
from backend.gateways.port import GatewayOrder, Method, OrderRequest, Payer
from backend.gateways.registry import Gateways
from backend.gateways.settings import ExchangeSettings
from backend.ledger import Ledger
from backend.order_service import Item, Order, OrderService
from backend.payment_completion import PaymentCompletion
from backend.payment_exceptions import PaymentExceptions
from backend.payment_inquiry import PaymentInquiry
from backend.payment_methods import MethodCatalogue
from backend.payment_opening import Opened, PaymentOpening
from backend.payment_outcomes import PaymentOutcomes
from backend.payment_store import PaymentStore
from backend.payment_wish import PaymentWish
from backend.refund_service import RefundService
from backend.refund_to_wallet import RefundToWallet
from backend.split_holds import SplitHolds
from backend.topup_reversals import TopUpReversals

Document = dict[str, Any]
Event = Callable[[], None]

PAYER = Payer(customer_id="cust_1", name="Asha", email="asha@shop.example")
AMOUNT_MINOR = 100_000


class FakeGateway:
    """Opens orders, unless something else is to happen first."""

    methods, currencies, charge_currency = frozenset(Method), frozenset({"INR"}), "INR"
    signs_returns, public_key = True, "key"

    def __init__(self, name: str = "razorpay") -> None:
        self.name = name
        self.asked: list[OrderRequest] = []
        self.before: list[Event] = []
        self._numbers = count(1)

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        self.asked.append(request)
        if self.before:
            self.before.pop(0)()
        id_ = f"{self.name}_{next(self._numbers)}"
        return GatewayOrder(id=id_, checkout_url=None, checkout={"order_id": id_})

    def ensure_customer(self, payer: Payer) -> str:
        return f"{self.name}_{payer.name}"

    def payments_of(self, order_id: str) -> list[Any]:
        return []


def _no_refunds(database: Database[Document], gateways: Gateways) -> RefundService:
    """Give a service that knows no wallets: nothing that is opened here is given back."""
    wallets: Any = None
    return RefundService(
        database,
        gateways=gateways,
        to_wallet=RefundToWallet(database, wallets=wallets),
        reversals=TopUpReversals(database, ledger=Ledger(database), wallets=wallets),
        exceptions=PaymentExceptions(database),
    )


class Counter:
    """One process of the shop that opens payments."""

    def __init__(self, database: Database[Document], *gateways: Any) -> None:
        known = Gateways(gateways)
        exceptions = PaymentExceptions(database)
        wallets: Any = None  # Nothing is held here, so nothing is released.
        holds = SplitHolds(database, wallets=wallets)
        refunds = _no_refunds(database, known)
        self.rows = database["payment_orders"]
        self.store = PaymentStore(database)
        self.customers = database["customers_v2"]
        self.orders = OrderService(database, currency="INR", max_amount_minor=99_999_999)
        self._opening = PaymentOpening(
            database,
            catalogue=MethodCatalogue(known, Exchange(ExchangeSettings())),
            customers=GatewayCustomers(database),
            inquiry=PaymentInquiry(
                database,
                gateways=known,
                outcomes=PaymentOutcomes(
                    database,
                    completion=PaymentCompletion(
                        database, ledger=Ledger(database), exceptions=exceptions, ways={}, holds=holds
                    ),
                    exceptions=exceptions,
                    holds=holds,
                ),
                refunds=refunds,
                exceptions=exceptions,
                holds=holds,
            ),
            max_attempts=3,
            timeout_minutes=60,
            takes_upi_ids=False,
        )

    def order(self) -> Order:
        """Place an order for a customer who is known from then on."""
        customer = {"_id": PAYER.customer_id, "email_key": PAYER.email}
        self.customers.replace_one({"_id": PAYER.customer_id}, customer, upsert=True)
        return self.orders.feed(PAYER.customer_id, [Item(name="Tea", price_minor=AMOUNT_MINOR, quantity=1)])

    def cancel_order(self, order: Order) -> None:
        """Cancel an order whose payment, a moment ago, did not exist yet."""
        in_transaction(self.rows.database.client, lambda session: self.orders.cancel(order.id, session))

    def open(self, order: Order, method: Method = Method.UPI) -> Opened:
        return self._opening.open(order, PaymentWish(amount_minor=AMOUNT_MINOR, method=method, payer=PAYER))

    def row(self) -> Document:
        """Give the only payment there is, as it is stored."""
        [row] = self.rows.find()
        return row


def fail(error: Exception) -> Event:
    """Let a gateway fail."""

    def act() -> None:
        raise error

    return act
