"""The wire format of the short recharge family."""

from marshmallow import Schema, fields, validate

from backend.schemas.fields import Amount, GivenAmount
from backend.schemas.payments import ID


class RazorpayKeyAnswer(Schema):
    """The key that the browser may see."""

    razorpay_key = fields.String()


class RechargeRequest(Schema):
    """Money that is to go into the caller's wallet."""

    amount = GivenAmount(required=True)


class RechargeOrder(Schema):
    """An order at Razorpay, ready for its Checkout."""

    order_id = fields.String()
    amount = Amount()
    amount_paise = fields.Integer()
    currency = fields.String()


class RechargeOrderAnswer(Schema):
    """The order in its envelope."""

    order = fields.Nested(RechargeOrder)


class RechargeVerifyRequest(Schema):
    """What Checkout gave the browser; the amount is the one of the order, whatever is sent here."""

    razorpay_order_id = fields.String(required=True, validate=ID)
    razorpay_payment_id = fields.String(required=True, validate=ID)
    razorpay_signature = fields.String(required=True, validate=validate.Length(1, 512))
    amount = GivenAmount(load_default=None)


class RechargedAnswer(Schema):
    """A recharge that is paid."""

    success = fields.Boolean(metadata={"enum": [True]})
    wallet_balance = Amount()
    transaction_id = fields.String()
