"""No question that reconciliation asks reads a whole collection, nor sorts one."""

from collections.abc import Iterator

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from backend import create_app
from backend.config import Settings
from backend.sandbox.server import SandboxServer
from tests.conftest import QUICK_PASSWORDS, Document, Person, services_of
from tests.gateways.controls import Controls
from tests.mongo.test_indexes import Recorder, assert_indexed
from tests.reconciling import AT_ONCE, paid_elsewhere
from tests.shop import Shop, quick_gateways, shop_settings


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def shop(
    settings: Settings, sandbox_server: SandboxServer, sandbox: Controls, recorder: Recorder
) -> Iterator[Shop]:
    """A shop whose commands to the database are written down."""
    own = shop_settings(settings, sandbox_server)
    with MongoClient[Document](settings.mongodb_uri, tz_aware=True, event_listeners=[recorder]) as client:
        app = create_app(own, client=client, gateways=quick_gateways(own), passwords=QUICK_PASSWORDS)
        customer = Person(app, email="asha@shop.example")
        yield Shop(app, sandbox, customer, Person(app, email="owner@shop.example", is_admin=True))
        services_of(app).ledger.close()


def apart(command: Document) -> list[Document]:
    """Take the updates of one batch apart: only single ones can be explained."""
    return [{**command, "updates": [update]} for update in command.get("updates", [])] or [command]


def test_every_question_is_served_by_an_index(
    shop: Shop, recorder: Recorder, database: Database[Document]
) -> None:
    shop.refund_on_dashboard(shop.paid(), 12_345)
    shop.refund(shop.paid(method="paypal"), 100)
    shop.pay(shop.opened())
    paid_elsewhere(shop)
    shop.sandbox.post("razorpay/settle")
    reconciliation = shop.services.reconciliation
    reconciliation.run(AT_ONCE)
    recorder.commands.clear()

    reconciliation.run(AT_ONCE)
    reconciliation.run()
    reconciliation.run_due()

    recorder.commands[:] = [one for command in recorder.commands for one in apart(command)]
    assert_indexed(database, recorder)
