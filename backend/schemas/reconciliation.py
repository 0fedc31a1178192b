"""The wire format of reconciliation: runs, what they found, and what an admin says to that."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields

from backend.db import Document
from backend.reconciliation_issues import IssueState
from backend.reconciliation_runs import RunState
from backend.reconciliation_values import Kind
from backend.schemas.envelope import listed
from backend.schemas.fields import Moment, PageArguments, Text, Timestamp


class RunRequest(Schema):
    """Which time is to be looked at; nothing said means what was not looked at yet."""

    since = Moment(data_key="from", load_default=None, allow_none=True)
    until = Moment(data_key="to", load_default=None, allow_none=True, is_end=True)


class WindowAnswer(Schema):
    """The time that a run looks at."""

    since = Timestamp(data_key="from", attribute="from")
    until = Timestamp(data_key="to", attribute="to")


class PartAnswer(Schema):
    """What one step has done."""

    checked = fields.Integer()
    recovered = fields.Integer()
    issues = fields.Integer()


class FoundAnswer(Schema):
    """A finding, as its run lists it."""

    id = fields.String()
    kind = fields.String(metadata={"enum": [kind.value for kind in Kind]})
    subject = fields.String()
    message = fields.String()


class CursorAnswer(Schema):
    """The step that a run is at, and where that would go on."""

    step = fields.String()
    at = fields.String()


class RunAnswer(Schema):
    """The report of a run; it lists its first hundred findings and counts all."""

    id = fields.String(attribute="_id")
    state = fields.String(metadata={"enum": [state.value for state in RunState]})
    window = fields.Nested(WindowAnswer)
    started_at = Timestamp()
    finished_at = Timestamp(allow_none=True)
    cursor = fields.Nested(CursorAnswer)
    checked = fields.Integer()
    recovered = fields.Integer()
    issues = fields.List(fields.Nested(FoundAnswer))
    issues_total = fields.Integer()
    parts = fields.Dict(keys=fields.String(), values=fields.Nested(PartAnswer))
    done = fields.List(fields.String())
    failed = fields.List(fields.String())
    error = fields.String(allow_none=True)


class IssueArguments(PageArguments):
    """Which issues are wanted, and which page of them."""

    state = fields.Enum(IssueState, by_value=True, load_default=None)


class IssueAnswer(FoundAnswer):
    """A finding with its age and what became of it; `facts` has amounts in minor units."""

    id = fields.String(attribute="_id")
    state = fields.String(metadata={"enum": [state.value for state in IssueState]})
    facts = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    first_seen = Timestamp()
    last_seen = Timestamp()
    age_seconds = fields.Integer()
    times_seen = fields.Integer()
    resolved_at = Timestamp(allow_none=True)
    resolved_by = fields.String(allow_none=True)
    resolution_reason = fields.String(allow_none=True)


class OverviewAnswer(listed(RunAnswer)):  # type: ignore[misc]
    """A page of runs, and the newest of all open issues."""

    issues = fields.List(fields.Nested(IssueAnswer))
    issues_total = fields.Integer()


class IssueResolveRequest(Schema):
    """Why an issue needs no more looking after."""

    reason = Text(longest=500, required=True)


def wire_issue(document: Document) -> dict[str, Any]:
    """Show an issue with its age: until it was resolved, or until now."""
    end = document["resolved_at"] or datetime.now(UTC)
    age = max(0, int((end - document["first_seen"]).total_seconds()))
    return document | {"age_seconds": age}
