"""Whatever happens while a gateway opens an order, the shop has one payment and no dead end."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from backend.errors import Conflict, IllegalTransition, RequestInProgress
from backend.gateways.errors import GatewayError, GatewayTimeout
from backend.gateways.port import Method
from backend.payment_values import PaymentStatus
from tests.mongo.opening import AMOUNT_MINOR, Counter, FakeGateway, fail
from tests.mongo.saving import at_once, failures

Document = dict[str, Any]


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def counter(database: Database[Document], gateway: FakeGateway) -> Counter:
    return Counter(database, gateway)


def cancel(counter: Counter) -> None:
    counter.store.move(counter.row()["_id"], PaymentStatus.CANCELLED)


def without_lease(row: Document) -> bool:
    return not {"opening", "opening_until"} & row.keys()


class TestOpening:
    def test_writes_the_payment_before_a_gateway_is_asked(
        self, counter: Counter, gateway: FakeGateway
    ) -> None:
        seen: list[Document] = []
        gateway.before.append(lambda: seen.append(counter.row()))

        counter.open(counter.order())

        [attempt] = seen[0]["attempts"]
        assert (seen[0]["status"], seen[0]["amount"]) == ("PENDING", AMOUNT_MINOR)
        assert (attempt["gateway"], "gateway_order_id" in attempt) == ("razorpay", False)
        assert gateway.asked[0].receipt == attempt["receipt"]

    def test_notes_what_the_gateway_has_opened(self, counter: Counter) -> None:
        opened = counter.open(counter.order())

        row = counter.row()
        assert (opened.is_new, row["status"]) == (True, "INITIATED")
        assert row["gateway_orders"] == ["razorpay:razorpay_1"]
        assert row["attempts"][0]["gateway_order_id"] == "razorpay_1"
        assert without_lease(row)


class TestManyProcesses:
    def test_open_one_order_between_them(self, database: Database[Document], gateway: FakeGateway) -> None:
        counters = [Counter(database, gateway) for _ in range(8)]
        order = counters[0].order()

        answers = at_once(*[lambda counter=one: counter.open(order) for one in counters])

        opened = [answer for answer in answers if not isinstance(answer, Exception)]
        assert [answer.is_new for answer in opened].count(True) == len(gateway.asked) == 1
        assert {type(error) for error in failures(answers)} <= {RequestInProgress}

    def test_add_one_attempt_between_them(
        self, database: Database[Document], counter: Counter, gateway: FakeGateway
    ) -> None:
        order = counter.order()
        counter.open(order)
        cancel(counter)
        counters = [Counter(database, gateway) for _ in range(8)]

        answers = at_once(*[lambda counter=one: counter.open(order) for one in counters])

        assert len(gateway.asked) == len(counter.row()["attempts"]) == 2
        assert {type(error) for error in failures(answers)} <= {RequestInProgress}

    def test_wait_for_the_one_that_is_asking(self, counter: Counter, gateway: FakeGateway) -> None:
        order, asking, go_on = counter.order(), threading.Event(), threading.Event()

        def dawdle() -> None:
            asking.set()
            go_on.wait(5)

        gateway.before.append(dawdle)
        slow = threading.Thread(target=counter.open, args=(order,))
        slow.start()
        asking.wait(5)

        with pytest.raises(RequestInProgress):
            counter.open(order)

        go_on.set()
        slow.join()
        assert (counter.open(order).is_new, len(gateway.asked)) == (False, 1)


class TestAProcessThatDied:
    def died(self, counter: Counter, *, until: datetime) -> None:
        """Leave a payment as a process leaves it that dies while a gateway is asked."""
        lease = {"opening": "gone", "opening_until": until}
        reset = {"status": "PENDING", "attempts.0.gateway_order_id": None, **lease}
        counter.rows.update_one({}, {"$set": reset, "$unset": {"gateway_orders": ""}})

    def test_is_waited_for_a_while(self, counter: Counter, gateway: FakeGateway) -> None:
        order = counter.order()
        counter.open(order)
        self.died(counter, until=datetime.now(UTC) + timedelta(seconds=30))

        with pytest.raises(RequestInProgress):
            counter.open(order)

    def test_is_not_waited_for_for_ever(self, counter: Counter, gateway: FakeGateway) -> None:
        order = counter.order()
        counter.open(order)
        self.died(counter, until=datetime.now(UTC) - timedelta(seconds=1))

        opened = counter.open(order)

        assert (opened.is_new, opened.payment.attempt.gateway_order_id) == (True, "razorpay_2")
        assert gateway.asked[0].receipt != gateway.asked[1].receipt

    def test_holds_the_payment_for_a_minute_at_most(self, counter: Counter, gateway: FakeGateway) -> None:
        untils: list[datetime] = []
        gateway.before.append(lambda: untils.append(counter.row()["opening_until"]))

        counter.open(counter.order())

        assert untils[0] <= datetime.now(UTC) + timedelta(seconds=61)

    def test_that_wakes_up_changes_nothing_any_more(self, counter: Counter, gateway: FakeGateway) -> None:
        order, over = counter.order(), {"$set": {"opening_until": datetime.now(UTC) - timedelta(seconds=1)}}

        def oversleep() -> None:
            counter.rows.update_one({}, over)
            counter.open(order)

        gateway.before.append(oversleep)

        with pytest.raises(IllegalTransition):
            counter.open(order)

        row = counter.row()
        assert (row["status"], row["gateway_orders"]) == ("INITIATED", ["razorpay:razorpay_1"])
        assert row["attempts"][0]["gateway_order_id"] == "razorpay_1"


class TestAFailure:
    def test_gives_the_payment_back(self, counter: Counter, gateway: FakeGateway) -> None:
        gateway.before.append(fail(GatewayTimeout()))
        order = counter.order()

        with pytest.raises(GatewayTimeout):
            counter.open(order)

        row = counter.row()
        assert (row["status"], row["error"]["code"]) == ("PENDING", "GATEWAY_TIMEOUT")
        assert without_lease(row)
        assert counter.open(order).is_new

    def test_uses_up_no_attempt(self, counter: Counter, gateway: FakeGateway) -> None:
        order = counter.order()
        for _ in range(5):
            gateway.before.append(fail(GatewayError()))
            with pytest.raises(GatewayError):
                counter.open(order)

        assert counter.open(order).payment.attempt.number == 1
        assert len({request.receipt for request in gateway.asked}) == 6

    def test_sends_the_customer_to_the_next_gateway(self, database: Database[Document]) -> None:
        first, second = FakeGateway(), FakeGateway("paypal")
        first.before.append(fail(GatewayError()))
        counter = Counter(database, first, second)

        opened = counter.open(counter.order())

        assert (opened.payment.attempt.gateway, len(opened.payment.attempts)) == ("paypal", 1)
        assert counter.row()["gateway_orders"] == ["paypal:paypal_1"]

    def test_leaves_what_was_tried_before_as_it_was(self, counter: Counter, gateway: FakeGateway) -> None:
        order = counter.order()
        counter.open(order)
        before = counter.row()["attempts"][0]
        cancel(counter)
        gateway.before.append(fail(GatewayError()))
        with pytest.raises(GatewayError):
            counter.open(order)

        counter.open(order, Method.CARD)

        assert counter.row()["attempts"][0] == before
        assert [attempt["number"] for attempt in counter.row()["attempts"]] == [1, 2]


class TestGivingUpWhileAGatewayIsAsked:
    def test_wins(self, counter: Counter, gateway: FakeGateway) -> None:
        gateway.before.append(lambda: cancel(counter))

        with pytest.raises(IllegalTransition):
            counter.open(counter.order())

        assert (counter.row()["status"], "gateway_orders" in counter.row()) == ("CANCELLED", False)

    def test_does_not_keep_the_customer_from_trying_again(
        self, counter: Counter, gateway: FakeGateway
    ) -> None:
        order = counter.order()
        gateway.before.append(lambda: cancel(counter))
        with pytest.raises(IllegalTransition):
            counter.open(order)

        opened = counter.open(order)

        assert (opened.payment.status, opened.payment.attempt.number) == (PaymentStatus.INITIATED, 2)

    def test_does_not_do_so_either_when_that_gateway_then_fails(self, database: Database[Document]) -> None:
        first, second = FakeGateway(), FakeGateway("paypal")
        counter = Counter(database, first, second)
        order = counter.order()

        def cancelled_and_failed() -> None:
            cancel(counter)
            raise GatewayError

        first.before.append(cancelled_and_failed)
        with pytest.raises(IllegalTransition):
            counter.open(order)

        assert (second.asked, counter.open(order).is_new) == ([], True)


def test_an_order_that_is_cancelled_meanwhile_cannot_be_paid(counter: Counter, gateway: FakeGateway) -> None:
    order = counter.order()
    gateway.before.append(lambda: counter.cancel_order(order))

    with pytest.raises(Conflict):
        counter.open(order)

    assert counter.row()["status"] != "INITIATED"
