"""Wires what takes payments, follows them and gives them back."""

from dataclasses import fields
from datetime import timedelta

from backend.aftermath_wiring import Aftermath, Shop, wire_aftermath
from backend.auto_recharge import AutoRecharge
from backend.auto_recharge_values import Pace
from backend.config import CURRENCY, Settings
from backend.exception_resolution import ExceptionResolution
from backend.exchange import Exchange
from backend.field_cipher import FieldCipher, development_key
from backend.gateway_customers import GatewayCustomers
from backend.gateways.apple_pay import ApplePay
from backend.gateways.google_pay import GooglePayMessages
from backend.google_nudges import GoogleNudges
from backend.integration_log import IntegrationLog
from backend.integration_wiring import Meeting, topup_range, wire_integration
from backend.order_service import OrderService
from backend.payment_methods import MethodCatalogue
from backend.payment_opening import PaymentOpening
from backend.payment_service import PaymentManager
from backend.reconciliation import Reconciliation
from backend.reconciliation_wiring import wire_reconciliation
from backend.saved_method_service import SavedMethods
from backend.services import PaymentServices
from backend.unattended_charges import UnattendedCharges
from backend.wallet_payment_integration import WalletPaymentIntegration


def wire_payments(shop: Shop) -> PaymentServices:
    """Build what takes payments."""
    database, settings = shop.database, shop.settings
    cipher, customers = field_cipher(settings), GatewayCustomers(shop.database)
    catalogue = MethodCatalogue(shop.gateways, Exchange(settings.exchange))
    orders = OrderService(database, currency=CURRENCY, max_amount_minor=settings.max_amount_minor)
    after = wire_aftermath(shop, cipher)
    saved = SavedMethods(
        database,
        gateways=shop.gateways,
        customers=customers,
        cipher=cipher,
        fingerprint_key=settings.secret_key.encode(),
    )
    opening = _opening(shop, catalogue, customers, after)
    return PaymentServices(
        gateways=shop.gateways,
        orders=orders,
        catalogue=catalogue,
        payments=_manager(shop, orders, opening, after, saved),
        reconciliation=_reconciliation(shop, after),
        refunds=after.refunds,
        saved_methods=saved,
        inbox=after.inbox,
        nudges=_nudges(shop, after),
        exceptions=after.exceptions,
        resolution=_resolution(shop, after),
        disputes=after.disputes,
        apple_pay=ApplePay(settings.apple_pay),
        integration=_integration(shop, orders, opening, after),
        auto_recharge=_auto_recharge(shop, opening, after, saved),
    )


def _opening(
    shop: Shop, catalogue: MethodCatalogue, customers: GatewayCustomers, after: Aftermath
) -> PaymentOpening:
    settings = shop.settings
    return PaymentOpening(
        shop.database,
        catalogue=catalogue,
        customers=customers,
        inquiry=after.inquiry,
        max_attempts=settings.payment_max_attempts,
        timeout_minutes=settings.payment_timeout_minutes,
        takes_upi_ids=settings.upi_collect_enabled,
    )


def _integration(
    shop: Shop, orders: OrderService, opening: PaymentOpening, after: Aftermath
) -> WalletPaymentIntegration:
    shared = {member.name: getattr(shop, member.name) for member in fields(shop)}
    meeting = Meeting(**shared, orders=orders, opening=opening, inquiry=after.inquiry, inbox=after.inbox)
    return wire_integration(meeting)


def _auto_recharge(
    shop: Shop, opening: PaymentOpening, after: Aftermath, saved: SavedMethods
) -> AutoRecharge:
    charges = UnattendedCharges(
        shop.database,
        users=shop.users,
        saved=saved,
        gateways=shop.gateways,
        opening=opening,
        inquiry=after.inquiry,
        currency=CURRENCY,
    )
    return AutoRecharge(
        shop.database,
        users=shop.users,
        wallets=shop.wallets,
        saved=saved,
        charges=charges,
        trail=IntegrationLog(shop.database),
        allowed=topup_range(shop.settings),
        pace=Pace(cool_off=timedelta(minutes=shop.settings.auto_recharge_cool_off_minutes)),
        currency=CURRENCY,
    )


def _reconciliation(shop: Shop, after: Aftermath) -> Reconciliation:
    return wire_reconciliation(
        shop.database,
        gateways=shop.gateways,
        outcomes=after.outcomes,
        refunds=after.refunds,
        sweep=after.sweep,
        interval_hours=shop.settings.reconciliation_interval_hours,
    )


def _manager(
    shop: Shop, orders: OrderService, opening: PaymentOpening, after: Aftermath, saved: SavedMethods
) -> PaymentManager:
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
        sweep=after.sweep,
        holds=shop.holds,
    )


def _nudges(shop: Shop, after: Aftermath) -> GoogleNudges:
    messages = GooglePayMessages(shop.settings.google_pay)
    return GoogleNudges(shop.database, messages=messages, inquiry=after.inquiry)


def _resolution(shop: Shop, after: Aftermath) -> ExceptionResolution:
    return ExceptionResolution(
        exceptions=after.exceptions,
        gateways=shop.gateways,
        wallets=shop.wallets,
        disputes=after.disputes,
    )


def field_cipher(settings: Settings) -> FieldCipher:
    """Use the installation's keys; without any, which production refuses, derive one."""
    return FieldCipher(settings.field_encryption_keys or [development_key(settings.secret_key)])
