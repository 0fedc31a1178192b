"""The services of one application, wired by the factory and found by the routes."""

from dataclasses import dataclass
from typing import cast

from flask import current_app
from pymongo import MongoClient

from backend.auto_recharge import AutoRecharge
from backend.config import Settings
from backend.db import Document
from backend.dispute_service import DisputeService
from backend.exception_resolution import ExceptionResolution
from backend.gateways.apple_pay import ApplePay
from backend.gateways.registry import Gateways
from backend.google_nudges import GoogleNudges
from backend.idempotency_store import IdempotencyStore
from backend.job_slots import JobSlots
from backend.ledger import Ledger
from backend.ledger.verify import LedgerVerifier
from backend.merchant_webhooks import MerchantWebhooks
from backend.message_service import Messages
from backend.order_service import OrderService
from backend.outbox_service import Outbox
from backend.payment_exceptions import PaymentExceptions
from backend.payment_methods import MethodCatalogue
from backend.payment_service import PaymentManager
from backend.preferences import PreferenceService
from backend.reconciliation import Reconciliation
from backend.refund_service import RefundService
from backend.saved_method_service import SavedMethods
from backend.session_service import SessionService
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_payment_integration import WalletPaymentIntegration
from backend.wallet_service import WalletService
from backend.webhook_endpoints import WebhookEndpoints
from backend.webhook_service import WebhookInbox


@dataclass(frozen=True, kw_only=True)
class TellingServices:
    """What happens by itself, and who is told of it."""

    outbox: Outbox
    preferences: PreferenceService
    messages: Messages
    webhook_endpoints: WebhookEndpoints
    merchant_webhooks: MerchantWebhooks
    job_slots: JobSlots


@dataclass(frozen=True, kw_only=True)
class PaymentServices:
    """What takes payments and gives them back."""

    gateways: Gateways
    orders: OrderService
    catalogue: MethodCatalogue
    payments: PaymentManager
    reconciliation: Reconciliation
    refunds: RefundService
    saved_methods: SavedMethods
    inbox: WebhookInbox
    nudges: GoogleNudges
    exceptions: PaymentExceptions
    resolution: ExceptionResolution
    disputes: DisputeService
    apple_pay: ApplePay
    integration: WalletPaymentIntegration
    auto_recharge: AutoRecharge


@dataclass(frozen=True, kw_only=True)
class Services(PaymentServices, TellingServices):
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
