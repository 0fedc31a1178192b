"""One thing that is spoilt keeps nobody from looking after all the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.message_service import Messages
from backend.notifications.port import Message, Sent
from backend.outbox import AT_ONCE
from backend.reconciliation import Wanted
from tests.reconciling import LONG_AGO, paid_elsewhere, reconcile
from tests.shop import Shop


def test_a_payment_that_cannot_be_read_does_not_stop_the_sweep(shop: Shop) -> None:
    spoilt, late = shop.opened(), shop.opened()
    shop.customer.post(f"/api/payments/{late['payment_id']}/cancel")
    shop.pay(late)
    payments = shop.database["payment_orders"]
    payments.update_many({}, {"$set": {"updated_at": datetime.now(UTC) - timedelta(hours=2)}})
    payments.update_one({"_id": spoilt["payment_id"]}, {"$set": {"attempts": "spoilt"}})

    shop.services.payments.reconcile_payments()

    assert shop.payment(late)["status"] == "COMPLETED"


def test_a_step_of_the_sweep_that_breaks_off_is_an_issue(shop: Shop) -> None:
    spoilt, other = shop.opened(), shop.opened()
    shop.pay(other)
    payments = shop.database["payment_orders"]
    payments.update_many({}, {"$set": {"updated_at": datetime.now(UTC) - timedelta(hours=2)}})
    payments.update_one({"_id": spoilt["payment_id"]}, {"$set": {"attempts.0.gateway_order_id": 7}})

    report = shop.services.payments.reconcile_payments()

    assert [(issue["id"], issue["code"]) for issue in report.issues] == [(spoilt["payment_id"], "BROKEN_OFF")]
    assert shop.payment(other)["status"] == "COMPLETED"


def test_an_issue_that_cannot_be_looked_at_does_not_stop_reconciliation(shop: Shop) -> None:
    paid_elsewhere(shop)
    reconcile(shop)
    spoilt = {"_id": "razorpay:pay_spoilt", "gateway": "razorpay", "created_at": LONG_AGO}
    shop.database["captures"].insert_one(spoilt)
    seen = {"first_seen": LONG_AGO, "last_seen": LONG_AGO, "last_run": "RUN-1"}
    about = {"kind": "payment_missing_there", "subject": spoilt["_id"], "facts": {}, "message": ""}
    shop.database["reconciliation_issues"].insert_one({"_id": "REC-1", "state": "OPEN", **about, **seen})

    report: Any = shop.services.reconciliation.run_due()

    assert report["state"] in ("DONE", "FAILED")
    assert shop.database["reconciliation_logs"].find_one({"state": "RUNNING"}) is None


def test_a_look_at_a_short_time_leaves_no_gap(shop: Shop) -> None:
    run = shop.services.reconciliation.run
    run()
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=5)
    covered = {"window.from": then - timedelta(days=7), "window.to": then}
    shop.database["reconciliation_logs"].update_one({}, {"$set": covered})
    run(Wanted(since=datetime.now(UTC) - timedelta(hours=1)))

    following = run()

    assert following["window"]["from"] <= then


def test_a_run_that_is_told_to_stop_is_gone_on_with_at_once(shop: Shop) -> None:
    paid_elsewhere(shop)
    stopped: Any = shop.services.reconciliation.run_due(go_on=lambda: False)

    finished: Any = shop.services.reconciliation.run_due()

    assert stopped["_id"] == finished["_id"]
    assert finished["state"] == "DONE"


@pytest.mark.parametrize("asks", range(8))
def test_a_run_that_is_told_to_stop_begins_nothing_more(shop: Shop, asks: int) -> None:
    paid_elsewhere(shop)
    told = [True] * asks
    reconciliation = shop.services.reconciliation

    stopped: Any = reconciliation.run_due(go_on=lambda: bool(told and told.pop()))
    finished: Any = reconciliation.run_due()

    assert stopped["state"] == "RUNNING"
    assert len(stopped["done"]) <= asks
    assert finished["done"][: len(stopped["done"])] == stopped["done"]
    assert finished["state"] == "DONE"


class Breaking:
    """A way to reach customers that breaks in a way nobody has thought of."""

    name = "whatsapp"

    def send(self, message: Message) -> Sent:
        raise LookupError(message.id)


def test_a_message_that_breaks_its_channel_waits_like_others(shop: Shop) -> None:
    broken = Messages(
        shop.database,
        preferences=shop.services.preferences,
        channels={"whatsapp": Breaking()},
        shop_name="Tea",
    )
    shop.database["customers_v2"].update_one({"_id": shop.customer.id}, {"$set": {"phone": "+919876543210"}})
    shop.customer.send("PUT", "/api/auth/preferences", json={"whatsapp": True})
    shop.paid()
    shop.services.outbox.dispatch()

    assert [broken.deliver(), broken.deliver()] == [1, 0]

    shop.database["messages"].update_many({}, {"$set": {"give_up_at": AT_ONCE, "due_at": AT_ONCE}})
    broken.deliver()
    row: Any = shop.database["messages"].find_one()
    assert row["state"] == "FAILED"
