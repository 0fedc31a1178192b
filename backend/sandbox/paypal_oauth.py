"""PayPal's access tokens."""

import secrets
import time

from flask import Blueprint, Response, jsonify, request

from backend.sandbox import keys
from backend.sandbox.paypal_wire import now
from backend.sandbox.state import here

oauth = Blueprint("paypal_oauth", __name__)

_LIFETIME_SECONDS = 32_400


@oauth.post("/v1/oauth2/token")
def give_token() -> tuple[Response, int]:
    """Give an access token to whoever shows the client's secret."""
    given = request.authorization
    shown = (given.username, given.password) if given else None
    if shown != (keys.PAYPAL_CLIENT_ID, keys.PAYPAL_CLIENT_SECRET):
        return _refused("invalid_client", "Client Authentication failed", 401)
    if request.form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "Grant Type is NULL or not supported", 400)
    token = f"A21AA{secrets.token_urlsafe(60)}"
    here().books.access_tokens[token] = time.time() + _LIFETIME_SECONDS
    answer = {
        "scope": "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/vault",
        "access_token": token,
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": _LIFETIME_SECONDS,
        "nonce": f"{now()}{secrets.token_urlsafe(24)}",
    }
    return jsonify(answer), 200


def _refused(error: str, description: str, status: int) -> tuple[Response, int]:
    return jsonify({"error": error, "error_description": description}), status
