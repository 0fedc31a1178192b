"""A gateway that cannot be reached, or that keeps failing, is passed over without waiting for it."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.gateways.paypal_gateway import PayPalGateway
from backend.gateways.razorpay_gateway import RazorpayGateway
from backend.gateways.registry import Gateways
from backend.gateways.resilience import CircuitBreaker, Line
from tests.api.answers import refusal
from tests.api.shops import another_shop
from tests.gateways.controls import IMPATIENT, quick_line
from tests.shop import Shop

ORDERS = "^/v1/orders$"


def only_payment(shop: Shop) -> Any:
    [payment] = shop.customer.get("/api/payments/history").json["data"]
    return payment


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Give a port at which nobody answers."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()[1]


def unreachable(shop: Shop, port: int) -> Gateways:
    """Give both gateways, of which Razorpay cannot be reached."""
    settings = shop.services.settings
    moved = replace(settings.razorpay, api_url=f"http://127.0.0.1:{port}")
    paypal = PayPalGateway(settings.paypal, line=quick_line("paypal"))
    return Gateways([RazorpayGateway(moved, line=quick_line("razorpay")), paypal])


class TestAGatewayThatCannotBeReached:
    def test_is_passed_over_for_a_card(self, shop: Shop, closed_port: int) -> None:
        with another_shop(shop, gateways=unreachable(shop, closed_port)) as cut_off:
            assert cut_off.opened()["gateway"] == "paypal"

    def test_is_told_of_for_upi(self, shop: Shop, closed_port: int) -> None:
        with another_shop(shop, gateways=unreachable(shop, closed_port)) as cut_off:
            response = cut_off.initiate(cut_off.order(), method="upi")

        assert refusal(response) == (503, "SERVICE_UNAVAILABLE")
        assert int(response.headers["Retry-After"]) > 0
        assert only_payment(shop)["status"] == "PENDING"


class TestTheCircuitBreaker:
    @pytest.fixture
    def careful(self, shop: Shop) -> Iterator[Shop]:
        """A shop that leaves Razorpay alone after five failures."""
        settings = shop.services.settings
        line = Line("razorpay", patience=IMPATIENT, breaker=CircuitBreaker())
        paypal = PayPalGateway(settings.paypal, line=quick_line("paypal"))
        gateways = Gateways([RazorpayGateway(settings.razorpay, line=line), paypal])
        with another_shop(shop, gateways=gateways) as careful:
            yield careful

    def fail(self, shop: Shop, times: int) -> list[tuple[int, str]]:
        shop.sandbox.fault(ORDERS, "error", times=99)
        return [refusal(shop.initiate(shop.order(), method="upi")) for _ in range(times)]

    def test_answers_at_once_after_five_failures(self, careful: Shop) -> None:
        answers = self.fail(careful, 7)

        asked = [one for one in careful.sandbox.get("requests") if one["path"] == "/v1/orders"]
        assert answers == [(502, "GATEWAY_ERROR")] * 5 + [(503, "SERVICE_UNAVAILABLE")] * 2
        assert len(asked) == 5

    def test_does_not_mind_four(self, careful: Shop) -> None:
        assert self.fail(careful, 4) == [(502, "GATEWAY_ERROR")] * 4

    def test_sends_cards_to_the_other_gateway(self, careful: Shop) -> None:
        self.fail(careful, 5)

        assert careful.opened()["gateway"] == "paypal"

    def test_leaves_payments_to_be_opened_later(self, careful: Shop, shop: Shop) -> None:
        self.fail(careful, 5)
        order_id = careful.order()
        careful.initiate(order_id, method="upi")
        shop.sandbox.reset()

        assert shop.initiate(order_id, method="upi").status_code == 201
