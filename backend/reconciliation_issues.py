"""The findings of all runs: each once, with its age, until it is gone or an admin has settled it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum

from pymongo import DESCENDING, ReturnDocument
from pymongo.database import Database

from backend.db import Document
from backend.errors import Conflict, NotFound
from backend.reconciliation_values import Finding, Kind, Run

BY_ITSELF = "reconciliation"  # Who resolved what a run has not found again.
NEWEST_ISSUE = [("first_seen", DESCENDING), ("_id", DESCENDING)]


class IssueState(StrEnum):
    """Where an issue stands."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


OPEN = {"state": IssueState.OPEN.value}


class IssueNotFound(NotFound):
    """There is no such issue."""

    code, message = "ISSUE_NOT_FOUND", "There is no such issue."


class ReconciliationIssues:
    """The rows of `reconciliation_issues`."""

    def __init__(self, database: Database[Document]) -> None:
        self._issues = database["reconciliation_issues"]

    def note(self, findings: Iterable[Finding], run: Run) -> tuple[Finding, ...]:
        """Open what is new, date what is known, and give what this run has not met before.

        What an admin has settled stays so while it is the same.
        """
        return tuple(finding for finding in findings if self._is_new_to(run, finding))

    def _is_new_to(self, run: Run, finding: Finding) -> bool:
        known = self._issues.find_one_and_update(
            {"_id": finding.id}, _noted(finding, run), projection={"last_run": 1}, upsert=True
        )
        return known is None or known["last_run"] != run.id

    def unseen(self, kinds: Iterable[Kind], *, since: datetime) -> Iterator[Document]:
        """Go through the open issues of some kinds that were not found again."""
        yield from self._issues.find(_unseen(kinds, since))

    def gone(self, kinds: Iterable[Kind], *, since: datetime) -> None:
        """Close the open issues of some kinds that were not found again."""
        self._issues.update_many(_unseen(kinds, since), [{"$set": _gone()}])

    def closed(self, kind: Kind, subject: str) -> None:
        """Close one issue, if it is open: it is no more."""
        finding = Finding(kind=kind, subject=subject, message="")
        self._issues.update_one({"_id": finding.id, **OPEN}, [{"$set": _gone()}])

    def resolve(self, issue_id: str, *, reason: str, admin_id: str) -> Document:
        """Let an admin settle an issue."""
        settled = {
            "state": IssueState.RESOLVED.value,
            "resolved_at": datetime.now(UTC),
            "resolved_by": admin_id,
            "resolution_reason": reason,
        }
        document = self._issues.find_one_and_update(
            {"_id": issue_id, **OPEN}, {"$set": settled}, return_document=ReturnDocument.AFTER
        )
        if document is None:
            found = self._issues.find_one({"_id": issue_id})
            if found is None:
                raise IssueNotFound
            raise Conflict("This was resolved before.", resolved_by=found["resolved_by"])
        return document

    def page(self, *, state: IssueState | None, limit: int, skip: int) -> tuple[list[Document], int]:
        """List issues, newest first, and say how many there are."""
        query = {"state": state.value} if state else {}
        found = self._issues.find(query, sort=NEWEST_ISSUE, skip=skip, limit=limit)
        return list(found), self._issues.count_documents(query)


def _unseen(kinds: Iterable[Kind], since: datetime) -> Document:
    return {**OPEN, "kind": {"$in": [kind.value for kind in kinds]}, "last_seen": {"$lt": since}}


def _gone() -> Document:
    return {
        "state": IssueState.RESOLVED.value,
        "resolved_at": "$$NOW",
        "resolved_by": BY_ITSELF,
        "resolution_reason": "It was looked for, and is no more.",
    }


def _noted(finding: Finding, run: Run) -> list[Document]:
    """Write a finding on the server's clock."""
    facts = {"$literal": dict(finding.facts)}
    is_settled = {
        "$and": [
            {"$eq": ["$state", IssueState.RESOLVED.value]},
            {"$ne": ["$resolved_by", BY_ITSELF]},
            {"$eq": ["$facts", facts]},
        ]
    }
    kept = {
        name: {"$cond": [is_settled, f"${name}", None]}
        for name in ("resolved_at", "resolved_by", "resolution_reason")
    }
    state = {"$cond": [is_settled, IssueState.RESOLVED.value, IssueState.OPEN.value]}
    changes = {
        "state": state,
        **kept,
        "kind": finding.kind.value,
        "subject": {"$literal": finding.subject},
        "message": {"$literal": finding.message},
        "facts": facts,
        "first_seen": {"$ifNull": ["$first_seen", "$$NOW"]},
        "last_seen": "$$NOW",
        "last_run": run.id,
        "times_seen": {"$add": [{"$ifNull": ["$times_seen", 0]}, 1]},
    }
    return [{"$set": changes}]
