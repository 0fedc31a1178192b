"""Workers that die at no particular moment, in the middle of what a shop does all day."""

import time
from typing import Any

from backend import create_app, db
from backend.config import Settings
from tests.api.crashes.points import LONG_AGO, PROCESSES, Request, asks, leases_end, serve, transactions_end
from tests.conftest import services_of
from tests.mongo.shopping import due_of, order_of
from tests.shop import Shop

START_SECONDS = 30


def tasks_about(shop: Shop, thing: Any, key: str) -> list[Request]:
    """Name what a worker may be asked to do about an order, or about what was opened at a gateway."""
    order, customer = order_of(shop, thing), shop.customer
    found = []
    if order:
        wallet = {"order_id": order["_id"], "customer_id": customer.id, "amount": due_of(order)}
        back = {"order_id": order["_id"], "customer_id": customer.id, "amount": 40, "reason": "Late"}
        found = [
            asks(customer, "POST", "/api/integration/order/pay-with-wallet", wallet, key=key),
            asks(shop.admin, "POST", "/api/integration/order/refund-to-wallet", back, key=key),
        ]
    if isinstance(thing, dict):
        found.append(asks(customer, "GET", f"/api/payments/{thing['payment_order_id']}/verify"))
    return found


def die(shop: Shop, task: Request, *, after_seconds: float) -> None:
    """Kill a worker that has begun with a task, and let time pass for whatever it had taken."""
    ready = PROCESSES.Event()
    worker = PROCESSES.Process(target=_work, args=(shop.services.settings, task, ready), daemon=True)
    worker.start()
    assert ready.wait(START_SECONDS)
    time.sleep(after_seconds)
    worker.kill()
    worker.join()
    transactions_end(shop.services.client)
    leases_end(shop.database)
    shop.database["wallet_holds"].update_many({}, {"$set": {"updated_at": LONG_AGO}})
    shop.reconcile()


def _work(settings: Settings, task: Request, ready: Any) -> None:
    app = create_app(settings, client=db.connect(settings.mongodb_uri))
    ready.set()
    serve(app, task)
    services_of(app).ledger.close()
