"""Accounts over HTTP: sign up, log in, stay logged in, log out."""

import hashlib
from dataclasses import replace
from typing import Any

from flask import request
from flask_limiter.util import get_remote_address

from backend.access import caller, identify, session_of, tokens_for
from backend.blueprint import Blueprint
from backend.errors import Invalid
from backend.extensions import limiter
from backend.preferences import Preferences
from backend.schemas.auth import (
    LoginAnswer,
    LoginRequest,
    LogoutAnswer,
    LogoutRequest,
    MeAnswer,
    SignupRequest,
    TokensAnswer,
)
from backend.schemas.messages import PreferencesAnswer, PreferencesRequest
from backend.services import services
from backend.user_service import User, email_key
from backend.wire import load_json

auth = Blueprint("auth", __name__, url_prefix="/api/auth", description="Accounts")


@auth.route("/signup", methods=["POST"])
@auth.arguments(SignupRequest)
@auth.response(201, LoginAnswer)
def signup(body: dict[str, Any]) -> dict[str, Any]:
    """Create an account with an empty wallet."""
    return _logged_in(services().users.sign_up(**body))


def _login_limit() -> str:
    return services().settings.login_limit


def _email_sent() -> str:
    """Name the account under attack without storing its e-mail in the counters."""
    try:
        body = load_json(request.get_data(cache=True))
    except Invalid:  # The limiter takes any error here for one of its storage.
        body = None
    email = body.get("email") if isinstance(body, dict) else None
    return hashlib.sha256(email_key(email).encode()).hexdigest() if isinstance(email, str) else "no-email"


def _addresses_are_free() -> bool:
    return not services().settings.ratelimit_enabled


@auth.route("/login", methods=["POST"])
@limiter.limit(_login_limit, key_func=get_remote_address, exempt_when=_addresses_are_free)
@limiter.limit(_login_limit, key_func=_email_sent)
@auth.arguments(LoginRequest)
@auth.response(200, LoginAnswer)
def login(body: dict[str, Any]) -> dict[str, Any]:
    """Log in with e-mail and password."""
    return _logged_in(services().users.log_in(**body))


@auth.route("/refresh", methods=["POST"])
@auth.response(200, TokensAnswer)
def refresh() -> dict[str, Any]:
    """Trade a refresh token for new tokens; each one works once."""
    user = services().users.get(identify(refresh=True).customer_id)
    session = services().sessions.renew(caller().session_id, caller().token_id)
    return tokens_for(session, user.role)


@auth.route("/logout", methods=["POST"])
@auth.arguments(LogoutRequest, required=False)
@auth.response(200, LogoutAnswer)
def logout(body: dict[str, Any]) -> dict[str, Any]:
    """End the session of the token used, and that of the refresh token sent along."""
    services().sessions.revoke(caller().session_id)
    other = session_of(body["refresh_token"]) if body["refresh_token"] else None
    if other:
        services().sessions.revoke(other)
    return {"success": True}


@auth.route("/me", methods=["GET"])
@auth.response(200, MeAnswer)
def me() -> dict[str, Any]:
    """Show the caller, with what is in the wallet."""
    user = services().users.get(caller().customer_id)
    wallet = services().wallets.get_wallet(user.id)
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "phone": user.phone,
        "role": user.role,
        "wallet_balance": wallet.balance_minor,
        "currency": wallet.currency,
        "low_balance": services().wallets.is_low(wallet),
    }


@auth.route("/preferences", methods=["GET"])
@auth.response(200, PreferencesAnswer)
def preferences() -> Preferences:
    """Show in which language and by which ways the caller wants to be told about their money."""
    return services().preferences.get(caller().customer_id)


@auth.route("/preferences", methods=["PUT"])
@auth.arguments(PreferencesRequest)
@auth.response(200, PreferencesAnswer)
def set_preferences(body: dict[str, Any]) -> Preferences:
    """Change it; saying yes to WhatsApp is the consent that its rules ask for."""
    wanted = replace(services().preferences.get(caller().customer_id), **body)
    return services().preferences.set(caller().customer_id, wanted)


def _logged_in(user: User) -> dict[str, Any]:
    return tokens_for(services().sessions.open(user.id), user.role) | {"user": user}
