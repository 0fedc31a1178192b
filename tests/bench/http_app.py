"""The application under gunicorn with a few routes more: the floors that its own are compared with."""

import uuid
from typing import Any

from flask import Flask, request

from backend import access, create_app
from backend.access import admin_only
from backend.blueprint import Blueprint
from backend.idempotency import idempotent
from backend.schemas.wallet import DebitRequest, MovementAnswer
from backend.schemas.webhooks import WebhookAnswer
from backend.services import services
from backend.webhook_service import Receipt
from tests.bench.raw_transaction import RawTransactions

bench = Blueprint("bench", __name__, url_prefix="/bench")


@bench.route("/noop")
def noop_get() -> dict[str, bool]:
    """Answer whoever has a token."""
    return {"done": True}


@bench.route("/noop/<string:customer_id>", methods=["POST"])
@admin_only
@bench.arguments(DebitRequest)
@bench.response(201, MovementAnswer)
def noop_post(body: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Read the same body and write the same answer as a debit, and do nothing between."""
    return _answer(body)


@bench.route("/noop-keyed/<string:customer_id>", methods=["POST"])
@idempotent
@admin_only
@bench.arguments(DebitRequest)
@bench.response(201, MovementAnswer)
def noop_keyed_post(body: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Do nothing, once for each key."""
    return _answer(body)


@bench.route("/noop-public", methods=["POST"])
@bench.response(200, WebhookAnswer)
def noop_public_post() -> dict[str, Any]:
    """Take in what anybody sends, as a webhook is, and do nothing with it."""
    request.get_data(cache=True)
    return {"status": Receipt.OK}


@bench.route("/transaction/<string:customer_id>", methods=["POST"])
@idempotent
@admin_only
@bench.arguments(DebitRequest)
@bench.response(201, MovementAnswer)
def transaction_post(body: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Debit as the application would without its ledger: with a transaction for each request."""
    entry = _raw().debit(customer_id)
    return {"id": entry["_id"], "balance_after_minor": entry["balance_after"]}


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    return {"id": uuid.uuid4().hex, "balance_after_minor": body["amount"]}


def _raw() -> RawTransactions:
    found = services()
    return RawTransactions(found.client[found.settings.mongodb_db], "http")


def make_app() -> Flask:
    """Wire the application, then add the floors."""
    app = create_app()
    access.PUBLIC |= {"bench.noop_public_post"}
    app.register_blueprint(bench)
    return app
