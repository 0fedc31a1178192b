"""The commands of `flask --app wsgi …`: set up, look after, and prove that the books are whole."""

import os
import sys

import click
from flask import Flask
from flask.cli import with_appcontext
from marshmallow import ValidationError, validate
from prometheus_client import start_http_server
from pymongo.errors import ConnectionFailure

from backend import db, demo
from backend.ledger.verify import Report
from backend.money import to_text
from backend.reconcile_command import NO_DATABASE, reconcile
from backend.services import services
from backend.user_service import LONGEST_PASSWORD, SHORTEST_PASSWORD


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (init_db, create_admin, seed_demo, verify_ledger, reconcile, rotate_field_keys, worker):
        app.cli.add_command(command)


@click.command("init-db")
@with_appcontext
def init_db() -> None:
    """Create collections, indexes and validators; safe to repeat."""
    try:
        db.initialise(services().client[services().settings.mongodb_db])
    except ConnectionFailure as error:
        raise click.ClickException(NO_DATABASE) from error
    click.echo("The database is ready.")


@click.command("create-admin")
@click.argument("email")
@with_appcontext
def create_admin(email: str) -> None:
    """Create an admin; the password comes from ADMIN_PASSWORD or from a prompt."""
    password = os.environ.get("ADMIN_PASSWORD") or click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    try:
        validate.Email()(email)
    except ValidationError as error:
        raise click.ClickException(f"{email}: {error}") from error
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise click.ClickException(
            f"The password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        )
    try:
        known = services().users.find_by_email(email)
        if known is not None:  # Whoever signed up with this e-mail must not become an admin by it.
            services().sessions.revoke_all(known.id)
        user = services().users.make_admin(email, password=password)
        services().sessions.revoke_all(user.id)
    except ConnectionFailure as error:
        raise click.ClickException(NO_DATABASE) from error
    was = " The customer was promoted, the password replaced, and all logins ended." if known else ""
    click.echo(f"{user.email} is an admin ({user.id}).{was}")


@click.command("seed-demo")
@with_appcontext
def seed_demo() -> None:
    """Add demo users, credit and products; refuses in production."""
    found = services()
    if found.settings.is_production:
        raise click.ClickException("The demo's passwords are public: not in production.")
    demo.seed(found.client[found.settings.mongodb_db], found.users, found.wallets)
    for login in (demo.ADMIN, *demo.CUSTOMERS):
        click.echo(f"{login.name:<12} {login.email:<22} {login.password}")


@click.command("worker")
@click.option("--threads", default=12, show_default=True, type=click.IntRange(2, 64))
@click.option("--metrics-port", type=click.IntRange(1, 65_535), help="Show what it counts on a port.")
@with_appcontext
def worker(threads: int, metrics_port: int | None) -> None:
    """Do what happens by itself, until told to stop; start as many of these as there is work for."""
    from backend.worker import run  # Nobody else need wait for Celery to be loaded.

    if metrics_port:
        start_http_server(metrics_port)
    sys.exit(run(services(), threads=threads))


@click.command("rotate-field-keys")
@with_appcontext
def rotate_field_keys() -> None:
    """Encrypt stored secrets again with the newest of FIELD_ENCRYPTION_KEYS; safe while serving."""
    found = services()
    try:
        click.echo(f"{found.saved_methods.rotate()} saved methods, {found.inbox.rotate()} messages")
        click.echo(f"{found.webhook_endpoints.rotate()} webhook endpoints")
    except ConnectionFailure as error:
        raise click.ClickException(NO_DATABASE) from error


@click.command("verify-ledger")
@with_appcontext
def verify_ledger() -> None:
    """Prove that the books balance; exits 0 only when they do."""
    try:
        report = services().verifier.run()
    except ConnectionFailure as error:
        raise click.ClickException(NO_DATABASE) from error
    _print_report(report)
    sys.exit(0 if report.is_whole else 1)


def _print_report(report: Report) -> None:
    click.echo(f"{report.entries} entries of {report.wallets} wallets in {report.seconds} s")
    for currency, accounts in report.accounts.items():
        for account, minor in sorted(accounts.items()):
            click.echo(f"  {account:<24}{to_text(minor, currency=currency):>20} {currency}")
    for problem in report.problems:
        where = f"entry {problem.entry_id} (seq {problem.seq})" if problem.entry_id else "wallet"
        click.echo(f"BROKEN {problem.customer_id} {where}: {problem.what}", err=True)
    click.echo("The books balance." if report.is_whole else "The books DO NOT balance.")
