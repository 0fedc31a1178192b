"""Wires what fills wallets, pays out of them, and gives back into them."""

from collections.abc import Mapping
from dataclasses import dataclass

from pymongo.database import Database

from backend.config import CURRENCY, Settings
from backend.db import Document
from backend.gateways.registry import Gateways
from backend.integration_log import IntegrationLog
from backend.ledger import Ledger
from backend.order_refunds import OrderRefunds
from backend.order_service import OrderService
from backend.payment_completion import PaymentCompletion, Way
from backend.payment_exceptions import PaymentExceptions
from backend.payment_inquiry import PaymentInquiry
from backend.payment_opening import PaymentOpening
from backend.payment_values import Purpose
from backend.split_completion import SplitCompletion
from backend.split_holds import SplitHolds
from backend.split_payment_service import SplitPayments
from backend.topup_completion import TopUpCompletion
from backend.topup_limits import TopUpLimits
from backend.topup_service import TopUpRange, TopUps
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_orders import WalletOrders
from backend.wallet_payment_integration import WalletPaymentIntegration
from backend.wallet_service import WalletService
from backend.webhook_service import WebhookInbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What wallets and gateways have in common."""

    settings: Settings
    database: Database[Document]
    gateways: Gateways
    ledger: Ledger
    users: UserService
    wallets: WalletService
    transactions: Transactions
    orders: OrderService
    opening: PaymentOpening
    inquiry: PaymentInquiry
    holds: SplitHolds
    inbox: WebhookInbox


def wire_completion(
    database: Database[Document],
    *,
    ledger: Ledger,
    wallets: WalletService,
    exceptions: PaymentExceptions,
    holds: SplitHolds,
) -> PaymentCompletion:
    """Build the only place where payments become paid, with a way for each purpose."""
    ways: Mapping[Purpose, Way] = {
        Purpose.TOPUP: TopUpCompletion(wallets=wallets).complete,
        Purpose.SPLIT: SplitCompletion(database, wallets=wallets).complete,
    }
    return PaymentCompletion(database, ledger=ledger, exceptions=exceptions, ways=ways, holds=holds)


def wire_integration(parts: Meeting) -> WalletPaymentIntegration:
    """Build the one door."""
    database, wallets, orders = parts.database, parts.wallets, parts.orders
    log = IntegrationLog(database)
    return WalletPaymentIntegration(
        database,
        orders=orders,
        users=parts.users,
        wallets=wallets,
        transactions=parts.transactions,
        gateways=parts.gateways,
        inbox=parts.inbox,
        topups=_topups(parts, log),
        wallet_orders=WalletOrders(database, wallets=wallets, holds=parts.holds),
        splits=SplitPayments(
            database,
            opening=parts.opening,
            inquiry=parts.inquiry,
            holds=parts.holds,
            timeout_minutes=parts.settings.payment_timeout_minutes,
        ),
        refunds=OrderRefunds(database, orders=orders, wallets=wallets, most=parts.settings.refunds_per_order),
        log=log,
    )


def topup_range(settings: Settings) -> TopUpRange:
    """Say how little and how much one top-up may be."""
    return TopUpRange(min_amount_minor=settings.topup_min_minor, max_amount_minor=settings.topup_max_minor)


def _topups(parts: Meeting, log: IntegrationLog) -> TopUps:
    settings = parts.settings
    return TopUps(
        parts.database,
        gateways=parts.gateways,
        opening=parts.opening,
        inquiry=parts.inquiry,
        wallets=parts.wallets,
        limits=TopUpLimits(parts.database, limit=settings.topup_daily_limit),
        log=log,
        allowed=topup_range(settings),
        currency=CURRENCY,
    )
