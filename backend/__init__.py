"""Batua: the money side of a shop. `create_app` is the only place that wires its parts."""

import atexit
from datetime import timedelta

from argon2 import PasswordHasher
from flask import Flask
from pymongo import MongoClient
from werkzeug.middleware.proxy_fix import ProxyFix

from backend import access, cli, db, error_handlers, logs, openapi, rate_limits, request_context, wire
from backend.config import CURRENCY, Settings, read_settings
from backend.db import Document
from backend.extensions import api, cors, jwt
from backend.idempotency_store import IdempotencyStore
from backend.ledger import Ledger
from backend.ledger.verify import LedgerVerifier
from backend.routes_admin import admin
from backend.routes_auth import auth
from backend.routes_operations import operations
from backend.routes_wallet import transactions, wallet
from backend.services import Services
from backend.session_service import REFRESH_TOKEN_LIFETIME, SessionService
from backend.transactions import Transactions
from backend.user_service import UserService
from backend.wallet_service import WalletService

# OWASP's first recommendation for argon2id: safe, and small enough for a web worker's memory.
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def create_app(settings: Settings | None = None, *, client: MongoClient[Document] | None = None) -> Flask:
    """Build the application; what is not given is made from the environment."""
    settings = settings or read_settings()
    logs.configure(settings.log_level)
    client = client or db.connect(settings.mongodb_uri)
    db.require_transactions(client)
    db.ensure_initialised(client[settings.mongodb_db])
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(_flask_config(settings))
    app.extensions["batua"] = _wire_services(settings, client)
    _init_extensions(app, settings)
    app.register_blueprint(operations)
    for blueprint in (auth, wallet, transactions, admin):
        api.register_blueprint(blueprint)
    api.complete(app)
    cli.init_app(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _wire_services(settings: Settings, client: MongoClient[Document]) -> Services:
    database = client[settings.mongodb_db]
    ledger = Ledger(database)
    atexit.register(ledger.close)
    transactions_service = Transactions(database)
    return Services(
        settings=settings,
        client=client,
        ledger=ledger,
        users=UserService(database, ledger, currency=CURRENCY, hasher=PASSWORDS),
        sessions=SessionService(database),
        wallets=WalletService(
            database,
            ledger,
            transactions_service,
            currency=CURRENCY,
            default_call_rate_minor=settings.default_call_rate_minor,
            low_balance_threshold_minor=settings.low_balance_threshold_minor,
        ),
        transactions=transactions_service,
        verifier=LedgerVerifier(database),
        idempotency=IdempotencyStore(database),
    )


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
    error_handlers.init_app(app, jwt)


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
