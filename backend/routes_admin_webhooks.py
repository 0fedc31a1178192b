"""Where admins say which of the shop's own systems hear of events, and see what was sent to them."""

from datetime import timedelta
from typing import Any

from backend.access import admin_only
from backend.blueprint import Blueprint
from backend.schemas.admin_payments import wire_row
from backend.schemas.admin_webhooks import (
    DeliveryAnswer,
    DeliveryArguments,
    EndpointAnswer,
    EndpointChanges,
    EndpointRequest,
    NewEndpointAnswer,
    PingAnswer,
    RotationRequest,
)
from backend.schemas.envelope import enveloped, listed
from backend.schemas.errors import ErrorAnswer
from backend.schemas.fields import PageArguments
from backend.services import services

admin_webhooks = Blueprint(
    "admin_webhooks", __name__, url_prefix="/api/admin", description="Webhooks to the shop's own systems"
)


@admin_webhooks.route("/webhook-endpoints", methods=["POST"])
@admin_only
@admin_webhooks.arguments(EndpointRequest)
@admin_webhooks.response(201, enveloped(NewEndpointAnswer))
def create_endpoint(body: dict[str, Any]) -> dict[str, Any]:
    """Add an endpoint; its secret is in this answer and in no later one."""
    created = services().webhook_endpoints.create(**body)
    return {"status": "success", "data": wire_row(NewEndpointAnswer, created)}


@admin_webhooks.route("/webhook-endpoints")
@admin_only
@admin_webhooks.arguments(PageArguments, location="query")
@admin_webhooks.response(200, listed(EndpointAnswer))
def endpoints(page: dict[str, int]) -> dict[str, Any]:
    """List the endpoints that were not deleted, newest first."""
    found, total = services().webhook_endpoints.page(**page)
    data = [wire_row(EndpointAnswer, row) for row in found]
    return {"status": "success", "data": data, "total": total}


@admin_webhooks.route("/webhook-endpoints/<string:endpoint_id>")
@admin_only
@admin_webhooks.response(200, enveloped(EndpointAnswer))
def endpoint(endpoint_id: str) -> dict[str, Any]:
    """Show an endpoint, be it deleted or not."""
    found = services().webhook_endpoints.get(endpoint_id)
    return {"status": "success", "data": wire_row(EndpointAnswer, found)}


@admin_webhooks.route("/webhook-endpoints/<string:endpoint_id>", methods=["PATCH"])
@admin_only
@admin_webhooks.arguments(EndpointChanges)
@admin_webhooks.response(200, enveloped(EndpointAnswer))
def change_endpoint(body: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Change what is given; an endpoint that is enabled again gets what has waited, in order."""
    changed = services().webhook_endpoints.update(endpoint_id, body)
    return {"status": "success", "data": wire_row(EndpointAnswer, changed)}


@admin_webhooks.route("/webhook-endpoints/<string:endpoint_id>", methods=["DELETE"])
@admin_only
@admin_webhooks.response(200, enveloped(EndpointAnswer))
def delete_endpoint(endpoint_id: str) -> dict[str, Any]:
    """Send nothing to this endpoint any more; it and what was sent to it can still be looked at."""
    deleted = services().webhook_endpoints.delete(endpoint_id)
    return {"status": "success", "data": wire_row(EndpointAnswer, deleted)}


@admin_webhooks.route("/webhook-endpoints/<string:endpoint_id>/rotate-secret", methods=["POST"])
@admin_only
@admin_webhooks.arguments(RotationRequest)
@admin_webhooks.response(200, enveloped(NewEndpointAnswer))
def rotate_secret(body: dict[str, int], endpoint_id: str) -> dict[str, Any]:
    """Make a new secret; the old ones sign too for some hours, or end at once with `grace_hours` 0."""
    grace = timedelta(hours=body["grace_hours"])
    rotated = services().webhook_endpoints.rotate_secret(endpoint_id, grace=grace)
    return {"status": "success", "data": wire_row(NewEndpointAnswer, rotated)}


@admin_webhooks.route("/webhook-endpoints/<string:endpoint_id>/test", methods=["POST"])
@admin_only
@admin_webhooks.response(200, enveloped(PingAnswer))
def ping_endpoint(endpoint_id: str) -> dict[str, Any]:
    """Send a `ping` now and tell what came of it; it has no place in the order of the others."""
    reply = services().merchant_webhooks.ping(endpoint_id)
    data = {
        "delivered": reply.is_ok,
        "status": reply.status,
        "error": reply.error,
        "milliseconds": reply.milliseconds,
        "response": reply.excerpt,
    }
    return {"status": "success", "data": data}


@admin_webhooks.route("/webhook-endpoints/<string:endpoint_id>/deliveries")
@admin_only
@admin_webhooks.arguments(DeliveryArguments, location="query")
@admin_webhooks.response(200, listed(DeliveryAnswer))
def deliveries(arguments: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """List what was sent to an endpoint and what waits for it, newest first."""
    found, total = services().merchant_webhooks.page(endpoint_id, **arguments)
    data = [wire_row(DeliveryAnswer, row) for row in found]
    return {"status": "success", "data": data, "total": total}


@admin_webhooks.route("/webhook-deliveries/<string:delivery_id>/resend", methods=["POST"])
@admin_only
@admin_webhooks.response(202, enveloped(DeliveryAnswer))
@admin_webhooks.alt_response(409, schema=ErrorAnswer, description="The endpoint is disabled or deleted")
def resend(delivery_id: str) -> dict[str, Any]:
    """Send a message once more as it was, under the same id, before all that still wait."""
    row = services().merchant_webhooks.resend(delivery_id)
    return {"status": "success", "data": wire_row(DeliveryAnswer, row)}
