"""Where admins see what reconciliation has found, start it, and settle its issues."""

from typing import Any

from backend.access import admin_only, caller
from backend.blueprint import Blueprint
from backend.idempotency import HEADER_DOC, idempotent
from backend.reconciliation import Wanted
from backend.reconciliation_issues import IssueState
from backend.schemas.envelope import enveloped, listed
from backend.schemas.fields import PageArguments
from backend.schemas.reconciliation import (
    IssueAnswer,
    IssueArguments,
    IssueResolveRequest,
    OverviewAnswer,
    RunAnswer,
    RunRequest,
    wire_issue,
)
from backend.services import services

reconciliation = Blueprint(
    "reconciliation", __name__, url_prefix="/api/admin/reconciliation", description="Reconciliation"
)

NEWEST_ISSUES = 50


@reconciliation.route("")
@admin_only
@reconciliation.arguments(PageArguments, location="query")
@reconciliation.response(200, OverviewAnswer)
def overview(page: dict[str, int]) -> dict[str, Any]:
    """List runs, newest first, and what is open."""
    runs, total = services().reconciliation.page(**page)
    found, open_total = services().reconciliation.issues(state=IssueState.OPEN, limit=NEWEST_ISSUES, skip=0)
    issues = [wire_issue(document) for document in found]
    return {"status": "success", "data": runs, "total": total, "issues": issues, "issues_total": open_total}


@reconciliation.route("/issues")
@admin_only
@reconciliation.arguments(IssueArguments, location="query")
@reconciliation.response(200, listed(IssueAnswer))
def issues(arguments: dict[str, Any]) -> dict[str, Any]:
    """List issues, newest first."""
    found, total = services().reconciliation.issues(**arguments)
    return {"status": "success", "data": [wire_issue(document) for document in found], "total": total}


@reconciliation.route("/run", methods=["POST"])
@reconciliation.doc(parameters=[HEADER_DOC])
@admin_only
@idempotent
@reconciliation.arguments(RunRequest)
@reconciliation.response(200, enveloped(RunAnswer))
def run(body: dict[str, Any]) -> dict[str, Any]:
    """Hold gateways, bank and books against each other now, and report."""
    wanted = Wanted(**body) if any(body.values()) else None
    return {"status": "success", "data": services().reconciliation.run(wanted)}


@reconciliation.route("/<string:run_id>")
@admin_only
@reconciliation.response(200, enveloped(RunAnswer))
def show(run_id: str) -> dict[str, Any]:
    """Show the report of a run."""
    return {"status": "success", "data": services().reconciliation.get(run_id)}


@reconciliation.route("/issues/<string:issue_id>/resolve", methods=["POST"])
@admin_only
@reconciliation.arguments(IssueResolveRequest)
@reconciliation.response(200, enveloped(IssueAnswer))
def resolve(body: dict[str, str], issue_id: str) -> dict[str, Any]:
    """Settle an issue with a reason."""
    settled = services().reconciliation.resolve(issue_id, **body, admin_id=caller().customer_id)
    return {"status": "success", "data": wire_issue(settled)}
