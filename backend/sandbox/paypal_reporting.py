"""PayPal's Transaction Search, version 1: everything that changed the account's balance."""

from datetime import datetime, timedelta
from decimal import Decimal

from flask import Response, jsonify, request

from backend.sandbox import paypal_money as money
from backend.sandbox import paypal_wire as wire
from backend.sandbox.books import Document
from backend.sandbox.paypal_cashier import capture_of
from backend.sandbox.state import here

reporting = wire.paypal_blueprint("paypal_reporting", "/v1/reporting")

_LONGEST = timedelta(days=31)
_LARGEST_PAGE, _USUAL_PAGE = 500, 100
_CAPTURE_STATUSES = {"COMPLETED": "S", "PARTIALLY_REFUNDED": "S", "REFUNDED": "V", "PENDING": "P"}
_REFUND_STATUSES = {"COMPLETED": "S", "PENDING": "P"}


@reporting.get("/transactions")
def list_transactions() -> Response:
    """List the transactions of at most 31 days, one page of them."""
    start, end = _moment("start_date"), _moment("end_date")
    if end < start or end - start > _LONGEST:
        wire.invalid("INVALID_DATE_RANGE", "end_date")
    size = _number("page_size", _USUAL_PAGE, most=_LARGEST_PAGE)
    page = _number("page", 1, most=2**31 - 1)
    found = [row for row in _rows() if start <= _read(row["transaction_initiation_date"]) <= end]
    if len(found) > int(here().books.settings["paypal_most_results"]):
        raise wire.PayPalError(400, "RESULTSET_TOO_LARGE")
    shown = found[(page - 1) * size : page * size]
    return jsonify(
        {
            "transaction_details": [{"transaction_info": row} for row in shown],
            "start_date": request.args["start_date"],
            "end_date": request.args["end_date"],
            "last_refreshed_datetime": wire.now(),
            "page": page,
            "total_items": len(found),
            "total_pages": -(-len(found) // size),
            "links": [wire.link(request.full_path, "self")],
        }
    )


def _rows() -> list[Document]:
    books = here().books
    captured = [_capture_row(c) for c in books.paypal_captures.values() if c["status"] in _CAPTURE_STATUSES]
    given = [_refund_row(r) for r in books.paypal_refunds.values() if r["status"] in _REFUND_STATUSES]
    return sorted([*captured, *given], key=lambda row: str(row["transaction_initiation_date"]))


def _capture_row(capture: Document) -> Document:
    currency = capture["amount"]["currency_code"]
    fee = money.number(money.breakdown(capture["amount"])["paypal_fee"])
    related = capture["supplementary_data"]["related_ids"]
    return {
        **_row(capture, "T0006", _CAPTURE_STATUSES[capture["status"]], money.number(capture["amount"])),
        "fee_amount": money.of(-fee, currency),
        "paypal_reference_id": related["order_id"],
        "paypal_reference_id_type": "ODR",
    }


def _refund_row(refund: Document) -> Document:
    code = "T1106" if refund.get("note_to_payer") == "Payment reversed" else "T1107"
    return {
        **_row(refund, code, _REFUND_STATUSES[refund["status"]], -money.number(refund["amount"])),
        "paypal_reference_id": capture_of(refund)["id"],
        "paypal_reference_id_type": "TXN",
    }


def _row(entity: Document, code: str, status: str, value: Decimal) -> Document:
    return {
        "transaction_id": entity["id"],
        "transaction_event_code": code,
        "transaction_initiation_date": entity["create_time"],
        "transaction_updated_date": entity["update_time"],
        "transaction_amount": money.of(value, entity["amount"]["currency_code"]),
        "transaction_status": status,
        **({"custom_field": entity["custom_id"]} if "custom_id" in entity else {}),
        **({"invoice_id": entity["invoice_id"]} if "invoice_id" in entity else {}),
        "protection_eligibility": "02",
    }


def _moment(name: str) -> datetime:
    text = request.args.get(name)
    if not text:
        wire.invalid("MISSING_REQUIRED_PARAMETER", name)
    return _read(text, name)


def _read(text: str, name: str = "") -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wire.invalid("INVALID_PARAMETER_SYNTAX", name)
    if moment.tzinfo is None:
        wire.invalid("INVALID_PARAMETER_SYNTAX", name)
    return moment


def _number(name: str, default: int, *, most: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        wire.invalid("INVALID_PARAMETER_VALUE", name)
    return int(text)
