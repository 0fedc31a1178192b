"""Puts the look-alikes of all providers into one Flask application."""

import time
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from backend.sandbox.control_faults import fault_controls
from backend.sandbox.control_paypal import paypal_controls
from backend.sandbox.control_razorpay import razorpay_controls
from backend.sandbox.control_twilio import twilio_controls
from backend.sandbox.control_webhooks import webhook_controls
from backend.sandbox.control_whatsapp import whatsapp_controls
from backend.sandbox.dashboard import dashboard
from backend.sandbox.fault_bodies import default_body, provider_of
from backend.sandbox.paypal_notifications import certificates, notifications
from backend.sandbox.paypal_oauth import oauth
from backend.sandbox.paypal_orders import orders as paypal_orders
from backend.sandbox.paypal_pages import pages as paypal_pages
from backend.sandbox.paypal_payments import payments as paypal_payments
from backend.sandbox.paypal_reporting import reporting
from backend.sandbox.paypal_vault import vault
from backend.sandbox.razorpay_customers import customers
from backend.sandbox.razorpay_disputes import disputes
from backend.sandbox.razorpay_orders import orders
from backend.sandbox.razorpay_payments import payments
from backend.sandbox.razorpay_public import public
from backend.sandbox.razorpay_qr import qr_codes
from backend.sandbox.razorpay_recurring import recurring
from backend.sandbox.razorpay_refunds import refunds
from backend.sandbox.razorpay_settlements import settlements
from backend.sandbox.state import Sandbox, here
from backend.sandbox.twilio_api import twilio
from backend.sandbox.whatsapp_api import whatsapp

_BLUEPRINTS = (
    *(orders, payments, recurring, refunds, customers, settlements, disputes, qr_codes, public),
    *(oauth, paypal_orders, paypal_payments, vault, certificates, notifications, paypal_pages, reporting),
    *(whatsapp, twilio, dashboard),
    *(razorpay_controls, paypal_controls, twilio_controls, whatsapp_controls),
    *(fault_controls, webhook_controls),
)
_UNLOCKED = {webhook_controls.name}
_LARGEST_BODY = 1_000_000


class SandboxApp(Flask):
    """An application whose views run one at a time, except those that wait for the shop."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view under the lock, and let go of its idempotency key."""
        try:
            if request.blueprint in _UNLOCKED:
                return super().dispatch_request()
            with here().books.lock:
                return super().dispatch_request()
        finally:
            here().in_flight.release()


def create_sandbox(sandbox: Sandbox) -> Flask:
    """Make the application."""
    app = SandboxApp("backend.sandbox", static_folder=None)
    app.extensions["sandbox"] = sandbox
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_release)
    app.register_error_handler(HTTPException, _answer_http_error)
    return app


def _begin() -> ResponseReturnValue | None:
    g.started = time.monotonic()
    sandbox = here()
    if not sandbox.in_flight.claim(request):
        return _still_working()
    if request.path.startswith("/sandbox"):
        return None
    return sandbox.faults.before(sandbox.stopping)


def _end(response: Response) -> Response:
    sandbox = here()
    response = sandbox.faults.after(response, sandbox.stopping)
    if not request.path.startswith("/sandbox"):
        sandbox.books.requests.append(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query_string.decode(),
                "provider": provider_of(request.path),
                "status": None if g.get("hung_up") else response.status_code,
                "seconds": round(time.monotonic() - g.started, 3),
                "at": time.time(),
            }
        )
    return response


def _release(_: BaseException | None) -> None:
    here().in_flight.release()


def _still_working() -> tuple[Response, int]:
    if provider_of(request.path) != "paypal":
        words = "Another request with the same idempotency key is still in progress. Try again later."
        return jsonify({"error": {"code": "BAD_REQUEST_ERROR", "description": words, "metadata": {}}}), 409
    issue = "PREVIOUS_REQUEST_IN_PROGRESS"
    words = "A previous request on this resource is currently in progress."
    detail = {"issue": issue, "description": words}
    return jsonify({"name": "RESOURCE_CONFLICT", "message": words, "details": [detail], "links": []}), 409


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    """Let an unknown path or a wrong method fail in its provider's words."""
    status = error.code or 500
    provider = provider_of(request.path)
    said: dict[str, Any] = default_body(provider, status)
    if provider == "razorpay":
        said["error"]["description"] = "The requested URL was not found on the server."
    return jsonify(said or {"error": error.description}), status
