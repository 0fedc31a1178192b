"""Wires the services of one application: which collaborator is real is decided here and nowhere else."""

import atexit
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from argon2 import PasswordHasher
from pymongo import MongoClient
from pymongo.database import Database

from backend.aftermath_wiring import Shop
from backend.config import CURRENCY, Settings
from backend.db import Document
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.port import PaymentGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.registry import Gateways
from backend.idempotency_store import IdempotencyStore
from backend.ledger import Ledger
from backend.ledger.verify import LedgerVerifier
from backend.notifications.port import Channel
from backend.payment_wiring import wire_payments
from backend.services import PaymentServices, Services, TellingServices
from backend.session_service import SessionService
from backend.split_holds import SplitHolds
from backend.telling_wiring import wire_telling
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_service import WalletService

# OWASP's first recommendation for argon2id: safe, and small enough for a web worker's memory.
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def configured_gateways(settings: Settings) -> Gateways:
    """Open the gateways that the installation has an account with."""
    gateways: list[PaymentGateway] = []
    if settings.razorpay.is_configured:
        gateways.append(RazorpayGateway(settings.razorpay, shop_name=settings.shop_name))
    if settings.paypal.is_configured:
        gateways.append(PayPalGateway(settings.paypal))
    return Gateways(gateways)


def wire_services(
    settings: Settings,
    client: MongoClient[Document],
    *,
    gateways: Gateways,
    channels: Mapping[str, Channel],
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
        ledger=ledger,
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
        **_members(wire_telling(settings, database, channels)),
        **_members(wire_payments(shop)),
    )


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


def _members(parts: PaymentServices | TellingServices) -> dict[str, Any]:
    return {member.name: getattr(parts, member.name) for member in fields(parts)}
