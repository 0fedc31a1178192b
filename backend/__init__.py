"""Batua: the money side of a shop. `create_app` makes the application out of its parts."""

from collections.abc import Mapping
from datetime import timedelta

from argon2 import PasswordHasher
from flask import Flask
from pymongo import MongoClient
from werkzeug.middleware.proxy_fix import ProxyFix

from backend import access, cli, db, error_handlers, logs, openapi, rate_limits, request_context, wire
from backend.config import Settings, read_settings
from backend.db import Document
from backend.extensions import api, cors, jwt
from backend.gateways.registry import Gateways
from backend.notifications.port import Channel
from backend.routes_admin import admin
from backend.routes_admin_payments import admin_payments
from backend.routes_admin_webhooks import admin_webhooks
from backend.routes_auth import auth
from backend.routes_auto_recharge import admin_recharges, auto_recharge
from backend.routes_integration import integration
from backend.routes_messages import messages
from backend.routes_operations import operations
from backend.routes_orders import orders
from backend.routes_pay import pay
from backend.routes_payments import payments, refunds
from backend.routes_recharge import recharge
from backend.routes_reconciliation import reconciliation
from backend.routes_wallet import transactions, wallet
from backend.routes_webhooks import webhooks
from backend.session_service import REFRESH_TOKEN_LIFETIME
from backend.telling_wiring import configured_channels
from backend.wiring import PASSWORDS, configured_gateways, wire_services

BLUEPRINTS = (
    *(auth, wallet, transactions, orders, payments, refunds, webhooks, integration, recharge),
    *(auto_recharge, admin_recharges, admin, admin_payments, admin_webhooks, messages, reconciliation),
)


def create_app(
    settings: Settings | None = None,
    *,
    client: MongoClient[Document] | None = None,
    gateways: Gateways | None = None,
    channels: Mapping[str, Channel] | None = None,
    passwords: PasswordHasher = PASSWORDS,
) -> Flask:
    """Build the application; what is not given is made from the environment."""
    settings = settings or read_settings()
    logs.configure(settings.log_level)
    client = client or db.connect(settings.mongodb_uri)
    db.require_transactions(client)
    db.ensure_initialised(client[settings.mongodb_db])
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(_flask_config(settings))
    app.extensions["batua"] = wire_services(
        settings,
        client,
        gateways=gateways or configured_gateways(settings),
        channels=channels or configured_channels(settings),
        passwords=passwords,
    )
    _init_extensions(app, settings)
    app.register_blueprint(operations)
    app.register_blueprint(pay)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    api.complete(app)
    cli.init_app(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _init_extensions(app: Flask, settings: Settings) -> None:
    wire.init_app(app)
    request_context.init_app(app)
    cors.init_app(
        app,
        origins=list(settings.cors_origins),
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
        expose_headers=["Content-Disposition", "Idempotent-Replayed", "Retry-After", "X-Request-ID"],
        max_age=3600,
    )
    jwt.init_app(app)
    rate_limits.init_app(app, settings)
    access.init_app(app)
    api.init_app(app)
    error_handlers.init_app(app)


def _flask_config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_AMOUNT_MINOR": settings.max_amount_minor,
        "JWT_SECRET_KEY": settings.jwt_secret_key,
        "JWT_ALGORITHM": "HS256",
        "JWT_DECODE_ALGORITHMS": ["HS256"],
        "JWT_ENCODE_ISSUER": "batua",
        "JWT_DECODE_ISSUER": "batua",
        "JWT_ENCODE_AUDIENCE": "batua",
        "JWT_DECODE_AUDIENCE": "batua",
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        "JWT_REFRESH_TOKEN_EXPIRES": REFRESH_TOKEN_LIFETIME,
        **openapi.CONFIG,
    }
