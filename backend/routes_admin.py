"""What only admins may see over HTTP."""

from typing import Any

from backend.access import admin_only
from backend.blueprint import Blueprint
from backend.jobs import JOBS
from backend.schemas.admin import JobsAnswer, LedgerReportAnswer
from backend.services import services

admin = Blueprint("admin", __name__, url_prefix="/api/admin", description="Administration")


@admin.route("/ledger/verify")
@admin_only
@admin.response(200, LedgerReportAnswer)
def verify_ledger() -> dict[str, Any]:
    """Prove that the books balance, or name the first thing that does not."""
    return {"status": "success", "data": services().verifier.run()}


@admin.route("/jobs")
@admin_only
@admin.response(200, JobsAnswer)
def jobs() -> dict[str, Any]:
    """Tell of each background job when it ran, succeeded and failed last."""
    found = services().job_slots.report(JOBS)
    intervals = {name: job.interval.total_seconds() for name, job in JOBS.items()}
    return {
        "status": "success",
        "data": [row | {"interval_seconds": intervals[row["name"]]} for row in found],
    }
