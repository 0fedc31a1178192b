"""PayPal's own pages, where a payer approves or cancels."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, abort, redirect, render_template_string, request
from flask.typing import ResponseReturnValue

from backend.sandbox import paypal_cashier as cashier
from backend.sandbox.books import Document
from backend.sandbox.state import here

pages = Blueprint("paypal_pages", __name__)

_PAGE = (Path(__file__).parent / "pages" / "paypal.html").read_text()
_OPEN = ("CREATED", "PAYER_ACTION_REQUIRED")


@pages.get("/checkoutnow")
def show_order() -> ResponseReturnValue:
    """Show an order to its payer."""
    order = _order()
    lines = [f"{u['amount']['currency_code']} {u['amount']['value']}" for u in order["purchase_units"]]
    brand = here().books.paypal_pages[order["id"]].get("brand_name") or "the shop"
    return _shown(f"Pay {brand}", lines, is_done=not is_open(order))


@pages.post("/checkoutnow")
def answer_order() -> ResponseReturnValue:
    """Take the payer's answer and send the browser back to the shop."""
    order = _order()
    if not is_open(order):
        abort(409, "this order is no longer open")
    return _back(decide_order(order, is_approved=request.form.get("answer") == "approve"))


@pages.get("/agreements/approve")
def show_setup() -> ResponseReturnValue:
    """Ask whether an account may be saved."""
    token = _setup()
    is_done = token["status"] != "PAYER_ACTION_REQUIRED"
    return _shown("Save your PayPal account with the shop", [], is_done=is_done)


@pages.post("/agreements/approve")
def answer_setup() -> ResponseReturnValue:
    """Take the payer's answer and send the browser back to the shop."""
    return _back(decide_setup(_setup(), is_approved=request.form.get("answer") == "approve"))


def is_open(order: Document) -> bool:
    """Tell whether the payer can still decide."""
    return order["status"] in _OPEN


def decide_order(order: Document, *, is_approved: bool) -> str | None:
    """Approve or leave an order, and give the address to go to."""
    page = here().books.paypal_pages[order["id"]]
    if not is_approved:
        return _with(page.get("cancel_url"), token=order["id"])
    cashier.approve(order)
    return _with(page.get("return_url"), token=order["id"], PayerID=order["payer"]["payer_id"])


def decide_setup(token: Document, *, is_approved: bool) -> str | None:
    """Let an account be saved or not, and give the address to go to."""
    page = here().books.paypal_pages[token["id"]]
    if is_approved and token["status"] == "PAYER_ACTION_REQUIRED":
        token.update(status="APPROVED", payer=cashier.new_payer())
    url = page.get("return_url" if is_approved else "cancel_url")
    return _with(url, approval_token_id=token["id"], approval_session_id=token["id"])


def _order() -> Document:
    return here().books.paypal_orders.get(request.args.get("token", "")) or abort(404)


def _setup() -> Document:
    wanted = request.args.get("approval_session_id", "")
    return here().books.paypal_setup_tokens.get(wanted) or abort(404)


def _shown(title: str, lines: list[str], *, is_done: bool) -> str:
    return render_template_string(_PAGE, title=title, lines=lines, is_done=is_done)


def _back(url: str | None) -> ResponseReturnValue:
    return redirect(url, 303) if url else Response("Done. The shop gave no address to return to.")


def _with(url: str | None, **values: str) -> str | None:
    """Add what PayPal adds to the shop's address."""
    if not url:
        return None
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return urlunsplit(parts._replace(query=query))
