"""What every gateway's adapter must list of a time, whole and page by page."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from backend.gateways.errors import GatewayError, GatewayNotFound
from backend.gateways.listing import Page, Window
from backend.gateways.port import PaymentGateway, PaymentState, RefundState
from tests.gateways.contract_hooks import AMOUNT_MINOR, STRANGE_IDS, GatewayHooks
from tests.gateways.controls import Controls

T = TypeVar("T")


def around_now(*, days: int = 1) -> Window:
    now = datetime.now(UTC).replace(microsecond=0)
    return Window(now - timedelta(days=days), now + timedelta(minutes=1))


def everything(listing: Callable[..., Page[T]], window: Window) -> Iterator[T]:
    """Go from page to page to the end."""
    cursor: str | None = None
    while True:
        page = listing(window, cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


class ListsContract(GatewayHooks):
    """A list is of one time, misses nothing and tells nothing twice."""

    def test_money_is_listed_as_what_it_is(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)

        [listed] = everything(gateway.list_payments, around_now())

        assert (listed.id, listed.gateway, listed.state) == (paid.id, gateway.name, PaymentState.CAPTURED)
        assert (listed.amount_minor, listed.currency) == (AMOUNT_MINOR, self.CURRENCY)
        assert listed.order_id == paid.order_id

    def test_a_refund_is_listed_with_what_it_gives_back(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        paid = self.paid(sandbox, gateway)
        refund = gateway.refund(self.refund_of(paid, 10_000))

        [listed] = everything(gateway.list_refunds, around_now())

        assert (listed.id, listed.gateway_payment_id) == (refund.id, paid.id)
        assert (listed.amount_minor, listed.currency) == (10_000, self.CURRENCY)
        assert (listed.state, listed.refund_id) == (RefundState.PROCESSED, "refund_00000000_1")

    def test_what_happened_before_or_after_is_not_listed(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        gateway.refund(self.refund_of(self.paid(sandbox, gateway), 100))
        now = datetime.now(UTC).replace(microsecond=0)
        others = [Window(now - timedelta(days=2), now - timedelta(minutes=1))]
        others.append(Window(now + timedelta(minutes=1), now + timedelta(minutes=2)))

        for window in others:
            assert not list(everything(gateway.list_payments, window))
            assert not list(everything(gateway.list_refunds, window))

    def test_a_time_may_be_long(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)

        listed = list(everything(gateway.list_payments, around_now(days=100)))

        assert [payment.id for payment in listed] == [paid.id]

    @pytest.mark.parametrize("verb", ["list_payments", "list_refunds"])
    def test_a_list_that_fails_says_so(self, sandbox: Controls, gateway: PaymentGateway, verb: str) -> None:
        sandbox.fault("^/v1/(payments|refunds|reporting)", "error", times=99)

        with pytest.raises(GatewayError):
            list(everything(getattr(gateway, verb), around_now()))

    def test_an_order_tells_our_receipt(self, gateway: PaymentGateway) -> None:
        order = self.order(gateway)

        assert gateway.receipt_of(order.id) == "rcpt_0000000001"

    @pytest.mark.parametrize("strange", [*STRANGE_IDS, "order_nobodyknows"])
    def test_an_order_nobody_knows_has_no_receipt(self, gateway: PaymentGateway, strange: str) -> None:
        with pytest.raises(GatewayNotFound):
            gateway.receipt_of(strange)


def ids(listed: Iterator[Any]) -> list[str]:
    """Name what was listed, in order."""
    return sorted(one.id for one in listed)
