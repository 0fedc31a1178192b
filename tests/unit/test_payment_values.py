"""A payment moves forward only, and its money is never forgotten."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.gateways.port import Method
from backend.payment_values import (
    OPEN,
    PAID,
    TRANSITIONS,
    Attempt,
    Payment,
    PaymentStatus,
    gateway_key,
    read_payment,
    sources,
)

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
UNPAID_ENDS = frozenset({PaymentStatus.FAILED, PaymentStatus.CANCELLED, PaymentStatus.EXPIRED})


def attempt_row(number: int, gateway: str = "razorpay", **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "gateway": gateway,
        "method": "card",
        "receipt": f"PAY-1-{number}",
        "charge": 100_000,
        "charge_currency": "INR",
        "rate": "1",
        "gateway_order_id": f"order_{number}",
        "created_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
    } | more


def payment(*attempts: dict[str, Any], **more: Any) -> Payment:
    row = {
        "_id": "PAY-1",
        "order_id": "ord_1",
        "customer_id": "cust_1",
        "amount": 100_000,
        "currency": "INR",
        "status": "INITIATED",
        "attempts": list(attempts) or [attempt_row(1)],
        "installments": 1,
        "refunded": 0,
        "refund_reserved": 0,
        "refund_charge": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return read_payment(row | more)


def reachable(start: PaymentStatus) -> set[PaymentStatus]:
    """Find all states to which a payment may come from one."""
    found: set[PaymentStatus] = set()
    waiting = [start]
    while waiting:
        new = TRANSITIONS[waiting.pop()] - found
        found |= new
        waiting += new
    return found


class TestTransitions:
    def test_are_known_for_every_state(self) -> None:
        assert set(TRANSITIONS) == set(PaymentStatus)

    @pytest.mark.parametrize("paid", sorted(PAID))
    def test_never_take_a_payment_out_of_being_paid(self, paid: PaymentStatus) -> None:
        assert reachable(paid) <= PAID

    def test_never_bring_back_what_was_given_back(self) -> None:
        assert reachable(PaymentStatus.REFUNDED) == set()
        assert reachable(PaymentStatus.PARTIAL_REFUND) == {
            PaymentStatus.PARTIAL_REFUND,
            PaymentStatus.REFUNDED,
        }

    @pytest.mark.parametrize("status", sorted(set(PaymentStatus) - PAID))
    def test_let_money_come_whenever_it_comes(self, status: PaymentStatus) -> None:
        assert PaymentStatus.COMPLETED in TRANSITIONS[status]

    @pytest.mark.parametrize("end", sorted(UNPAID_ENDS))
    def test_let_a_payment_that_ended_without_money_be_tried_again(self, end: PaymentStatus) -> None:
        assert TRANSITIONS[end] == {
            PaymentStatus.PENDING,
            PaymentStatus.AUTHORIZED,
            PaymentStatus.COMPLETED,
        }

    @pytest.mark.parametrize("end", sorted(UNPAID_ENDS))
    def test_do_not_turn_one_such_end_into_another(self, end: PaymentStatus) -> None:
        assert not TRANSITIONS[end] & UNPAID_ENDS

    def test_let_only_what_is_still_unpaid_and_not_agreed_to_be_cancelled(self) -> None:
        assert set(sources(PaymentStatus.CANCELLED)) == {"PENDING", "INITIATED"}

    def test_lead_to_a_refund_only_from_money(self) -> None:
        assert set(sources(PaymentStatus.REFUNDED)) == {"COMPLETED", "PARTIAL_REFUND"}

    def test_never_lead_back_to_the_gateways_page_but_through_a_new_attempt(self) -> None:
        assert sources(PaymentStatus.INITIATED) == ["PENDING"]
        assert set(sources(PaymentStatus.PENDING)) == UNPAID_ENDS

    def test_start_where_nothing_has_happened(self) -> None:
        assert reachable(PaymentStatus.PENDING) == set(PaymentStatus)

    def test_divide_the_states_into_open_paid_and_ended(self) -> None:
        assert set(PaymentStatus) == OPEN | PAID | UNPAID_ENDS
        assert len(OPEN) + len(PAID) + len(UNPAID_ENDS) == len(PaymentStatus)


class TestAPayment:
    @pytest.mark.parametrize("status", list(PaymentStatus))
    def test_knows_whether_it_is_open_or_paid(self, status: PaymentStatus) -> None:
        found = payment(status=status.value)

        assert (found.is_open, found.is_paid) == (status in OPEN, status in PAID)

    def test_counts_its_last_attempt_until_one_is_paid(self) -> None:
        assert payment(attempt_row(1), attempt_row(2)).attempt.number == 2

    def test_counts_the_attempt_that_brought_the_money(self) -> None:
        attempts = [attempt_row(number) for number in (1, 2, 3)]

        assert payment(*attempts, paid_by=1, status="COMPLETED").attempt.number == 1

    def test_finds_an_attempt_by_gateway_and_order_together(self) -> None:
        found = payment(attempt_row(1), attempt_row(2, "paypal", gateway_order_id="order_1"))

        assert getattr(found.attempt_for("paypal", "order_1"), "number", None) == 2
        assert getattr(found.attempt_for("razorpay", "order_1"), "number", None) == 1
        assert found.attempt_for("paypal", "order_2") is None

    @pytest.mark.parametrize(
        ("status", "refunded", "reserved", "left"),
        [
            ("COMPLETED", 0, 0, 100_000),
            ("COMPLETED", 0, 40_000, 60_000),
            ("PARTIAL_REFUND", 30_000, 70_000, 0),
            ("PARTIAL_REFUND", 30_000, 0, 70_000),
            ("REFUNDED", 100_000, 0, 0),
            ("INITIATED", 0, 0, 0),
            ("FAILED", 0, 0, 0),
        ],
    )
    def test_can_give_back_what_came_and_did_not_go(
        self, status: str, refunded: int, reserved: int, left: int
    ) -> None:
        found = payment(status=status, refunded=refunded, refund_reserved=reserved)

        assert found.refundable_minor == left

    def test_cannot_be_changed_by_those_it_is_handed_to(self) -> None:
        with pytest.raises(FrozenInstanceError):
            payment().status = PaymentStatus.COMPLETED  # type: ignore[misc]


class TestReading:
    def test_takes_over_what_is_stored(self) -> None:
        found = payment(gateway_payment_id="pay_1", paid_with={"last4": "1111"})

        assert (found.id, found.order_id, found.customer_id) == ("PAY-1", "ord_1", "cust_1")
        assert (found.amount_minor, found.currency, found.status) == (100_000, "INR", PaymentStatus.INITIATED)
        assert (found.gateway_payment_id, found.paid_with["last4"]) == ("pay_1", "1111")

    def test_takes_nothing_for_what_is_not_there_yet(self) -> None:
        found = payment(attempt_row(1, gateway_order_id=None))

        unknown = (found.gateway_payment_id, found.paid_by, found.error, found.completed_at)
        assert unknown == (None,) * 4
        assert (found.paid_with, found.is_disputed) == ({}, False)
        assert (found.attempt.gateway_order_id, found.attempt.checkout_url, found.attempt.upi_link) == (
            None,
        ) * 3

    def test_reads_an_attempt_whole(self) -> None:
        row = attempt_row(1, "paypal", charge=1203, charge_currency="USD", rate="83.1", method="paypal")

        [found] = payment(row).attempts

        assert isinstance(found, Attempt)
        assert (found.gateway, found.method, found.receipt) == ("paypal", Method.PAYPAL, "PAY-1-1")
        assert (found.charge_minor, found.charge_currency, found.rate) == (1203, "USD", "83.1")
        assert (found.created_at, found.expires_at) == (NOW, NOW + timedelta(hours=1))

    @pytest.mark.parametrize("change", [{"status": "PAID"}, {"attempts": [attempt_row(1, method="cash")]}])
    def test_refuses_what_nobody_ever_wrote(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="is not a valid"):
            payment(**change)


def test_the_same_id_at_two_gateways_is_two_things() -> None:
    assert gateway_key("razorpay", "1") != gateway_key("paypal", "1")
