"""Who is asking, and which doors are open to everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import jwt
from flask import Flask, current_app, g, request
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from backend.errors import Forbidden, Unauthenticated
from backend.services import services
from backend.session_service import Session
from backend.user_service import Role

P = ParamSpec("P")
R = TypeVar("R")

# Every other route needs an access token.
PUBLIC = frozenset(
    {
        "auth.signup",
        "auth.login",
        "auth.refresh",
        "orders.products",
        "webhooks.receive",
        "webhooks.receive_for_integration",
        "messages.answer_challenge",
        "messages.receive_reports",
        "integration.health",
        "pay.page",
        "pay.come_back",
        "operations.healthz",
        "operations.readyz",
        "operations.metrics",
        "api-docs.openapi_json",
        "api-docs.openapi_swagger_ui",
        "operations.docs_asset",
    }
)

NEEDED_CLAIMS = ["exp", "iss", "aud", "sub", "jti", "type", "sid", "role"]

# Public here means that the view itself asks for the other kind of token.
TAKES_REFRESH_TOKEN = frozenset({"auth.refresh"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user behind a request."""

    customer_id: str
    role: Role
    session_id: str
    token_id: str

    @property
    def is_admin(self) -> bool:
        """Tell whether the caller may act for anybody."""
        return self.role is Role.ADMIN

    @property
    def owner_id(self) -> str | None:
        """Whose things the caller may touch; None means everybody's."""
        return None if self.is_admin else self.customer_id

    def scope(self, customer_id: str | None) -> str | None:
        """Give whose things are asked for, where None means all that the caller may see."""
        if customer_id is not None:
            self.check_may_act_for(customer_id)
        return customer_id if self.is_admin else self.customer_id

    def check_may_act_for(self, customer_id: str) -> None:
        """Let a customer act only for themselves."""
        if not self.is_admin and customer_id != self.customer_id:
            raise Forbidden


def init_app(app: Flask) -> None:
    """Close every door that is not public."""

    @app.before_request
    def require_access_token() -> None:
        if request.endpoint in PUBLIC or request.endpoint is None or request.method == "OPTIONS":
            return
        identify()


def identify(*, refresh: bool = False) -> Caller:
    """Find out who is asking, or refuse to go on."""
    try:
        claims = _claims()
        g.caller = Caller(
            customer_id=claims["sub"],
            role=Role(claims["role"]),
            session_id=claims["sid"],
            token_id=claims["jti"],
        )
    except (PyJWTError, ValueError) as error:
        raise Unauthenticated from error
    if claims["type"] != ("refresh" if refresh else "access"):
        raise Unauthenticated
    if not services().sessions.is_live(g.caller.session_id):
        raise Unauthenticated("This session has ended. Please log in again.")
    return caller()


def _claims() -> dict[str, Any]:
    """Read the bearer token, once: flask-jwt-extended would take it apart five times for its callbacks."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    config = current_app.config
    return jwt.decode(
        token,
        config["JWT_SECRET_KEY"],
        algorithms=config["JWT_DECODE_ALGORITHMS"],
        audience=config["JWT_DECODE_AUDIENCE"],
        issuer=config["JWT_DECODE_ISSUER"],
        options={"require": NEEDED_CLAIMS},
    )


def caller() -> Caller:
    """Give the user behind this request."""
    found: Caller = g.caller
    return found


def admin_only(view: Callable[P, R]) -> Callable[P, R]:
    """Let only admins in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().is_admin:
            raise Forbidden
        return view(*args, **kwargs)

    return guarded


def session_of(refresh_token: str) -> str | None:
    """Tell which login a refresh token of the caller's belongs to."""
    try:
        claims = decode_token(refresh_token, allow_expired=True)
    except (JWTExtendedException, PyJWTError):
        return None
    return claims.get("sid") if claims["sub"] == caller().customer_id else None


def tokens_for(session: Session, role: Role) -> dict[str, str]:
    """Write the two tokens of a login."""
    claims: dict[str, Any] = {"sid": session.id, "role": role.value}
    return {
        "access_token": create_access_token(session.customer_id, additional_claims=claims),
        "refresh_token": create_refresh_token(
            session.customer_id, additional_claims=claims | {"jti": session.refresh_id}
        ),
    }
