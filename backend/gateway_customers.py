"""Remembers under which id a gateway knows a customer of ours."""

from dataclasses import replace
from datetime import UTC, datetime

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document
from backend.gateways.errors import GatewayRefused
from backend.gateways.port import Payer, PaymentGateway


class GatewayCustomerTaken(GatewayRefused):
    """The gateway gave a customer the id by which it knows another one of ours."""

    message = "The payment gateway takes this customer for somebody else."


class GatewayCustomers:
    """The gateways' own ids of our customers, one for each gateway and customer."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["gateway_customers"]

    def known(self, gateway_name: str, customer_id: str) -> str | None:
        """Tell a customer's id at a gateway, if there is one."""
        row = self._rows.find_one({"_id": _key(gateway_name, customer_id)})
        return row["gateway_customer_id"] if row else None

    def ensure(self, gateway: PaymentGateway, payer: Payer) -> str:
        """Tell a customer's id at a gateway, introducing the customer there if need be."""
        return self.known(gateway.name, payer.customer_id) or self._introduce(gateway, payer)

    def _introduce(self, gateway: PaymentGateway, payer: Payer) -> str:
        """Ask the gateway; when two do so at once, the first answer stored is everybody's."""
        given_id = gateway.ensure_customer(replace(payer, gateway_customer_id=None))
        row = {
            "_id": _key(gateway.name, payer.customer_id),
            "gateway": gateway.name,
            "customer_id": payer.customer_id,
            "gateway_customer_id": given_id,
            "created_at": datetime.now(UTC),
        }
        try:
            self._rows.insert_one(row)
        except DuplicateKeyError:
            return self._stored_meanwhile(gateway.name, payer.customer_id)
        return given_id

    def _stored_meanwhile(self, gateway_name: str, customer_id: str) -> str:
        """Two customers with one id could pay with each other's saved methods: that is refused."""
        known_id = self.known(gateway_name, customer_id)
        if known_id is None:
            raise GatewayCustomerTaken
        return known_id


def _key(gateway_name: str, customer_id: str) -> str:
    return f"{gateway_name}:{customer_id}"
