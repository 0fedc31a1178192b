"""Finds out whether everybody tells the same about the shop's money: gateways, bank and our own books."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from pymongo.errors import ConnectionFailure

from backend.attempts import BrokenOff, foreseen
from backend.db import Document
from backend.errors import AppError, Conflict, Invalid
from backend.gateways.errors import GatewayError
from backend.gateways.listing import Window
from backend.gateways.registry import Gateways
from backend.reconciliation_issues import IssueState, ReconciliationIssues
from backend.reconciliation_payments import why
from backend.reconciliation_runs import ReconciliationRuns, RunLost
from backend.reconciliation_values import QUIET, Finding, Kind, Progress, Run, Step

log = logging.getLogger(__name__)

OVERLAP = timedelta(days=1)  # Gateways list and settle late, and a clock may be off.
FIRST_LOOK = timedelta(days=7)
LONGEST_WINDOW = timedelta(days=366)
LISTS = ("payments", "refunds", "settlements")

Look = Callable[[str], Finding | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to be looked at; nothing said means what was not looked at yet."""

    since: datetime | None = None
    until: datetime | None = None
    min_age: timedelta = QUIET


class Stopped(Exception):
    """The run was told to stop; another one goes on."""


class Reconciliation:
    """Runs all parts, one step after the other.

    Any number of runs may be at work at once: what each step does is done once only, by guards of its
    own. A run whose process has died is taken up by the next one, at the step and the page it had reached.
    """

    def __init__(
        self,
        *,
        runs: ReconciliationRuns,
        issues: ReconciliationIssues,
        gateways: Gateways,
        steps: Sequence[Step],
        looks: Mapping[Kind, Look],
        interval: timedelta,
    ) -> None:
        self._runs = runs
        self._issues = issues
        self._gateways = gateways
        self._steps = steps
        self._looks = looks
        self._interval = interval

    def run(self, wanted: Wanted | None = None) -> Document:
        """Finish a run that was abandoned, or else do a new one, and give its report.

        Whoever wants something in particular gets just that.
        """
        run = self._runs.take_over() if wanted is None else None
        return self._carried_out(run or self._begun(wanted or Wanted()))

    def run_due(self, *, go_on: Callable[[], bool] = lambda: True) -> Document | None:
        """Do what is due, if nobody else is at it: one run an interval, and what was abandoned.

        A run that is told to stop is left to the next one, where it is.
        """
        run = self._runs.take_over()
        if run is None:
            slot = f"due-{int(self._runs.now().timestamp() // self._interval.total_seconds())}"
            run = self._runs.begin_due(self._window(Wanted()), slot=slot)
        return self._carried_out(run, go_on) if run else None

    def get(self, run_id: str) -> Document:
        """Show the report of a run."""
        return self._runs.get(run_id)

    def page(self, *, limit: int, skip: int) -> tuple[list[Document], int]:
        """List reports, newest first, and say how many there are."""
        return self._runs.page(limit=limit, skip=skip)

    def issues(self, *, state: IssueState | None, limit: int, skip: int) -> tuple[list[Document], int]:
        """List issues, newest first, and say how many there are."""
        return self._issues.page(state=state, limit=limit, skip=skip)

    def resolve(self, issue_id: str, *, reason: str, admin_id: str) -> Document:
        """Let an admin settle an issue."""
        return self._issues.resolve(issue_id, reason=reason, admin_id=admin_id)

    def _begun(self, wanted: Wanted) -> Run:
        """Open a run; it leaves no gap unless somebody has said where to begin."""
        window, is_gapless = self._window(wanted), wanted.since is None
        return self._runs.begin(window, min_age=wanted.min_age, is_gapless=is_gapless)

    def _window(self, wanted: Wanted) -> Window:
        """Look at whole seconds, up to what is old enough, from where everything was looked at before."""
        now = self._runs.now()
        young = (now - wanted.min_age).replace(microsecond=0) + timedelta(seconds=1)
        until = min(_whole(wanted.until), young) if wanted.until else young
        since = _whole(wanted.since) if wanted.since else self._not_covered_before(until)
        if not timedelta(0) < until - since <= LONGEST_WINDOW:
            raise Invalid("The time must begin before it ends, in the past, and be at most a year.")
        return Window(since, until)

    def _not_covered_before(self, until: datetime) -> datetime:
        """Go back to where every gateway was listed to the end, and a day further."""
        covered = [
            self._runs.covered_until([f"{what}:{gateway.name}" for what in LISTS])
            for gateway in self._gateways
        ]
        known = [moment for moment in covered if moment is not None]
        if not known or len(known) < len(covered):
            return until - FIRST_LOOK
        return min(*known, until) - OVERLAP

    def _carried_out(self, run: Run, go_on: Callable[[], bool] = lambda: True) -> Document:
        """Do every step that is not done; one that fails does not keep the others from their work.

        Without the database nothing can be written, and the next run takes this one up.
        """
        try:
            with self._runs.kept_alive(run):
                failures = self._failures(run, go_on)
                self._look_again(run)
                self._runs.finish(run, error=self._error(failures))
        except RunLost:
            log.warning("a reconciliation was taken over by somebody else", extra={"run_id": run.id})
        except Stopped:
            self._runs.let_go(run)
        return self._runs.get(run.id)

    def _failures(self, run: Run, go_on: Callable[[], bool]) -> dict[str, AppError | None]:
        """Do every step that is not done, and give what has kept others from being done."""
        failures: dict[str, AppError | None] = dict.fromkeys(run.failed)
        for step in self._steps:
            if step.name in run.done | run.failed:
                continue
            if not go_on():
                raise Stopped
            failure = self._failure_of(run, step, go_on)
            if failure is not None:
                failures[step.name] = failure
        return failures

    def _failure_of(self, run: Run, step: Step, go_on: Callable[[], bool]) -> AppError | None:
        """Do a step, and give what has kept it from being done."""
        try:
            for progress in step.run(run, run.cursor_of(step.name)):
                self._note(run, step.name, progress)
                if progress.cursor and not go_on():
                    raise Stopped
        except (ConnectionFailure, RunLost, Stopped):
            raise
        except AppError as error:
            return self._failed(run, step, error)
        except Exception as error:
            log.exception("a step of the reconciliation broke off", extra={"step": step.name})
            return self._failed(run, step, BrokenOff(f"It broke off: {type(error).__name__}."))
        self._issues.gone(step.surveys, since=run.started_at)
        for kind in (Kind.GATEWAY_AWAY, Kind.STEP_FAILED):
            self._issues.closed(kind, step.name)
        self._runs.step_ended(run, step.name, is_done=True)
        return None

    def _failed(self, run: Run, step: Step, error: AppError) -> AppError:
        """Note that a step could not be done this time; somebody else may just be doing it."""
        log.warning("a step failed", extra={"run_id": run.id, "step": step.name, "code": error.code})
        if not isinstance(error, Conflict):
            kind = Kind.GATEWAY_AWAY if isinstance(error, GatewayError) else Kind.STEP_FAILED
            finding = Finding(kind=kind, subject=step.name, message=error.message, facts=why(error))
            self._note(run, step.name, Progress(findings=(finding,)))
        self._runs.step_ended(run, step.name, is_done=False)
        return error

    def _look_again(self, run: Run) -> None:
        """Look at each open issue that this run has not met, because its time is not the run's."""
        for issue in self._issues.unseen(self._looks.keys(), since=run.started_at):
            kind, subject = Kind(issue["kind"]), issue["subject"]
            try:
                finding = foreseen(partial(self._looks[kind], subject))
            except AppError as error:
                log.warning(
                    "an issue could not be looked at", extra={"issue": issue["_id"], "code": error.code}
                )
                continue
            if finding is None or finding.kind is not kind:
                self._issues.closed(kind, subject)
            findings = (finding,) if finding else ()
            self._note(run, "open_issues", Progress(checked=1, findings=findings))

    def _note(self, run: Run, step: str, progress: Progress) -> None:
        """Write down what a step has done; what two steps have found is listed once."""
        findings = self._issues.note(progress.findings, run)
        self._runs.note(run, step, replace(progress, findings=findings))

    def _error(self, failures: Mapping[str, AppError | None]) -> str | None:
        """Say why this was no reconciliation: a step broke off, or not one gateway has told anything."""
        broken = [name for name, failure in failures.items() if isinstance(failure, BrokenOff)]
        if broken:
            return f"Broken off: {', '.join(broken)}. The log says more."
        gateways = [gateway.name for gateway in self._gateways]
        is_deaf = gateways and all(f"payments:{name}" in failures for name in gateways)
        return "No payment gateway answers." if is_deaf else None


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
