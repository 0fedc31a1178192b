"""Wires the services of one application: which collaborator is real is decided here and nowhere else."""

import atexit
from dataclasses import fields
from typing import Any

from argon2 import PasswordHasher
from pymongo import MongoClient
from pymongo.database import Database

from backend.config import CURRENCY, Settings
from backend.db import Document
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.port import PaymentGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.registry import Gateways
from backend.idempotency_store import IdempotencyStore
from backend.ledger import Ledger
from backend.ledger.verify import LedgerVerifier
from backend.merchant_webhooks import MerchantWebhooks
from backend.notifications.webhook_sender import WebhookSender
from backend.payment_wiring import Shop, field_cipher, wire_payments
from backend.services import PaymentServices, Services
from backend.session_service import SessionService
from backend.split_holds import SplitHolds
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_service import WalletService
from backend.webhook_endpoints import WebhookEndpoints

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
    shop = Shop(
        database=database,
        settings=settings,
        gateways=gateways,
        users=users,
        wallets=wallets,
        transactions=transactions,
        holds=SplitHolds(database, wallets=wallets),
    )
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
        **_webhooks(settings, database),
        **_members(wire_payments(shop)),
    )


def _webhooks(settings: Settings, database: Database[Document]) -> dict[str, Any]:
    """Build what tells the shop's own systems; only outside production may they speak plain HTTP."""
    sender = WebhookSender(
        allows_http=not settings.is_production, allows_loopback=settings.webhook_allow_private
    )
    endpoints = WebhookEndpoints(database, cipher=field_cipher(settings), sender=sender)
    webhooks = MerchantWebhooks(database, endpoints=endpoints, sender=sender)
    return {"webhook_endpoints": endpoints, "merchant_webhooks": webhooks}


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


def _members(parts: PaymentServices) -> dict[str, Any]:
    return {member.name: getattr(parts, member.name) for member in fields(parts)}
