"""Wires what happens by itself, and tells customers and the shop's own systems of it."""

from collections.abc import Mapping

from pymongo.database import Database

from backend.config import Settings
from backend.db import Document
from backend.job_slots import JobSlots
from backend.merchant_webhooks import MerchantWebhooks
from backend.message_service import Messages
from backend.notifications.console import Console
from backend.notifications.email import Email
from backend.notifications.port import Channel
from backend.notifications.webhook_sender import WebhookSender
from backend.notifications.whatsapp import WhatsApp
from backend.outbox_service import Outbox
from backend.payment_wiring import field_cipher
from backend.preferences import PreferenceService
from backend.services import TellingServices
from backend.webhook_endpoints import WebhookEndpoints


def configured_channels(settings: Settings) -> Mapping[str, Channel]:
    """Open the ways to reach customers; a developer without any reads along in the log."""
    channels: list[Channel] = []
    if settings.whatsapp.is_configured:
        channels.append(WhatsApp(settings.whatsapp))
    if settings.email.is_configured:
        channels.append(Email(settings.email))
    if not channels and not settings.is_production:
        channels.append(Console())
    return {channel.name: channel for channel in channels}


def wire_telling(
    settings: Settings, database: Database[Document], channels: Mapping[str, Channel]
) -> TellingServices:
    """Build what hands events on, and everybody who takes them."""
    preferences = PreferenceService(database)
    messages = Messages(database, preferences=preferences, channels=channels, shop_name=settings.shop_name)
    # Only outside production may the shop's own systems speak plain HTTP.
    sender = WebhookSender(
        allows_http=not settings.is_production, allows_loopback=settings.webhook_allow_private
    )
    endpoints = WebhookEndpoints(database, cipher=field_cipher(settings), sender=sender)
    webhooks = MerchantWebhooks(database, endpoints=endpoints, sender=sender)
    return TellingServices(
        outbox=Outbox(database, subscribers=[messages, webhooks]),
        preferences=preferences,
        messages=messages,
        webhook_endpoints=endpoints,
        merchant_webhooks=webhooks,
        job_slots=JobSlots(database),
    )
