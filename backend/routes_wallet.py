"""Wallets and their transactions over HTTP."""

from itertools import chain
from typing import Any

from flask import Response, jsonify

from backend.access import admin_only, caller
from backend.blueprint import Blueprint
from backend.idempotency import HEADER_DOC, idempotent, movement_key
from backend.ledger import Entry, Wallet
from backend.ledger.values import EntryType, Total
from backend.schemas.fields import PageArguments
from backend.schemas.wallet import (
    BalanceAnswer,
    CallRateAnswer,
    CallRateArguments,
    CreditRequest,
    DebitRequest,
    MovementAnswer,
    StatisticsAnswer,
    TransactionFilterArguments,
    TransactionListAnswer,
    TransactionListArguments,
    WalletAnswer,
    wire_transaction,
)
from backend.services import services
from backend.transactions import TransactionFilter, TransactionPage
from backend.wallet_service import Movement

wallet = Blueprint("wallet", __name__, url_prefix="/api/wallet", description="Wallets")
transactions = Blueprint("transactions", __name__, url_prefix="/api/transactions", description="History")

STATISTICS = StatisticsAnswer()
ACCOUNT_OF_SOURCE = {"admin": "adjustments", "promo": "promotions", "referral": "referrals"}


@wallet.route("/balance")
@wallet.response(200, BalanceAnswer)
def own_balance() -> dict[str, Any]:
    """Show the caller's balance."""
    return _balance(services().wallets.get_wallet(caller().customer_id))


@wallet.route("/<string:customer_id>/balance")
@wallet.response(200, BalanceAnswer)
def balance(customer_id: str) -> dict[str, Any]:
    """Show a customer's balance."""
    caller().check_may_act_for(customer_id)
    return _balance(services().wallets.get_wallet(customer_id))


@wallet.route("/<string:customer_id>")
@wallet.response(200, WalletAnswer)
def show(customer_id: str) -> dict[str, Any]:
    """Show a wallet with its statistics."""
    caller().check_may_act_for(customer_id)
    found = services().wallets.get_wallet(customer_id)
    sums = {
        EntryType.CREDIT: found.credits,
        EntryType.DEBIT: found.debits,
        EntryType.REFUND: found.refunds,
    }
    dates = {"created_at": found.created_at, "updated_at": found.updated_at}
    return _balance(found) | dates | {"statistics": _statistics(sums)}


@wallet.route("/<string:customer_id>/transactions")
@wallet.arguments(PageArguments, location="query")
@wallet.response(200, TransactionListAnswer)
def history(page: dict[str, int], customer_id: str) -> Response:
    """List a customer's transactions, newest first."""
    caller().check_may_act_for(customer_id)
    return _listed(services().wallets.get_transaction_history(customer_id, **page))


@wallet.route("/<string:customer_id>/credit", methods=["POST"])
@wallet.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@wallet.arguments(CreditRequest)
@wallet.response(201, MovementAnswer)
def credit(body: dict[str, Any], customer_id: str) -> Entry:
    """Give a customer credits."""
    return services().wallets.add_credits(customer_id, body["amount"], _by_admin(body))


@wallet.route("/<string:customer_id>/debit", methods=["POST"])
@wallet.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@wallet.arguments(DebitRequest)
@wallet.response(201, MovementAnswer)
def debit(body: dict[str, Any], customer_id: str) -> Entry:
    """Take credits from a customer."""
    return services().wallets.deduct_credits(customer_id, body["amount"], _by_admin(body))


@wallet.route("/call-rate")
@wallet.response(200, CallRateAnswer)
def call_rate() -> dict[str, int]:
    """Show what a minute costs."""
    return {"call_rate_per_minute": services().wallets.call_rate_minor()}


@wallet.route("/set-call-rate", methods=["POST"])
@admin_only
@wallet.arguments(CallRateArguments, location="query")
@wallet.response(200, CallRateAnswer)
def set_call_rate(arguments: dict[str, int]) -> dict[str, int]:
    """Change what a minute costs."""
    rate = services().wallets.set_call_rate(arguments["rate"], changed_by=caller().customer_id)
    return {"call_rate_per_minute": rate}


@transactions.route("")
@transactions.arguments(TransactionListArguments, location="query")
@transactions.response(200, TransactionListAnswer)
def list_transactions(arguments: dict[str, Any]) -> Response:
    """List transactions: a customer's own, or everybody's for an admin."""
    page = services().transactions.page(_wanted(arguments), limit=arguments["limit"], skip=arguments["skip"])
    return _listed(page)


@transactions.route("/download")
@transactions.arguments(TransactionFilterArguments, location="query")
@transactions.response(200, {"type": "string"}, content_type="text/csv")
def download(arguments: dict[str, Any]) -> Response:
    """Download transactions as CSV."""
    rows = services().transactions.csv_rows(_wanted(arguments))
    rows = chain([next(rows)], rows)  # What fails, fails while there is still an answer to give.
    headers = {"Content-Disposition": 'attachment; filename="transactions.csv"'}
    return Response(rows, content_type="text/csv; charset=utf-8", headers=headers)


def _by_admin(body: dict[str, Any]) -> Movement:
    return Movement(
        key=movement_key(),
        account=ACCOUNT_OF_SOURCE[body["source"]],
        reason=body["reason"],
        source=body["source"],
        metadata={"admin_id": caller().customer_id},
    )


def _wanted(arguments: dict[str, Any]) -> TransactionFilter:
    """Let an admin look at anybody's or at everybody's, and a customer at their own."""
    return TransactionFilter(
        customer_id=caller().scope(arguments["user_id"]),
        type=arguments["transaction_type"],
        since=arguments["since"],
        until=arguments["until"],
    )


def _balance(found: Wallet) -> dict[str, Any]:
    return {
        "customer_id": found.customer_id,
        "balance_minor": found.balance_minor,
        "held_minor": found.held_minor,
        "available_minor": found.available_minor,
        "currency": found.currency,
        "low_balance": services().wallets.is_low(found),
    }


def _listed(page: TransactionPage) -> Response:
    """Write a page without marshmallow, which would take longer than the database does."""
    return jsonify(
        transactions=[wire_transaction(entry) for entry in page.entries],
        total=page.total,
        summary=STATISTICS.dump(_statistics(page.summary)),
    )


def _statistics(sums: dict[EntryType, Total]) -> dict[str, int]:
    figures = {}
    for entry_type in EntryType:
        total = sums.get(entry_type, Total())
        figures[f"total_{entry_type}s"] = total.amount_minor
        figures[f"{entry_type}_count"] = total.count
    return figures
