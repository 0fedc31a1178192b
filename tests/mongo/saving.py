"""Customers who save ways to pay at a gateway that is a dictionary, with our part on a real database."""

import threading
from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet
from pymongo.database import Database

from backend.field_cipher import FieldCipher
from backend.gateway_customers import GatewayCustomers
from backend.gateways.errors import GatewayNotFound, GatewayTimeout
from backend.gateways.port import Method, Payer, SavedToken
from backend.gateways.registry import Gateways
from backend.saved_method_service import SavedMethods
from backend.saved_method_values import SavedMethod

Document = dict[str, Any]

OLD_KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))
ASHA = Payer(customer_id="cust_asha", name="Asha", email="asha@shop.example")
RAVI = Payer(customer_id="cust_ravi", name="Ravi", email="ravi@shop.example")


class FakeGateway:
    """Keeps customers and their tokens, as a gateway does."""

    name = "razorpay"

    def __init__(self) -> None:
        self.introductions = 0
        self.tokens: dict[str, tuple[str, SavedToken]] = {}
        self.is_away = False

    def ensure_customer(self, payer: Payer) -> str:
        self.introductions += 1
        return f"gw_{payer.name}"

    def keep(self, payer: Payer, token: str, type_: Method = Method.CARD) -> None:
        details = SavedToken(token=token, type=type_, last4="1111", brand="Visa", expiry="12/30")
        self.tokens[token] = (f"gw_{payer.name}", details)

    def fetch_token(self, gateway_customer_id: str, token: str) -> SavedToken:
        owner, details = self.tokens.get(token, (None, None))
        if details is None or owner != gateway_customer_id:
            raise GatewayNotFound
        return details

    def delete_token(self, gateway_customer_id: str, token: str) -> None:
        if self.is_away:
            raise GatewayTimeout
        self.tokens.pop(token, None)


class Saving:
    """The service on one database, and what its customers do."""

    def __init__(self, database: Database[Document], gateway: Any = None, *keys: str) -> None:
        self.rows = database["saved_payment_methods"]
        self.gateway = gateway or FakeGateway()
        self.customers = GatewayCustomers(database)
        self.methods = SavedMethods(
            database,
            gateways=Gateways([self.gateway]),
            customers=self.customers,
            cipher=FieldCipher(keys or (OLD_KEY,)),
            fingerprint_key=b"fingerprints",
        )

    def save(self, token: str, payer: Payer = ASHA, **options: Any) -> SavedMethod:
        """Let a customer save a card that the gateway has tokenised."""
        self.gateway.keep(payer, token)
        return self.methods.save(payer, gateway="razorpay", type=Method.CARD, token=token, **options)

    def ids(self, payer: Payer = ASHA) -> list[str]:
        return [method.id for method in self.methods.list(payer.customer_id)]

    def defaults(self, payer: Payer = ASHA) -> list[str]:
        return [method.id for method in self.methods.list(payer.customer_id) if method.is_default]


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment, and collect what comes of them."""
    results: list[Any] = []
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> None:
        start.wait()
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001 - Whatever it is, the test looks at it.
            results.append(error)

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def failures(results: list[Any]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]
