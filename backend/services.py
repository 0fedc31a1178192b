"""The services of one application, wired by the factory and found by the routes."""

from dataclasses import dataclass
from typing import cast

from flask import current_app
from pymongo import MongoClient

from backend.config import Settings
from backend.db import Document
from backend.idempotency_store import IdempotencyStore
from backend.ledger import Ledger
from backend.ledger.verify import LedgerVerifier
from backend.session_service import SessionService
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_service import WalletService


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a route may call."""

    settings: Settings
    client: MongoClient[Document]
    ledger: Ledger
    users: UserService
    sessions: SessionService
    wallets: WalletService
    transactions: Transactions
    verifier: LedgerVerifier
    idempotency: IdempotencyStore


def services() -> Services:
    """Find the services of the application that serves this request."""
    return cast(Services, current_app.extensions["batua"])
