"""Wires what happens to a payment once a customer has gone to pay it."""

from dataclasses import dataclass

from pymongo.database import Database

from backend.config import Settings
from backend.db import Document
from backend.dispute_service import DisputeService
from backend.field_cipher import FieldCipher
from backend.gateways.registry import Gateways
from backend.integration_wiring import wire_completion
from backend.ledger import Ledger
from backend.payment_exceptions import PaymentExceptions
from backend.payment_inquiry import PaymentInquiry
from backend.payment_outcomes import PaymentOutcomes
from backend.payment_store import PaymentStore
from backend.payment_sweep import PaymentSweep
from backend.refund_service import RefundService
from backend.refund_to_wallet import RefundToWallet
from backend.split_holds import SplitHolds
from backend.topup_reversals import TopUpReversals
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_service import WalletService
from backend.webhook_handlers import Desk
from backend.webhook_service import WebhookInbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the services of payments are built on."""

    database: Database[Document]
    settings: Settings
    gateways: Gateways
    ledger: Ledger
    users: UserService
    wallets: WalletService
    transactions: Transactions
    holds: SplitHolds


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What happens to a payment once a customer has gone to pay it."""

    exceptions: PaymentExceptions
    outcomes: PaymentOutcomes
    inquiry: PaymentInquiry
    refunds: RefundService
    disputes: DisputeService
    inbox: WebhookInbox
    sweep: PaymentSweep


def wire_aftermath(shop: Shop, cipher: FieldCipher) -> Aftermath:
    """Build what follows a payment to its end, and back."""
    database, gateways = shop.database, shop.gateways
    exceptions = PaymentExceptions(database)
    completion = wire_completion(
        database, ledger=shop.ledger, wallets=shop.wallets, exceptions=exceptions, holds=shop.holds
    )
    outcomes = PaymentOutcomes(database, completion=completion, exceptions=exceptions, holds=shop.holds)
    refunds = _refunds(shop, exceptions)
    inquiry = PaymentInquiry(
        database,
        gateways=gateways,
        outcomes=outcomes,
        refunds=refunds,
        exceptions=exceptions,
        holds=shop.holds,
    )
    disputes = DisputeService(database)
    desk = Desk(
        payments=PaymentStore(database),
        outcomes=outcomes,
        inquiry=inquiry,
        refunds=refunds,
        disputes=disputes,
    )
    inbox = WebhookInbox(database, gateways=gateways, cipher=cipher, desk=desk)
    return Aftermath(
        exceptions=exceptions,
        outcomes=outcomes,
        inquiry=inquiry,
        refunds=refunds,
        disputes=disputes,
        inbox=inbox,
        sweep=_sweep(shop, inquiry, refunds, inbox),
    )


def _sweep(shop: Shop, inquiry: PaymentInquiry, refunds: RefundService, inbox: WebhookInbox) -> PaymentSweep:
    return PaymentSweep(
        shop.database,
        inquiry=inquiry,
        refunds=refunds,
        inbox=inbox,
        late_payment_days=shop.settings.late_payment_days,
        refund_timeout_hours=shop.settings.refund_timeout_hours,
        holds=shop.holds,
    )


def _refunds(shop: Shop, exceptions: PaymentExceptions) -> RefundService:
    database, wallets = shop.database, shop.wallets
    return RefundService(
        database,
        gateways=shop.gateways,
        to_wallet=RefundToWallet(database, wallets=wallets),
        reversals=TopUpReversals(database, ledger=shop.ledger, wallets=wallets),
        exceptions=exceptions,
    )
