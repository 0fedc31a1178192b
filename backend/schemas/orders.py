"""The wire format of products and orders."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from backend.order_service import OrderPayment, OrderStatus
from backend.schemas.fields import Amount, GivenAmount, PageArguments, Text, Timestamp

MOST_ITEMS, MOST_PIECES = 200, 10_000


class ProductAnswer(Schema):
    """Something the shop sells."""

    sku = fields.String(attribute="_id")
    name = fields.String()
    price = Amount()
    currency = fields.String()


class ItemRequest(Schema):
    """Some pieces of a product, or of something that the shop's back end names and prices."""

    sku = Text(longest=64)
    name = Text(longest=200)
    price = GivenAmount()
    qty = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_PIECES))

    @validates_schema
    def be_one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        """Take a sku, whose price the shop knows, or a name with a price."""
        if "sku" in data and "price" not in data and "name" not in data:
            return
        if "sku" in data or "name" not in data or "price" not in data:
            raise ValidationError("An item has a sku, or a name and a price.")


class OrderRequest(Schema):
    """What a customer orders, or what the shop's back end orders for one."""

    customer_id = fields.String(validate=validate.Length(1, 100))
    items = fields.List(fields.Nested(ItemRequest), required=True, validate=validate.Length(1, MOST_ITEMS))

    @validates_schema
    def be_of_one_kind(self, data: dict[str, Any], **_kwargs: Any) -> None:
        """Take products or priced items, not both in one order."""
        kinds = {"sku" in item for item in data["items"]}
        if len(kinds) > 1:
            raise ValidationError("Either all items have a sku or none has.", "items")


class ItemAnswer(Schema):
    """Some pieces of one thing."""

    sku = fields.String(allow_none=True)
    name = fields.String()
    price = Amount(attribute="price_minor")
    qty = fields.Integer(attribute="quantity")


class OrderAnswer(Schema):
    """An order and where its money stands."""

    id = fields.String()
    customer_id = fields.String()
    items = fields.List(fields.Nested(ItemAnswer))
    amount = Amount(attribute="amount_minor")
    currency = fields.String()
    status = fields.Enum(OrderStatus, by_value=True)
    payment_status = fields.Enum(OrderPayment, by_value=True)
    payment_method = fields.String(allow_none=True)
    payment_transaction_id = fields.String(allow_none=True)
    amount_paid = Amount(attribute="amount_paid_minor")
    amount_due = Amount(attribute="amount_due_minor")
    wallet_amount = Amount(attribute="paid_wallet_minor")
    refund_amount = Amount(attribute="refund_amount_minor")
    disputed = fields.Boolean(attribute="is_disputed")
    paid_at = Timestamp(allow_none=True)
    refunded_at = Timestamp(allow_none=True)
    created_at = Timestamp()


class OrderListArguments(PageArguments):
    """Which orders are wanted, and which page of them."""

    customer_id = fields.String(load_default=None, validate=validate.Length(1, 100))
    status = fields.Enum(OrderStatus, by_value=True, load_default=None)
    payment_status = fields.Enum(OrderPayment, by_value=True, load_default=None)
