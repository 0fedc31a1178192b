"""Wires the services of one application: which collaborator is real is decided here and nowhere else."""

import atexit
from dataclasses import dataclass, fields
from typing import Any

from argon2 import PasswordHasher
from pymongo import MongoClient
from pymongo.database import Database

from backend.config import CURRENCY, Settings
from backend.db import Document
from backend.dispute_service import DisputeService
from backend.exception_resolution import ExceptionResolution
from backend.exchange import Exchange
from backend.field_cipher import FieldCipher, development_key
from backend.gateway_customers import GatewayCustomers
from backend.gateways.apple_pay import ApplePay
from backend.gateways.google_pay import GooglePayMessages
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.port import PaymentGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.registry import Gateways
from backend.google_nudges import GoogleNudges
from backend.idempotency_store import IdempotencyStore
from backend.ledger import Ledger
from backend.ledger.verify import LedgerVerifier
from backend.order_service import OrderService
from backend.payment_exceptions import PaymentExceptions
from backend.payment_inquiry import PaymentInquiry
from backend.payment_methods import MethodCatalogue
from backend.payment_opening import PaymentOpening
from backend.payment_outcomes import PaymentOutcomes
from backend.payment_service import PaymentManager
from backend.payment_store import PaymentStore
from backend.payment_sweep import PaymentSweep
from backend.refund_service import RefundService
from backend.refund_to_wallet import RefundToWallet
from backend.saved_method_service import SavedMethods
from backend.services import PaymentServices, Services
from backend.session_service import SessionService
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_service import WalletService
from backend.webhook_handlers import Desk
from backend.webhook_service import WebhookInbox

# OWASP's first recommendation for argon2id: safe, and small enough for a web worker's memory.
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def configured_gateways(settings: Settings) -> Gateways:
    """Open the gateways that the installation has an account with."""
    gateways: list[PaymentGateway] = []
    if settings.razorpay.is_configured:
        gateways.append(RazorpayGateway(settings.razorpay))
    if settings.paypal.is_configured:
        gateways.append(PayPalGateway(settings.paypal))
    return Gateways(gateways)


def wire_services(
    settings: Settings,
    client: MongoClient[Document],
    *,
    gateways: Gateways,
    passwords: PasswordHasher,
) -> Services:
    """Build every service on top of what it needs."""
    database = client[settings.mongodb_db]
    ledger = Ledger(database)
    atexit.register(ledger.close)
    transactions = Transactions(database)
    users = UserService(database, ledger, currency=CURRENCY, hasher=passwords)
    wallets = _wallets(settings, database, ledger, transactions)
    shop = _Shop(database=database, settings=settings, gateways=gateways, users=users, wallets=wallets)
    return Services(
        settings=settings,
        client=client,
        ledger=ledger,
        users=users,
        sessions=SessionService(database),
        wallets=wallets,
        transactions=transactions,
        verifier=LedgerVerifier(database),
        idempotency=IdempotencyStore(database),
        **_members(_payments(shop)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """What the services of payments are built on."""

    database: Database[Document]
    settings: Settings
    gateways: Gateways
    users: UserService
    wallets: WalletService


def _wallets(
    settings: Settings, database: Database[Document], ledger: Ledger, transactions: Transactions
) -> WalletService:
    return WalletService(
        database,
        ledger,
        transactions,
        currency=CURRENCY,
        default_call_rate_minor=settings.default_call_rate_minor,
        low_balance_threshold_minor=settings.low_balance_threshold_minor,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aftermath:
    """What happens to a payment once a customer has gone to pay it."""

    exceptions: PaymentExceptions
    inquiry: PaymentInquiry
    refunds: RefundService
    disputes: DisputeService
    inbox: WebhookInbox


def _payments(shop: _Shop) -> PaymentServices:
    """Build what takes payments."""
    database, settings = shop.database, shop.settings
    cipher, customers = _cipher(settings), GatewayCustomers(shop.database)
    catalogue = MethodCatalogue(shop.gateways, Exchange(settings.exchange))
    orders = OrderService(database, currency=CURRENCY, max_amount_minor=settings.max_amount_minor)
    after = _aftermath(shop, cipher)
    saved = SavedMethods(
        database,
        gateways=shop.gateways,
        customers=customers,
        cipher=cipher,
        fingerprint_key=settings.secret_key.encode(),
    )
    opening = PaymentOpening(
        database,
        catalogue=catalogue,
        customers=customers,
        inquiry=after.inquiry,
        max_attempts=settings.payment_max_attempts,
        timeout_minutes=settings.payment_timeout_minutes,
        takes_upi_ids=settings.upi_collect_enabled,
    )
    return PaymentServices(
        gateways=shop.gateways,
        orders=orders,
        catalogue=catalogue,
        payments=_manager(shop, orders, opening, after, saved),
        refunds=after.refunds,
        saved_methods=saved,
        inbox=after.inbox,
        nudges=_nudges(shop, after),
        exceptions=after.exceptions,
        resolution=_resolution(shop, after),
        disputes=after.disputes,
        apple_pay=ApplePay(settings.apple_pay),
    )


def _aftermath(shop: _Shop, cipher: FieldCipher) -> _Aftermath:
    database, gateways = shop.database, shop.gateways
    exceptions = PaymentExceptions(database)
    outcomes = PaymentOutcomes(database, exceptions=exceptions)
    to_wallet = RefundToWallet(database, wallets=shop.wallets)
    refunds = RefundService(database, gateways=gateways, to_wallet=to_wallet, exceptions=exceptions)
    inquiry = PaymentInquiry(
        database, gateways=gateways, outcomes=outcomes, refunds=refunds, exceptions=exceptions
    )
    disputes = DisputeService(database)
    desk = Desk(
        payments=PaymentStore(database),
        outcomes=outcomes,
        inquiry=inquiry,
        refunds=refunds,
        disputes=disputes,
    )
    return _Aftermath(
        exceptions=exceptions,
        inquiry=inquiry,
        refunds=refunds,
        disputes=disputes,
        inbox=WebhookInbox(database, gateways=gateways, cipher=cipher, desk=desk),
    )


def _manager(
    shop: _Shop, orders: OrderService, opening: PaymentOpening, after: _Aftermath, saved: SavedMethods
) -> PaymentManager:
    sweep = PaymentSweep(
        shop.database,
        inquiry=after.inquiry,
        refunds=after.refunds,
        inbox=after.inbox,
        late_payment_days=shop.settings.late_payment_days,
    )
    return PaymentManager(
        shop.database,
        orders=orders,
        users=shop.users,
        gateways=shop.gateways,
        opening=opening,
        inquiry=after.inquiry,
        refunds=after.refunds,
        saved=saved,
        inbox=after.inbox,
        sweep=sweep,
    )


def _nudges(shop: _Shop, after: _Aftermath) -> GoogleNudges:
    messages = GooglePayMessages(shop.settings.google_pay)
    return GoogleNudges(shop.database, messages=messages, inquiry=after.inquiry)


def _resolution(shop: _Shop, after: _Aftermath) -> ExceptionResolution:
    return ExceptionResolution(
        exceptions=after.exceptions,
        gateways=shop.gateways,
        wallets=shop.wallets,
        disputes=after.disputes,
    )


def _cipher(settings: Settings) -> FieldCipher:
    """Use the installation's keys; without any, which production refuses, derive one."""
    return FieldCipher(settings.field_encryption_keys or [development_key(settings.secret_key)])


def _members(parts: PaymentServices) -> dict[str, Any]:
    return {member.name: getattr(parts, member.name) for member in fields(parts)}
