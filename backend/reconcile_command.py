"""The command `flask --app wsgi reconcile`."""

from datetime import datetime, timedelta

import click
from flask.cli import with_appcontext
from marshmallow import ValidationError
from pymongo.errors import ConnectionFailure

from backend.db import Document
from backend.errors import Invalid
from backend.reconciliation import Wanted
from backend.reconciliation_runs import RunState
from backend.reconciliation_values import QUIET
from backend.schemas.fields import Moment
from backend.services import services

NO_DATABASE = "MongoDB does not answer. Start it (make run starts one), or set MONGODB_URI."
USUAL_AGE = int(QUIET.total_seconds() // 60)


@click.command("reconcile")
@click.option("--from", "since", metavar="DATE", help="Look at gateways from here on: a date or a time, UTC.")
@click.option("--to", "until", metavar="DATE", help="Look at them up to here; a date means all of that day.")
@click.option(
    "--min-age",
    "minutes",
    type=click.IntRange(0, 1440),
    default=USUAL_AGE,
    show_default=True,
    help="Leave alone what is younger than so many minutes.",
)
@with_appcontext
def reconcile(since: str | None, until: str | None, minutes: int) -> None:
    """Hold gateways, bank and books against each other; exits 0 when it ran, whatever it found."""
    wanted = Wanted(
        since=_moment(since, is_end=False),
        until=_moment(until, is_end=True),
        min_age=timedelta(minutes=minutes),
    )
    try:
        report = services().reconciliation.run(None if wanted == Wanted() else wanted)
    except ConnectionFailure as error:
        raise click.ClickException(NO_DATABASE) from error
    except Invalid as error:
        raise click.ClickException(error.message) from error
    _print(report)
    if report["state"] == RunState.FAILED.value:
        raise click.ClickException(report["error"])


def _moment(text: str | None, *, is_end: bool) -> datetime | None:
    if text is None:
        return None
    try:
        return Moment(is_end=is_end).deserialize(text)
    except ValidationError as error:
        raise click.BadParameter(f"{text}: {error}") from error


def _print(report: Document) -> None:
    """Say what was done in all, step by step, and what was found."""
    window = report["window"]
    click.echo(f"{report['_id']} {window['from']:%Y-%m-%d %H:%M:%S} to {window['to']:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(_counted(report, report["issues_total"]))
    for step, part in report["parts"].items():
        click.echo(f"  {step:<22} {_counted(part, part['issues'])}")
    for issue in report["issues"]:
        click.echo(f"  {issue['id']} {issue['kind']} {issue['subject']}: {issue['message']}")


def _counted(part: Document, issues: int) -> str:
    return f"checked {part['checked']}, recovered {part['recovered']}, issues {issues}"
