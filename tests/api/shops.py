"""The same shop run with other settings or other gateways, on the same database and sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

from flask import Flask

from backend import create_app
from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.registry import Gateways
from backend.gateways.resilience import Line, Patience
from tests.api.contract import Contract
from tests.conftest import QUICK_PASSWORDS, Person, services_of
from tests.gateways.controls import quick_line
from tests.shop import Shop, quick_gateways


@contextmanager
def another_shop(shop: Shop, *, gateways: Gateways | None = None, **changes: Any) -> Iterator[Shop]:
    """Open the shop once more for the same people; its answers are held to the contract too."""
    settings = replace(shop.services.settings, **changes)
    app = create_app(
        settings,
        client=shop.services.client,
        gateways=gateways or quick_gateways(settings),
        passwords=QUICK_PASSWORDS,
    )
    contract = Contract(app)
    try:
        yield Shop(app, shop.sandbox, moved(shop.customer, app), moved(shop.admin, app))
    finally:
        services_of(app).ledger.close()
    assert contract.violations == []


def moved(person: Person, app: Flask) -> Person:
    """Give the same person, with the same login, at another door."""
    same = copy(person)
    same.services, same._client = services_of(app), app.test_client()
    return same


def only_razorpay(shop: Shop) -> Gateways:
    """Give an account with Razorpay and with nobody else."""
    return Gateways([RazorpayGateway(shop.services.settings.razorpay, line=quick_line("razorpay"))])


def patient_gateways(shop: Shop) -> Gateways:
    """Give both gateways, and the patience that a busy machine needs."""
    settings, patience = shop.services.settings, Patience(attempts=1, timeout=(10.0, 10.0))
    razorpay = RazorpayGateway(settings.razorpay, line=Line("razorpay", patience=patience))
    return Gateways([razorpay, PayPalGateway(settings.paypal, line=Line("paypal", patience=patience))])


def another_customer(shop: Shop, *, email: str = "ravi@shop.example") -> Person:
    """Let somebody else sign up."""
    return Person(shop.app, email=email)
