"""What Razorpay alone can do, beyond the contract of all gateways."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from backend.errors import BelowMinimum
from backend.gateways.errors import (
    GatewayError,
    GatewayNotFound,
    GatewayRefused,
    InvalidSignature,
    NotConfigured,
)
from backend.gateways.port import Method, PaymentGateway, PaymentState, RefundState
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.resilience import CircuitBreaker, Line
from backend.gateways.settings import RazorpaySettings
from tests.gateways.contract_hooks import AMOUNT_MINOR, PAYER, STRANGE_IDS
from tests.gateways.controls import IMPATIENT, Controls, quick_line
from tests.gateways.razorpay_hooks import RazorpayHooks, settings

NOWHERE = "http://127.0.0.1:9"


class TestRazorpayAlone(RazorpayHooks):
    def test_checkout_takes_the_money_without_being_asked(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        order = self.order(gateway)
        self.pay(sandbox, order)

        [payment] = gateway.payments_of(order.id)

        assert (payment.state, payment.refunded_minor) == (PaymentState.CAPTURED, 0)
        assert (payment.method, payment.last4, payment.network) == ("card", "1111", "Visa")
        assert payment.fee_minor
        assert payment.reference

    def test_all_tries_are_listed_and_only_the_good_one_is_money(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        order = self.order(gateway)
        self.decline(sandbox, order)
        self.pay(sandbox, order, method="upi", vpa="success@razorpay")

        declined, paid = gateway.payments_of(order.id)

        assert (declined.state, bool(declined.error_text)) == (PaymentState.FAILED, True)
        assert (paid.state, paid.vpa) == (PaymentState.CAPTURED, "success@razorpay")

    def test_what_checkout_brings_back_is_believed(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        order = self.order(gateway)
        back = self.pay(sandbox, order)

        gateway.check_return(
            order_id=order.id,
            gateway_payment_id=back["razorpay_payment_id"],
            signature=back["razorpay_signature"],
        )

    @pytest.mark.parametrize(
        "wrong",
        [
            {"signature": "0" * 64},
            {"signature": ""},
            {"signature": "ä"},
            {"signature": "\udcff"},
            {"signature": None},
            {"order_id": "order_of_somebody"},
            {"order_id": None},
            {"gateway_payment_id": "pay_of_somebody"},
            {"gateway_payment_id": None},
            {"gateway_payment_id": "a|b"},
        ],
    )
    def test_what_checkout_did_not_sign_is_refused(
        self, sandbox: Controls, gateway: PaymentGateway, wrong: dict[str, str]
    ) -> None:
        order = self.order(gateway)
        back = self.pay(sandbox, order)
        signed = {
            "order_id": order.id,
            "gateway_payment_id": back["razorpay_payment_id"],
            "signature": back["razorpay_signature"],
        }

        with pytest.raises(InvalidSignature):
            gateway.check_return(**{**signed, **wrong})

    def test_a_refund_is_pending_until_the_bank_has_paid_or_failed(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        sandbox.post("razorpay/settings", refunds="pending")
        paid = self.paid(sandbox, gateway)
        one, two = (gateway.refund(self.refund_of(paid, 100, number=n)) for n in (1, 2))
        sandbox.post(f"razorpay/refunds/{one.id}/process")
        sandbox.post(f"razorpay/refunds/{two.id}/fail")

        states = [refund.state for refund in (one, gateway.fetch_refund(one), gateway.fetch_refund(two))]

        assert states == [RefundState.PENDING, RefundState.PROCESSED, RefundState.FAILED]
        assert self.refunded_minor(gateway, paid) == 100

    def test_all_refunds_of_a_payment_are_listed(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)
        made = {gateway.refund(self.refund_of(paid, 100, number=n)).id for n in range(101)}

        listed = gateway.refunds_of(paid.id)

        assert len(listed) == 101
        assert {refund.id for refund in listed} == made

    def test_a_refund_still_under_way_is_waited_for(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        paid = self.paid(sandbox, gateway)
        sandbox.fault("/refund$", "error", status=409, times=1)

        assert gateway.refund(self.refund_of(paid, 100)).amount_minor == 100

    def test_a_upi_order_comes_with_a_link_for_the_app(self, gateway: PaymentGateway) -> None:
        link = self.order(gateway, method=Method.UPI).upi_link

        assert link
        assert link.startswith("upi://pay?")
        assert "am=299.35" in link

    @pytest.mark.parametrize("kind", ["error", "html", "drop", "rate_limit", "unauthorized"])
    def test_an_account_without_upi_links_still_gets_its_order(self, sandbox: Controls, kind: str) -> None:
        line = Line("razorpay", patience=IMPATIENT, breaker=CircuitBreaker(failures=1))
        gateway = RazorpayGateway(settings(sandbox.url), line=line)
        sandbox.fault("create/upi", kind, times=1)

        order = self.order(gateway, method=Method.UPI)

        assert order.id
        assert order.upi_link is None
        assert not line.breaker.is_open

    def test_a_saved_card_says_what_it_is(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        saved = gateway.fetch_token(*self.saved_token(sandbox, gateway))

        assert (saved.type, saved.last4, saved.brand) == (Method.CARD, "1111", "Visa")
        assert saved.expiry == "12/30"

    def test_the_duration_of_instalments_is_read_back(
        self, sandbox: Controls, gateway: PaymentGateway
    ) -> None:
        order = self.order(gateway, method=Method.EMI, installments=6)
        back = self.pay(sandbox, order, method="emi", emi_duration=order.checkout["emi_duration"])

        assert gateway.fetch_payment(back["razorpay_payment_id"]).installments == 6

    def test_many_threads_share_one_gateway(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        start = threading.Barrier(32, timeout=10)

        def buy(number: int) -> tuple[int, int]:
            start.wait()
            order = self.order(gateway, amount_minor=1000 + number, receipt=f"rcpt_{number}")
            self.pay(sandbox, order)
            [payment] = gateway.payments_of(order.id)
            return number, payment.amount_minor

        with ThreadPoolExecutor(32) as pool:
            bought = dict(pool.map(buy, range(32)))

        assert bought == {number: 1000 + number for number in range(32)}

    def test_what_was_declined_cannot_be_captured(self, sandbox: Controls, gateway: PaymentGateway) -> None:
        order = self.order(gateway)
        self.decline(sandbox, order)
        [declined] = gateway.payments_of(order.id)

        with pytest.raises(GatewayRefused, match="refused"):
            gateway.capture(declined)

    @pytest.mark.parametrize("body", [{"id": 7}, {"id": None}, {}])
    def test_an_answer_that_cannot_be_read_leaves_open_what_happened(
        self, sandbox: Controls, gateway: PaymentGateway, body: dict[str, object]
    ) -> None:
        sandbox.fault("/orders$", "error", status=200, body=body, times=1)

        with pytest.raises(GatewayError) as caught:
            self.order(gateway)

        assert type(caught.value) is GatewayError


@pytest.mark.parametrize("strange", STRANGE_IDS)
def test_a_strange_id_is_not_even_sent(strange: str) -> None:
    gateway = RazorpayGateway(settings(NOWHERE), line=quick_line("razorpay"))

    for read in (gateway.fetch_payment, gateway.payments_of, gateway.refunds_of):
        with pytest.raises(GatewayNotFound):
            read(strange)
    gateway.delete_token("cust_1", strange)


def test_less_than_one_rupee_is_not_even_sent() -> None:
    gateway = RazorpayGateway(settings(NOWHERE), line=quick_line("razorpay"))

    with pytest.raises(BelowMinimum):
        gateway.create_order(RazorpayHooks().request(amount_minor=99))


def test_without_keys_there_is_no_gateway() -> None:
    with pytest.raises(NotConfigured):
        RazorpayGateway(RazorpaySettings(key_id="rzp_test_x", key_secret=""))


def test_secrets_and_bodies_stay_out_of_the_log(sandbox: Controls, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = replace(settings(sandbox.url), key_secret="canary-of-a-secret")
    gateway = RazorpayGateway(wrong, line=quick_line("razorpay"))

    with pytest.raises(Exception, match="refused"):
        gateway.create_order(RazorpayHooks().request(amount_minor=AMOUNT_MINOR))

    assert "the keys are refused (/v1/orders)" in caplog.text
    assert not [found for found in ("canary", "Basic", PAYER.email, PAYER.name) if found in caplog.text]


def test_a_customer_who_was_introduced_is_not_asked_for_again() -> None:
    gateway = RazorpayGateway(settings(NOWHERE), line=quick_line("razorpay"))

    assert gateway.ensure_customer(replace(PAYER, gateway_customer_id="cust_1")) == "cust_1"
