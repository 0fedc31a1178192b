"""The last part of reconciliation: whether all that we have written down fits together."""

from collections.abc import Iterator
from datetime import datetime

import pymongo
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.read_concern import ReadConcern

from backend.db import LONG_READ_SECONDS, Document
from backend.ledger.verify import LedgerVerifier
from backend.reconciliation_checks import CHECKS, Check
from backend.reconciliation_values import Finding, Kind, Progress, Run

BATCH = 1000
AT_ONE_MOMENT = ReadConcern("snapshot")


class LedgerBooks:
    """Wallets against entries, the chain, and all accounts against zero."""

    name = "ledger"
    surveys = frozenset({Kind.LEDGER_BROKEN})

    def __init__(self, verifier: LedgerVerifier) -> None:
        self._verifier = verifier

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Walk through all the books."""
        report = self._verifier.run()
        findings = tuple(
            Finding(
                kind=Kind.LEDGER_BROKEN,
                subject=f"{problem.customer_id}:{problem.entry_id or ''}",
                message=problem.what,
                facts={"seq": problem.seq},
            )
            for problem in report.problems
        )
        yield Progress(checked=report.wallets, findings=findings)


class MoneyBooks:
    """Captures, payments, orders, refunds and wallets against each other, a batch of rows at a time."""

    name = "books"
    surveys = frozenset(check.kind for check in CHECKS)

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._client = database.client

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Ask every question of every row that is old enough; a cursor is a question and a row."""
        number_text, _, after = (cursor or "0:").partition(":")
        before = run.started_at - run.min_age
        for number in range(int(number_text), len(CHECKS)):
            yield from self._asked(number, after, before)
            after = ""

    def _asked(self, number: int, after: str, before: datetime) -> Iterator[Progress]:
        """Ask one question of all rows, in order of their ids."""
        check = CHECKS[number]
        while True:
            ids = self._ids_after(check, after)
            if not ids:
                return
            where: Document = {"_id": {"$gte": ids[0], "$lte": ids[-1]}}
            if check.waits:
                where["created_at"] = {"$lt": before}
            with pymongo.timeout(LONG_READ_SECONDS):
                suspects = list(check.broken(self._database, where))
            findings = tuple(finding for one in suspects for finding in self._confirmed(check, one))
            after = ids[-1]
            yield Progress(checked=len(ids), findings=findings, cursor=f"{number}:{after}")
            if len(ids) < BATCH:
                return

    def _ids_after(self, check: Check, after: str) -> list[str]:
        found = self._database[check.collection].find({"_id": {"$gt": after}}, {"_id": 1})
        return [row["_id"] for row in found.sort("_id", ASCENDING).limit(BATCH)]

    def _confirmed(self, check: Check, suspect: Finding) -> list[Finding]:
        """Ask again about one row, as everything was at one moment: traffic can look like a fault."""
        with self._client.start_session() as session, session.start_transaction(AT_ONE_MOMENT):
            return list(check.broken(self._database, {"_id": suspect.subject}, session))
