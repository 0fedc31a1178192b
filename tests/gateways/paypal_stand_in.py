"""A stand-in for PayPal that answers each path as a test tells it to, and an adapter that talks to it."""

from types import TracebackType
from typing import Any

from backend.gateways.paypal_api import TOKEN_PATH
from backend.gateways.paypal_gateway import PayPalGateway
from tests.gateways.controls import quick_line
from tests.gateways.local_servers import Asked, LocalServer, Reply
from tests.gateways.paypal_hooks import settings

TOKEN = {"access_token": "A21AA", "token_type": "Bearer", "expires_in": 32400}
USD_10 = {"currency_code": "USD", "value": "10.00"}
UNIT = {"reference_id": "PAY-1", "custom_id": "PAY-1", "amount": USD_10}
CAPTURE = {"id": "CAP1", "status": "COMPLETED", "amount": USD_10, "custom_id": "PAY-1"}

ORDERS = "POST /v2/checkout/orders"
ORDER = "GET /v2/checkout/orders/ORD1"
TAKING = "POST /v2/checkout/orders/ORD1/capture"
REFUNDING = "POST /v2/payments/captures/CAP1/refund"


class PayPal:
    """What was not told is answered with 404."""

    def __init__(self) -> None:
        self._server = LocalServer(self._answer)
        self._replies: dict[str, Reply] = {}
        self.gateway = self.adapter()

    def adapter(self, **changes: Any) -> PayPalGateway:
        return PayPalGateway(settings(self._server.url, **changes), line=quick_line("paypal"))

    def says(self, what: str, body: dict[str, Any], status: int = 200) -> None:
        self._replies[what] = Reply(body, status)

    def refuses(self, what: str, issue: str) -> None:
        self.says(what, {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue}]}, 422)

    @property
    def asked(self) -> list[Asked]:
        return [asked for asked in self._server.asked if asked.path != TOKEN_PATH]

    @property
    def told(self) -> Any:
        """What the last request said."""
        return self.asked[-1].json

    def _answer(self, asked: Asked) -> Reply:
        if asked.path == TOKEN_PATH:
            return Reply(TOKEN)
        unknown = Reply({"name": "RESOURCE_NOT_FOUND"}, 404)
        return self._replies.get(f"{asked.method} {asked.path}", unknown)

    def __enter__(self) -> "PayPal":
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)


def order(status: str, *captures: dict[str, Any], **more: Any) -> dict[str, Any]:
    payments = {"payments": {"captures": list(captures), **more}} if captures else {}
    return {"id": "ORD1", "status": status, "purchase_units": [{**UNIT, **payments}]}


def refund(refund_id: str, value: str, status: str = "COMPLETED", capture: str = "CAP1") -> dict[str, Any]:
    return {
        "id": refund_id,
        "status": status,
        "amount": {"currency_code": "USD", "value": value},
        "custom_id": "RFD-1",
        "links": [{"rel": "up", "href": f"https://api.paypal.com/v2/payments/captures/{capture}"}],
    }
