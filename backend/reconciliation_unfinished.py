"""The first part of reconciliation: asks about everything that has not ended."""

from collections.abc import Iterator

from backend.payment_sweep import PaymentSweep
from backend.reconciliation_values import Finding, Kind, Progress, Run


class Unfinished:
    """Payments, refunds, messages and holds that are still open; taken up again, it starts afresh."""

    name = "unfinished"
    surveys = frozenset({Kind.UNFINISHED})

    def __init__(self, sweep: PaymentSweep) -> None:
        self._sweep = sweep

    def run(self, run: Run, cursor: str | None) -> Iterator[Progress]:
        """Look once; what has ended meanwhile is not looked at again."""
        report = self._sweep.run(quiet=run.min_age)
        findings = tuple(
            Finding(
                kind=Kind.UNFINISHED,
                subject=issue["id"],
                message=issue["message"],
                facts={"code": issue["code"]},
            )
            for issue in report.issues
        )
        yield Progress(checked=report.checked, recovered=report.recovered, findings=findings)
