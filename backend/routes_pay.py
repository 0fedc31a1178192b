"""The page on which a customer pays at a gateway that has no page of its own, and the way back to it."""

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for

from backend import pay_page
from backend.errors import AppError, Invalid
from backend.gateways.errors import InvalidSignature
from backend.payment_values import Payment
from backend.services import services
from backend.wire import load_json

pay = Blueprint("pay", __name__, url_prefix="/pay")

RESULT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
# Banks open windows of their own and answer through them; gateways ask which shop a payment comes from.
FOR_WINDOWS = {"Cross-Origin-Opener-Policy": "same-origin-allow-popups", "Referrer-Policy": "origin"}


@pay.get("/<string:payment_id>")
def page(payment_id: str) -> Any:
    """Open the gateway's window, go to its own page, or say what became of the payment."""
    payment = services().payments.get(payment_id, owner_id=None)
    script = pay_page.script_of(payment)
    if not pay_page.is_payable(payment):
        return _result(pay_page.result_of(payment))
    if script is None:
        return redirect(payment.attempt.checkout_url or _shop_url())
    nonce = secrets.token_urlsafe(16)
    response = make_response(
        render_template(
            "pay.html",
            script=script,
            nonce=nonce,
            options=pay_page.options_of(payment),
            amount=pay_page.due_of(payment),
            description=pay_page.description_of(payment),
            order_id=payment.order_id,
            reference=payment.id,
            shop_url=_shop_url(),
            return_path=url_for("pay.come_back", payment_id=payment.id),
        )
    )
    response.headers.update({"Content-Security-Policy": pay_page.policy_of(script, nonce)} | FOR_WINDOWS)
    return response


@pay.post("/<string:payment_id>/return")
def come_back(payment_id: str) -> Response:
    """Take what the gateway's window gave the browser; its signature is all the proof there is."""
    payment = services().payments.get(payment_id, owner_id=None)
    if request.is_json:
        found = _verified(payment, load_json(request.get_data(cache=True)))
        return jsonify(success=True, payment_order_id=found.id, status=found.status.value)
    try:
        return _result(pay_page.result_of(_verified(payment, request.form)))
    except AppError as error:
        return _result(pay_page.problem_of(payment, error), status=error.status)


def _verified(payment: Payment, sent: Any) -> Payment:
    """Prove that this payment is paid, with the gateway's ids and signature."""
    if not isinstance(sent, dict):
        raise Invalid("Send what the payment window gave.")
    order_id, id_, signature = (
        sent.get(f"razorpay_{name}") for name in ("order_id", "payment_id", "signature")
    )
    if not isinstance(id_, str) or not isinstance(signature, str) or not id_ or not signature:
        raise Invalid("Send what the payment window gave.")
    if order_id not in {attempt.gateway_order_id for attempt in payment.attempts}:
        raise InvalidSignature("This belongs to another payment.")
    return services().payments.verify_payment(
        payment.id, owner_id=None, gateway_payment_id=id_, signature=signature
    )


def _result(result: pay_page.Result, *, status: int = 200) -> Response:
    shown = render_template(
        "pay_result.html", result=result, reference=result.reference, shop_url=_shop_url()
    )
    response = make_response(shown, status)
    response.headers["Content-Security-Policy"] = RESULT_POLICY
    return response


def _shop_url() -> str:
    """Tell where the shop begins, for a customer who is done here."""
    return f"{services().settings.public_url}/"
