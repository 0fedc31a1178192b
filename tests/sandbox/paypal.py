"""A client of PayPal's look-alike without an SDK, so that refusals can be seen."""

from typing import Any

import requests

from backend.sandbox import keys

AMOUNT = {"currency_code": "USD", "value": "29.35"}


def order_body(**changes: Any) -> dict[str, Any]:
    """An order of one unit; what belongs to the unit is put there."""
    unit = {"amount": AMOUNT}
    unit |= {name: changes.pop(name) for name in ("amount", "invoice_id", "custom_id") if name in changes}
    return {"intent": "CAPTURE", "purchase_units": [unit], **changes}


class PayPal:
    """Somebody who has an access token."""

    def __init__(self, url: str) -> None:
        self._url = url
        token = requests.post(
            f"{url}/v1/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(keys.PAYPAL_CLIENT_ID, keys.PAYPAL_CLIENT_SECRET),
            timeout=5,
        ).json()
        self._headers = {
            "Authorization": f"Bearer {token['access_token']}",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: Any, *, key: str | None = None, **headers: str) -> requests.Response:
        own = {"PayPal-Request-Id": key} if key else {}
        given = self._headers | own | headers
        return requests.post(f"{self._url}{path}", json=body, headers=given, timeout=5)

    def post_text(self, path: str, text: bytes) -> requests.Response:
        return requests.post(f"{self._url}{path}", data=text, headers=self._headers, timeout=5)

    def get(self, path: str, **query: str) -> requests.Response:
        return requests.get(f"{self._url}{path}", params=query, headers=self._headers, timeout=5)

    def delete(self, path: str) -> requests.Response:
        return requests.delete(f"{self._url}{path}", headers=self._headers, timeout=5)

    def paid(self, **changes: Any) -> dict[str, Any]:
        """Have an order approved and captured, and give the capture."""
        order_id = self.post("/v2/checkout/orders", order_body(**changes)).json()["id"]
        requests.post(f"{self._url}/sandbox/paypal/approve", json={"order_id": order_id}, timeout=5)
        order = self.post(
            f"/v2/checkout/orders/{order_id}/capture", {}, Prefer="return=representation"
        ).json()
        capture: dict[str, Any] = order["purchase_units"][0]["payments"]["captures"][0]
        return capture
