"""A stand-in for PayPal's OAuth: gives out tokens, and takes those that were not revoked."""

import time
from collections.abc import Callable

from backend.gateways.paypal_api import TOKEN_PATH, PayPalApi
from backend.gateways.settings import PayPalSettings
from tests.gateways.local_servers import Asked, Reply

CLIENT_ID, CLIENT_SECRET = "client-id", "very-secret-client-secret"
ACCESS_TOKEN = "very-secret-access-token"


class Account:
    """Answers calls for tokens, and every other call with `reply`."""

    def __init__(self, *, expires_in: int = 32400) -> None:
        self.expires_in = expires_in
        self.tokens = 0
        self.pause_seconds = 0.02
        self.reply = Reply({"id": "X"})
        self.token_reply: Reply | None = None
        self.revoked: set[int] = set()

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == TOKEN_PATH:
            time.sleep(self.pause_seconds)
            self.tokens += 1
            token = {"access_token": f"{ACCESS_TOKEN}-{self.tokens}", "token_type": "Bearer"}
            return self.token_reply or Reply(token | {"expires_in": self.expires_in})
        number = int(asked.headers["Authorization"].rpartition("-")[2])
        return Reply({"name": "AUTHENTICATION_FAILURE"}, 401) if number in self.revoked else self.reply


def api_at(
    url: str, clock: Callable[[], float] = time.monotonic, timeout: tuple[float, float] = (5.0, 5.0)
) -> PayPalApi:
    settings = PayPalSettings(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, api_url=url)
    return PayPalApi(settings, timeout=timeout, clock=clock)
