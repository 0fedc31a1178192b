"""What only admins may see over HTTP."""

from typing import Any

from backend.access import admin_only
from backend.blueprint import Blueprint
from backend.schemas.admin import LedgerReportAnswer
from backend.services import services

admin = Blueprint("admin", __name__, url_prefix="/api/admin", description="Administration")


@admin.route("/ledger/verify")
@admin_only
@admin.response(200, LedgerReportAnswer)
def verify_ledger() -> dict[str, Any]:
    """Prove that the books balance, or name the first thing that does not."""
    return {"status": "success", "data": services().verifier.run()}
