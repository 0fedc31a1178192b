"""Products and orders over HTTP."""

from typing import Any

from backend.access import caller
from backend.blueprint import Blueprint
from backend.errors import Forbidden
from backend.idempotency import HEADER_DOC, idempotent
from backend.order_service import Item, Order, OrderFilter
from backend.request_guards import refuse_card_data_in_body
from backend.schemas.envelope import enveloped, listed
from backend.schemas.fields import PageArguments
from backend.schemas.orders import OrderAnswer, OrderListArguments, OrderRequest, ProductAnswer
from backend.services import services

orders = Blueprint("orders", __name__, url_prefix="/api", description="Products and orders")
orders.before_request(refuse_card_data_in_body)


@orders.route("/products")
@orders.arguments(PageArguments, location="query")
@orders.response(200, listed(ProductAnswer))
def products(page: dict[str, int]) -> dict[str, Any]:
    """List what the shop sells."""
    found, total = services().orders.products(**page)
    return {"status": "success", "data": found, "total": total}


@orders.route("/orders", methods=["POST"])
@orders.doc(parameters=[HEADER_DOC])
@idempotent
@orders.arguments(OrderRequest)
@orders.response(201, enveloped(OrderAnswer))
def place(body: dict[str, Any]) -> dict[str, Any]:
    """Place an order: products at the shop's prices, or, for an admin, items with prices."""
    customer_id = body.get("customer_id", caller().customer_id)
    caller().check_may_act_for(customer_id)
    items = body["items"]
    if "sku" in items[0]:
        return _one(services().orders.place(customer_id, [(item["sku"], item["qty"]) for item in items]))
    if not caller().is_admin:
        raise Forbidden("Only the shop itself may name prices.")
    priced = [Item(name=item["name"], price_minor=item["price"], quantity=item["qty"]) for item in items]
    return _one(services().orders.feed(customer_id, priced))


@orders.route("/orders")
@orders.arguments(OrderListArguments, location="query")
@orders.response(200, listed(OrderAnswer))
def list_orders(arguments: dict[str, Any]) -> dict[str, Any]:
    """List orders: a customer's own, or everybody's for an admin."""
    limit, skip = arguments.pop("limit"), arguments.pop("skip")
    arguments["customer_id"] = caller().scope(arguments["customer_id"])
    found, total = services().orders.page(OrderFilter(**arguments), limit=limit, skip=skip)
    return {"status": "success", "data": found, "total": total}


@orders.route("/orders/<string:order_id>")
@orders.response(200, enveloped(OrderAnswer))
def show(order_id: str) -> dict[str, Any]:
    """Show an order."""
    return _one(services().orders.get(order_id, owner_id=caller().owner_id))


@orders.route("/orders/<string:order_id>/cancel", methods=["POST"])
@orders.doc(parameters=[HEADER_DOC])
@idempotent
@orders.response(200, enveloped(OrderAnswer))
def cancel(order_id: str) -> dict[str, Any]:
    """Cancel an order that is not paid."""
    return _one(services().payments.cancel_order(order_id, owner_id=caller().owner_id))


def _one(order: Order) -> dict[str, Any]:
    return {"status": "success", "data": order}
