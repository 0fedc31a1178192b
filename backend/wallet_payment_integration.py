"""Where wallets and gateways meet, behind one door: `WalletPaymentIntegration`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pymongo.database import Database

from backend import db
from backend.db import Document
from backend.errors import OrderNotFound
from backend.gateways.port import Method
from backend.gateways.registry import Gateways
from backend.integration_log import IntegrationLog, LogFilter
from backend.ledger import Entry, Wallet
from backend.ledger.values import Total
from backend.order_refunds import OrderRefunds, OrderRefundWish
from backend.order_service import Order, OrderService
from backend.payment_opening import Opened
from backend.payment_wish import PaymentWish, payer_of
from backend.split_payment_service import SplitPayments
from backend.topup_completion import SOURCE
from backend.topup_service import TopUps
from backend.transactions import TransactionFilter, Transactions
from backend.user_service import UserService
from backend.wallet_orders import WalletOrders
from backend.wallet_service import WalletService
from backend.webhook_service import Receipt, WebhookInbox

RECENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayChoice:
    """How the gateway's part is to be paid, and from where."""

    method: Method
    registers: bool = False
    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What the wallet is to pay of an order, and how the rest is paid."""

    order_id: str
    customer_id: str
    wallet_minor: int
    choice: GatewayChoice
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationStatus:
    """A wallet, what went through it, and its newest entries."""

    wallet: Wallet
    topups: Total
    reversed_topups: Total
    recent: list[Document]


class WalletPaymentIntegration:
    """Fills wallets through gateways, pays orders out of wallets, and gives money back into them."""

    def __init__(
        self,
        database: Database[Document],
        *,
        orders: OrderService,
        users: UserService,
        wallets: WalletService,
        transactions: Transactions,
        gateways: Gateways,
        inbox: WebhookInbox,
        topups: TopUps,
        wallet_orders: WalletOrders,
        splits: SplitPayments,
        refunds: OrderRefunds,
        log: IntegrationLog,
    ) -> None:
        self._client = database.client
        self._orders = orders
        self._users = users
        self._wallets = wallets
        self._transactions = transactions
        self._gateways = gateways
        self._inbox = inbox
        self.topups = topups
        self._wallet_orders = wallet_orders
        self._splits = splits
        self._refunds = refunds
        self._log = log

    def process_payment_webhook(self, gateway: str, raw: bytes, headers: Mapping[str, str]) -> Receipt:
        """Take in a gateway's message; captured money credits the wallet or pays the order it was for."""
        return self._inbox.receive(gateway, raw, headers)

    def initiate_wallet_topup_payment(
        self, customer_id: str, amount_minor: int, choice: GatewayChoice, *, key: str
    ) -> Opened:
        """Open a payment that fills a wallet."""
        return self.topups.initiate(customer_id, self._wish(customer_id, amount_minor, choice), key=key)

    def link_payment_to_order(self, order_id: str, customer_id: str, amount_minor: int) -> Entry:
        """Pay an order out of the wallet, and give the entry."""
        return self._wallet_orders.pay(self._order_of(order_id, customer_id), amount_minor)

    def pay_split(self, split: Split) -> Opened:
        """Set a part aside in the wallet, and open a payment of the rest."""
        order = self._order_of(split.order_id, split.customer_id)
        rest_minor = order.amount_due_minor - split.wallet_minor
        wish = self._wish(order.customer_id, rest_minor, split.choice)
        return self._splits.open(order, replace(wish, wallet_minor=split.wallet_minor), key=split.key)

    def process_refund_to_wallet(self, customer_id: str, wish: OrderRefundWish) -> Document:
        """Give money of an order back into the wallet, and give the entry."""
        self._order_of(wish.order_id, customer_id)
        return self._refunds.refund(wish)

    def get_integration_status(self, customer_id: str) -> IntegrationStatus:
        """Show a wallet with its figures and its newest entries."""
        wallet = self._wallets.get_wallet(customer_id)
        newest = TransactionFilter(customer_id=customer_id)
        return IntegrationStatus(
            wallet=wallet,
            topups=self._transactions.credits_of(customer_id, source=SOURCE),
            reversed_topups=self._transactions.reversed_topups_of(customer_id),
            recent=self._transactions.page(newest, limit=RECENT, skip=0).entries,
        )

    def logs(self, wanted: LogFilter, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List the audit trail, newest first, and say how many lines there are."""
        return self._log.page(wanted, limit=limit, skip=skip)

    def features(self) -> dict[str, bool]:
        """Tell what works here; without a gateway only the wallet does."""
        has_gateways = any(True for _ in self._gateways)
        through_gateways = dict.fromkeys(("wallet_topup", "split_payment", "payment_webhooks"), has_gateways)
        return through_gateways | {"order_payment": True, "refund_to_wallet": True}

    def is_database_writable(self) -> bool:
        """Tell whether money can be moved now."""
        return db.is_writable(self._client)

    def _order_of(self, order_id: str, customer_id: str) -> Order:
        """Find a customer's order; anybody else's does not exist."""
        try:
            return self._orders.get(order_id, owner_id=customer_id)
        except OrderNotFound:
            self._users.get(customer_id)  # Rather say that there is no such customer, if there is none.
            raise

    def _wish(self, customer_id: str, amount_minor: int, choice: GatewayChoice) -> PaymentWish:
        payer = payer_of(self._users.get(customer_id), ip=choice.ip, user_agent=choice.user_agent)
        return PaymentWish(
            amount_minor=amount_minor, method=choice.method, registers=choice.registers, payer=payer
        )
