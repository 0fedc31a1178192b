"""PayPal's orders, version 2."""

from typing import Any

from flask import Response, jsonify

from backend.sandbox import ids
from backend.sandbox import paypal_money as money
from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.paypal_cashier import capture_order, has_captured_invoice
from backend.sandbox.state import here

orders = wire.paypal_blueprint("paypal_orders", "/v2/checkout")

_MISSING = "MISSING_REQUIRED_PARAMETER"
_MOST_UNITS = 10
_LENGTHS = {"reference_id": 256, "soft_descriptor": 22} | dict.fromkeys(
    ("description", "custom_id", "invoice_id"), 127
)
_SOURCES = ("paypal",)


@orders.post("/orders")
def create_order() -> tuple[Response, int]:
    """Make an order, or give the one that the same request has made."""
    known = wire.repeated()
    if known:
        return jsonify(_shown(known)), 200
    sent = wire.body()
    if sent.get("intent") not in ("CAPTURE", "AUTHORIZE"):
        wire.invalid("INVALID_PARAMETER_VALUE" if sent.get("intent") else _MISSING, "/intent")
    source = _source(sent)
    payer = _saved_payer(source)
    order: Document = {
        "id": ids.paypal(),
        "intent": sent["intent"],
        "status": "PAYER_ACTION_REQUIRED" if source else "CREATED",
        "purchase_units": _units(sent.get("purchase_units")),
        "create_time": wire.now(),
    }
    order["links"] = _links(order["id"], "payer-action" if source else "approve")
    if source:
        order["payment_source"] = {"paypal": {}}
    here().books.paypal_pages[order["id"]] = _page(sent, source)
    here().books.paypal_orders[order["id"]] = order
    if payer:
        order["payer"] = payer
        capture_order(order)
    wire.remember("paypal_orders", order["id"])
    return jsonify(_shown(order)), 201


def _source(sent: Document) -> Document:
    """Read how the payer will pay; only PayPal itself is offered here."""
    sources = wire.part(sent, "payment_source")
    if sources:
        wire.request_id(is_required=True)
    if set(sources) - set(_SOURCES):
        wire.unprocessable("PAYMENT_SOURCE_CANNOT_BE_USED", "/payment_source")
    return wire.part(sources, "paypal")


def _page(sent: Document, source: Document) -> Document:
    """Note where the payer goes after PayPal's page, and whether the account is to be saved."""
    context = wire.part(source, "experience_context") or wire.part(sent, "application_context")
    vault = wire.part(source, "attributes", "vault")
    return {
        "return_url": context.get("return_url"),
        "cancel_url": context.get("cancel_url"),
        "brand_name": context.get("brand_name"),
        "saves": vault.get("store_in_vault") == "ON_SUCCESS",
        "customer_id": wire.part(source, "attributes", "customer").get("id"),
    }


def _units(units: Any) -> list[Document]:
    if not isinstance(units, list) or not units:
        wire.invalid(_MISSING, "/purchase_units")
    if len(units) > _MOST_UNITS:
        wire.invalid("INVALID_ARRAY_MAX_ITEMS", "/purchase_units")
    read = [_unit(unit, f"/purchase_units/{place}") for place, unit in enumerate(units)]
    references = [unit["reference_id"] for unit in read]
    if len(set(references)) < len(references):
        wire.unprocessable("DUPLICATE_REFERENCE_ID", "/purchase_units")
    return read


def _unit(unit: Any, place: str) -> Document:
    if not isinstance(unit, dict):
        wire.invalid("INVALID_PARAMETER_SYNTAX", place)
    read: Document = {"reference_id": unit.get("reference_id", "default")}
    read["amount"] = money.read(unit.get("amount"), f"{place}/amount")
    for name, longest in _LENGTHS.items():
        if unit.get(name) is None:
            continue
        if not isinstance(unit[name], str) or not 1 <= len(unit[name]) <= longest:
            wire.invalid("INVALID_STRING_LENGTH", f"{place}/{name}")
        read[name] = unit[name]
    if has_captured_invoice(read.get("invoice_id")):
        wire.unprocessable("DUPLICATE_INVOICE_ID", f"{place}/invoice_id")
    return read


def _saved_payer(source: Document) -> Document | None:
    """Find whose saved account is to pay without being asked again, if one is."""
    vault_id = source.get("vault_id")
    if not vault_id:
        return None
    token = here().books.paypal_payment_tokens.get(str(vault_id))
    if token is None:
        wire.unprocessable("TOKEN_ID_NOT_FOUND", "/payment_source/paypal/vault_id")
    payer: Document = token["payer"]
    return payer


def _links(order_id: str, rel: str) -> list[Document]:
    path = f"/v2/checkout/orders/{order_id}"
    return [
        wire.link(path, "self"),
        wire.link(f"/checkoutnow?token={order_id}", rel),
        wire.link(path, "update", "PATCH"),
        wire.link(f"{path}/capture", "capture", "POST"),
    ]


def _shown(order: Document) -> Document:
    """Give all of an order, or as little as PayPal gives unless told otherwise."""
    if wire.wants_all():
        return order
    names = ("id", "status", "payment_source", "links")
    brief = {name: order[name] for name in names if name in order}
    if order["status"] != "COMPLETED":
        return brief
    units = [{n: unit[n] for n in ("reference_id", "payments")} for unit in order["purchase_units"]]
    return brief | {"purchase_units": units, "payer": order["payer"]}


@orders.get("/orders/<order_id>")
def get_order(order_id: str) -> Response:
    """Give one order."""
    return jsonify(wire.find(here().books.paypal_orders, order_id))


@orders.post("/orders/<order_id>/capture")
def capture(order_id: str) -> tuple[Response, int]:
    """Take the money of an approved order, once."""
    order = wire.find(here().books.paypal_orders, order_id)
    if wire.repeated():
        return jsonify(_shown(order)), 200
    wire.body()
    if order["intent"] != "CAPTURE":
        wire.unprocessable("ACTION_DOES_NOT_MATCH_INTENT")
    if order["status"] == "COMPLETED":
        wire.unprocessable("ORDER_ALREADY_CAPTURED")
    if order["status"] != "APPROVED":
        wire.unprocessable("ORDER_NOT_APPROVED")
    if any(has_captured_invoice(unit.get("invoice_id")) for unit in order["purchase_units"]):
        wire.unprocessable("DUPLICATE_INVOICE_ID")
    capture_order(order)
    wire.remember("paypal_orders", order_id)
    return jsonify(_shown(order)), 201
