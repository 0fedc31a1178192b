"""A shop whose gateways are the sandbox: orders, payments and messages as its tests want them."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
from flask import Flask
from pymongo.database import Database

from backend.config import Settings
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.registry import Gateways
from backend.gateways.settings import ExchangeSettings, PayPalSettings, RazorpaySettings
from backend.notifications.pacing import Pacing
from backend.notifications.port import Channel
from backend.notifications.settings import WhatsAppSettings
from backend.notifications.whatsapp import WhatsApp
from backend.order_service import Item
from backend.payment_sweep import SweepReport
from backend.sandbox import keys
from backend.sandbox.server import SandboxServer
from tests.conftest import Document, Person, services_of
from tests.gateways.controls import SECONDS, Controls, Delivery, quick_line

CARD, DECLINED_CARD = "4111 1111 1111 1111", "4000 0000 0000 0002"
USD_RATE = Decimal("83.10")


def shop_settings(settings: Settings, server: SandboxServer) -> Settings:
    """Give an installation accounts with both gateways of the sandbox."""
    return replace(
        settings,
        ratelimit_enabled=False,
        razorpay=RazorpaySettings(
            key_id=keys.RAZORPAY_KEY_ID,
            key_secret=keys.RAZORPAY_KEY_SECRET,
            webhook_secrets=(keys.RAZORPAY_WEBHOOK_SECRET,),
            api_url=server.url,
        ),
        paypal=PayPalSettings(
            client_id=keys.PAYPAL_CLIENT_ID,
            client_secret=keys.PAYPAL_CLIENT_SECRET,
            api_url=server.url,
            webhook_id=keys.PAYPAL_WEBHOOK_ID,
            webhook_cert_ca=str(server.ca_file),
            allows_test_roots=True,
        ),
        exchange=ExchangeSettings(rates=(("USD", USD_RATE),)),
        whatsapp=WhatsAppSettings(
            phone_number_id=keys.WHATSAPP_PHONE_NUMBER_ID,
            access_token=keys.WHATSAPP_ACCESS_TOKEN,
            app_secret=keys.WHATSAPP_APP_SECRET,
            verify_token=keys.WHATSAPP_VERIFY_TOKEN,
            api_url=f"{server.url}/v23.0",
        ),
    )


def quick_gateways(settings: Settings) -> Gateways:
    """Open the configured gateways with a patience that suits tests."""
    return Gateways(
        [
            RazorpayGateway(settings.razorpay, line=quick_line("razorpay")),
            PayPalGateway(settings.paypal, line=quick_line("paypal")),
        ]
    )


def quick_channels(settings: Settings) -> dict[str, Channel]:
    """Reach customers without minding how many messages a number may send."""
    pacing = Pacing(per_second=1000, seconds_to_same_person=0)
    return {"whatsapp": WhatsApp(settings.whatsapp, pacing=pacing)}


class Shop:
    """What the tests of payments do over and over."""

    def __init__(self, app: Flask, sandbox: Controls, customer: Person, admin: Person) -> None:
        self.app = app
        self.services = services_of(app)
        self.sandbox = sandbox
        self.customer = customer
        self.admin = admin

    def order(self, amount_minor: int = 100_000, person: Person | None = None) -> str:
        """Place an order of one thing at that price."""
        item = Item(name="Tea", price_minor=amount_minor, quantity=1)
        return self.services.orders.feed((person or self.customer).id, [item]).id

    def initiate(self, order_id: str, *, method: str = "card", **more: Any) -> Any:
        """Ask for a payment of what is due, and give the whole response."""
        due = self.services.orders.get(order_id, owner_id=None).amount_due_minor
        body = {"order_id": order_id, "amount": due / 100, "payment_method": method} | more
        return self.customer.post("/api/payments/initiate", body)

    def opened(self, amount_minor: int = 100_000, *, method: str = "card", **more: Any) -> Any:
        """Open a payment of a new order, and give what the browser gets."""
        response = self.initiate(self.order(amount_minor), method=method, **more)
        assert response.status_code == 201, response.text
        return response.json["data"]

    def pay(self, opened: Any, **how: Any) -> Any:
        """Be the customer on the gateway's page; gives what the page gives the browser."""
        if opened["gateway"] == "paypal":
            return self.sandbox.post("paypal/approve", order_id=opened["gateway_order_id"], **how)
        how = {"method": "card", "card_number": CARD} | how if "method" not in how else how
        return self.sandbox.post("razorpay/pay", order_id=opened["gateway_order_id"], **how)

    def verify(self, opened: Any, paid: Any = None) -> Any:
        """Bring back to the server what the gateway's page gave, and give the whole response."""
        body = {}
        if paid and opened["gateway"] == "razorpay":
            body = {
                "gateway_payment_id": paid["razorpay_payment_id"],
                "signature": paid["razorpay_signature"],
            }
        return self.customer.post(f"/api/payments/{opened['payment_id']}/verify", body)

    def paid(self, amount_minor: int = 100_000, *, method: str = "card") -> Any:
        """Give an opened payment that was paid and verified."""
        opened = self.opened(amount_minor, method=method)
        response = self.verify(opened, self.pay(opened))
        assert response.json["data"]["status"] == "COMPLETED", response.text
        return opened

    def refund(self, opened: Any, amount: Any = None, **more: Any) -> Any:
        """Give money back as an admin, and give the whole response."""
        body = {"reason": "customer_request"} | ({} if amount is None else {"amount": amount}) | more
        key = body.pop("key", None)
        return self.admin.post(f"/api/payments/{opened['payment_id']}/refund", body, key=key)

    def payment(self, opened: Any) -> Any:
        """Show the payment as the API does."""
        return self.admin.get(f"/api/payments/{opened['payment_id']}").json["data"]

    def order_of(self, opened: Any) -> Any:
        """Show the order as the API does."""
        return self.admin.get(f"/api/orders/{opened['order_id']}").json["data"]

    def events(self, provider: str = "razorpay") -> list[Any]:
        """List the events that the gateway has made so far, oldest first, as they would be sent."""
        held = self.sandbox.get("webhooks")
        return [json.loads(event["body"]) for event in held if event["provider"] == provider]

    def deliver(self, event: Any, *, provider: str = "razorpay", event_id: str | None = None) -> Any:
        """Send a signed event to the webhook's address, and give the whole response."""
        id_ = {"event_id": event_id or uuid.uuid4().hex}
        return self.post_webhook(self.sandbox.forge(provider, event, **id_), provider=provider)

    def post_webhook(self, delivery: Delivery, *, provider: str = "razorpay") -> Any:
        """Send bytes and headers to the webhook's address."""
        client = self.app.test_client()
        return client.post(f"/api/webhooks/{provider}", data=delivery.raw, headers=delivery.headers)

    @property
    def database(self) -> Database[Document]:
        """The shop's own database."""
        return self.services.client[self.services.settings.mongodb_db]

    def reconcile(self) -> SweepReport:
        """Let ten minutes pass, and look after everything that has not ended."""
        earlier = datetime.now(UTC) - timedelta(minutes=10)
        ages = {"refunds": "created_at", "payment_orders": "updated_at", "webhook_events": "received_at"}
        for name, moment in ages.items():
            self.database[name].update_many({}, {"$set": {moment: earlier}, "$unset": {"asked_at": ""}})
        return self.services.payments.reconcile_payments()

    def mend(self) -> None:
        """Take every fault out of the sandbox."""
        requests.delete(f"{self.sandbox.url}/sandbox/faults", timeout=SECONDS)

    def refund_on_dashboard(self, opened: Any, amount_minor: int, *, paid: Any = None) -> Any:
        """Give Razorpay's money back as somebody would on Razorpay's own pages, without our knowing.

        `paid` is what the page gave the browser, where the shop does not know yet who has paid.
        """
        known = paid["razorpay_payment_id"] if paid else self.payment(opened)["gateway_payment_id"]
        response = requests.post(
            f"{self.sandbox.url}/v1/payments/{known}/refund",
            json={"amount": amount_minor},
            auth=(keys.RAZORPAY_KEY_ID, keys.RAZORPAY_KEY_SECRET),
            timeout=SECONDS,
        )
        assert response.ok, response.text
        return response.json()

    def refunds_at_gateway(self, opened: Any) -> list[Any]:
        """List the refunds of a payment that the gateway itself has written down."""
        paid, books = self.payment(opened)["gateway_payment_id"], self.sandbox.books()
        if opened["gateway"] == "razorpay":
            return [refund for refund in books["refunds"] if refund["payment_id"] == paid]
        return [r for r in books["paypal_refunds"] if any(u["href"].endswith(paid) for u in r["links"])]

    def refunded_at_gateway(self, opened: Any) -> int:
        """Add up what the gateway gave back, or is giving back, in what it charged."""
        found = [r for r in self.refunds_at_gateway(opened) if r["status"].lower() != "failed"]
        if opened["gateway"] == "razorpay":
            return sum(refund["amount"] for refund in found)
        return sum(int(Decimal(refund["amount"]["value"]) * 100) for refund in found)

    def assert_refunds_agree(self, opened: Any) -> None:
        """Hold refunds, payment, order and the gateway's own books against each other."""
        rows = list(self.database["refunds"].find({"payment_id": opened["payment_id"]}))
        payment: Any = self.database["payment_orders"].find_one({"_id": opened["payment_id"]})
        order: Any = self.database["orders"].find_one({"_id": opened["order_id"]})
        given = [row for row in rows if row["status"] == "COMPLETED"]
        waiting = [row for row in rows if row["status"] in ("PENDING", "PROCESSING")]
        refunded_minor, reserved_minor = total(given, "amount"), total(waiting, "amount")
        assert payment["refunded"] == refunded_minor == order["refund_amount"]
        assert payment["refund_reserved"] == reserved_minor
        assert refunded_minor + reserved_minor <= payment["amount"]
        assert total(given + waiting, "charge") == payment["refund_charge"]
        assert payment["refund_charge"] <= payment["attempts"][-1]["charge"]
        least = total([row for row in given if row["destination"] == "source"], "charge")
        assert least <= self.refunded_at_gateway(opened) <= least + total(waiting, "charge")


def total(rows: list[Any], field: str) -> int:
    """Add up a field."""
    return sum(row[field] for row in rows)
