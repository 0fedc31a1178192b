"""The wire format of what an installation can be paid with."""

from typing import Any

from marshmallow import Schema, fields, validate

from backend.banks import BANKS
from backend.config import CURRENCY
from backend.money import to_major
from backend.payment_methods import EmiPlan, OfferedMethod, emi_plans
from backend.schemas.fields import Amount, GivenAmount
from backend.schemas.payments import ChargeAnswer


class MethodsArguments(Schema):
    """How much is to be paid."""

    amount = GivenAmount(load_default=None)
    currency = fields.String(load_default=CURRENCY, validate=validate.OneOf([CURRENCY]))


class OfferedMethodAnswer(Schema):
    """A way to pay and who takes it; `charge` is there when another currency is charged."""

    method = fields.String()
    gateways = fields.List(fields.String())
    charge = fields.Nested(ChargeAnswer, allow_none=True)


class BankAnswer(Schema):
    """A bank for net banking."""

    code = fields.String()
    name = fields.String()


class EmiPlanAnswer(Schema):
    """What paying in instalments comes to; the customer's bank sets the real rate."""

    installments = fields.Integer(attribute="months")
    monthly_amount = Amount(attribute="monthly_minor")
    total_amount = Amount(attribute="total_minor")
    interest_amount = Amount(attribute="interest_minor")
    annual_percent = fields.Float()
    is_estimate = fields.Boolean()


class MethodsAnswer(Schema):
    """What can be taken now."""

    currency = fields.String()
    methods = fields.List(fields.Nested(OfferedMethodAnswer))
    gateways = fields.List(fields.String())
    banks = fields.List(fields.Nested(BankAnswer))
    emi_plans = fields.List(fields.Nested(EmiPlanAnswer))
    upi_collect_enabled = fields.Boolean()
    apple_pay_enabled = fields.Boolean()


def wire_methods(offered: list[OfferedMethod], *, amount_minor: int | None, currency: str) -> dict[str, Any]:
    """Lay out what can be taken; banks and instalments only where somebody takes them."""
    names = {offer.method.value for offer in offered}
    plans: list[EmiPlan] = emi_plans(amount_minor) if amount_minor and "emi" in names else []
    return {
        "currency": currency,
        "methods": [_wire_offer(offer, is_priced=amount_minor is not None) for offer in offered],
        "gateways": sorted({name for offer in offered for name in offer.gateways}),
        "banks": [{"code": code, "name": name} for code, name in BANKS.items()]
        if "netbanking" in names
        else [],
        "emi_plans": plans,
    }


def _wire_offer(offer: OfferedMethod, *, is_priced: bool) -> dict[str, Any]:
    charge = offer.charge if is_priced else None
    return {
        "method": offer.method.value,
        "gateways": offer.gateways,
        "charge": charge
        and {
            "amount": to_major(charge.amount_minor, currency=charge.currency),
            "currency": charge.currency,
            "rate": charge.rate,
        },
    }
