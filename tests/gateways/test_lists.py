"""Long lists of both gateways, and Razorpay's report of what it has settled."""

import time
from datetime import timedelta

import pytest

from backend.gateways.errors import GatewayRefused
from backend.gateways.listing import SettledRow, Window
from backend.gateways.paypal_lists import TOO_MANY
from backend.gateways.port import PaymentGateway
from backend.gateways.razorpay_lists import PAGE
from tests.gateways.contract_lists import around_now, everything, ids
from tests.gateways.controls import Controls
from tests.gateways.paypal_hooks import PayPalHooks
from tests.gateways.razorpay_hooks import RazorpayHooks


def asked(sandbox: Controls, path: str) -> int:
    return sum(request["path"] == path for request in sandbox.get("requests"))


class TestRazorpayLists(RazorpayHooks):
    """Razorpay gives at most a hundred a call."""

    def test_a_long_list_is_read_to_its_end(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        order = self.order(gateway)
        for _ in range(PAGE + 1):
            self.pay(sandbox, order, card_number="4100280000060003")

        found = ids(everything(gateway.list_payments, around_now()))

        assert len(set(found)) == len(found) == PAGE + 1
        assert asked(sandbox, "/v1/payments") == 2

    def test_a_list_whose_last_page_is_full_ends(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        order = self.order(gateway)
        for _ in range(PAGE):
            self.pay(sandbox, order, card_number="4100280000060003")

        assert len(ids(everything(gateway.list_payments, around_now()))) == PAGE

    def settled(self, sandbox: Controls, gateway: PaymentGateway) -> list[SettledRow]:
        paid = self.paid(sandbox, gateway)
        gateway.refund(self.refund_of(paid, 10_000))
        sandbox.post("razorpay/settle")
        return list(everything(gateway.list_settled, around_now(days=3)))

    def test_what_was_settled_is_listed_with_fee_tax_and_reference(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        rows = {row.kind: row for row in self.settled(sandbox, gateway)}

        [payment], [settlement] = sandbox.books()["payments"], sandbox.books()["settlements"]
        paid, given = rows["payment"], rows["refund"]
        assert (paid.entity_id, paid.fee_minor, paid.tax_minor) == (
            payment["id"],
            payment["fee"],
            payment["tax"],
        )
        assert paid.credit_minor == paid.amount_minor - paid.fee_minor
        assert (given.debit_minor, given.gateway_payment_id) == (10_000, payment["id"])
        assert {row.reference for row in rows.values()} == {settlement["utr"]}
        assert (paid.settlement_id, paid.receipt) == (settlement["id"], "rcpt_0000000001")

    def test_what_was_settled_on_other_days_is_not_listed(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        self.settled(sandbox, gateway)
        now = around_now().until

        earlier = Window(now - timedelta(days=9), now - timedelta(days=3))

        assert not list(everything(gateway.list_settled, earlier))

    def test_what_is_not_settled_yet_is_not_listed(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        self.paid(sandbox, gateway)

        assert not list(everything(gateway.list_settled, around_now()))


class TestPayPalLists(PayPalHooks):
    """PayPal searches 31 days at a time, and finds only so much."""

    def bought(self, sandbox: Controls, gateway: PaymentGateway, receipt: str) -> str:
        order = self.order(gateway, receipt=receipt)
        self.agree(sandbox, order)
        [agreed] = gateway.payments_of(order.id)
        return gateway.capture(agreed).id

    def test_a_search_that_finds_too_much_is_made_in_parts(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        first = self.bought(sandbox, gateway, "rcpt_0000000001")
        time.sleep(1.1)  # PayPal counts in seconds, and these must be two.
        second = self.bought(sandbox, gateway, "rcpt_0000000002")
        sandbox.post("paypal/settings", most_results=1)

        listed = [payment.id for payment in everything(gateway.list_payments, around_now())]

        assert listed == [first, second]

    def test_a_second_with_too_much_in_it_cannot_be_searched(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        self.paid(sandbox, gateway)
        sandbox.post("paypal/settings", most_results=0)

        with pytest.raises(GatewayRefused) as refused:
            list(everything(gateway.list_payments, around_now()))

        assert refused.value.details["reason"] == TOO_MANY

    def test_a_list_of_two_pages_is_read_to_its_end(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)
        made = [gateway.refund(self.refund_of(paid, 1, number=n)).id for n in range(101)]

        assert ids(everything(gateway.list_refunds, around_now())) == sorted(made)
        assert asked(sandbox, "/v1/reporting/transactions") == 2

    def test_what_paypal_has_settled_is_on_the_account_already(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        self.paid(sandbox, gateway)

        assert not list(everything(gateway.list_settled, around_now()))

    def test_a_reversal_is_money_that_went_back(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)
        sandbox.post(f"paypal/captures/{paid.id}/reverse")

        [listed] = everything(gateway.list_refunds, around_now())

        assert (listed.gateway_payment_id, listed.amount_minor) == (paid.id, paid.amount_minor)
