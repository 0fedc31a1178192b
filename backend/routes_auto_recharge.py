"""Auto-recharge over HTTP: a customer's own, and everybody's for admins to see."""

from datetime import UTC, datetime
from typing import Any

from backend.access import admin_only, caller
from backend.auto_recharge_values import Rule
from backend.blueprint import Blueprint
from backend.request_guards import refuse_card_data_in_body
from backend.schemas.auto_recharge import (
    AutoRechargeAnswer,
    AutoRechargeRequest,
    wire_nothing,
    wire_recharge,
)
from backend.schemas.envelope import listed
from backend.schemas.fields import PageArguments
from backend.services import services

auto_recharge = Blueprint(
    "auto_recharge", __name__, url_prefix="/api/wallet/auto-recharge", description="Auto-recharge"
)
auto_recharge.before_request(refuse_card_data_in_body)
admin_recharges = Blueprint(
    "admin_recharges", __name__, url_prefix="/api/admin", description="Administration of auto-recharge"
)


@auto_recharge.route("")
@auto_recharge.response(200, AutoRechargeAnswer)
def show() -> dict[str, Any]:
    """Show the caller's auto-recharge."""
    return _own()


@auto_recharge.route("", methods=["PUT"])
@auto_recharge.arguments(AutoRechargeRequest)
@auto_recharge.response(200, AutoRechargeAnswer)
def configure(body: dict[str, Any]) -> dict[str, Any]:
    """Let a saved method fill the caller's wallet whenever it runs low; safe to repeat."""
    rule = Rule(
        is_on=body["enabled"],
        threshold_minor=body["threshold"],
        amount_minor=body["amount"],
        daily_cap_minor=body["daily_cap"],
        monthly_cap_minor=body["monthly_cap"],
        saved_method_id=body["saved_method_id"],
    )
    services().auto_recharge.configure(caller().customer_id, rule)
    return _own()


@auto_recharge.route("", methods=["DELETE"])
@auto_recharge.response(200, AutoRechargeAnswer)
def switch_off() -> dict[str, Any]:
    """Charge nothing from now on; the settings stay for the next time."""
    services().auto_recharge.switch_off(caller().customer_id)
    return _own()


@admin_recharges.route("/auto-recharges")
@admin_only
@admin_recharges.arguments(PageArguments, location="query")
@admin_recharges.response(200, listed(AutoRechargeAnswer))
def list_recharges(page: dict[str, int]) -> dict[str, Any]:
    """List everybody's auto-recharge, the newest changed first."""
    found, total = services().auto_recharge.page(**page)
    now = datetime.now(UTC)
    return {"status": "success", "data": [wire_recharge(one, now) for one in found], "total": total}


def _own() -> dict[str, Any]:
    customer_id = caller().customer_id
    found = services().auto_recharge.find(customer_id)
    return wire_recharge(found, datetime.now(UTC)) if found else wire_nothing(customer_id)
