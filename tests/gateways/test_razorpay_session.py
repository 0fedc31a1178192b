"""Every answer of Razorpay means one thing: good, a no, or that nobody knows."""

import json

import pytest
import requests

from backend.gateways.errors import GatewayBusy, GatewayError, GatewayNotFound, GatewayRefused
from backend.gateways.razorpay_session import check


def answer(status: int, body: object = None) -> requests.Response:
    response = requests.Response()
    response.status_code, response.url = status, "https://api.razorpay.com/v1/orders/order_1"
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return response


def error(code: str = "BAD_REQUEST_ERROR", description: str = "No.") -> dict[str, object]:
    return {"error": {"code": code, "description": description}}


@pytest.mark.parametrize(("status", "body"), [(200, {}), (201, {"id": "x"}), (204, b"")])
def test_a_good_answer_passes(status: int, body: object) -> None:
    check(answer(status, body))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b""),
        (200, []),
        (200, b"[" * 100_000),
        (200, b"\xff\xfe"),
        (302, {}),
        (400, b"<html>"),
        (400, {}),
        (400, {"error": "a text"}),
        (400, error("GATEWAY_ERROR")),
        (400, error("SERVER_ERROR")),
        (403, b"<html>Forbidden</html>"),
        (404, b"<html>Not Found</html>"),
        (408, error()),
        (429, error()),
        (500, error("SERVER_ERROR")),
        (502, error("GATEWAY_ERROR")),
        (502, b"Bad Gateway"),
        (503, {}),
        (504, error()),
    ],
)
def test_what_razorpay_did_not_clearly_refuse_is_unknown(status: int, body: object) -> None:
    with pytest.raises(GatewayError) as caught:
        check(answer(status, body))

    assert type(caught.value) is GatewayError


def test_a_refund_that_razorpay_is_at_work_on_is_busy() -> None:
    with pytest.raises(GatewayBusy):
        check(answer(409, error()))


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_no_says_why(status: int) -> None:
    with pytest.raises(GatewayRefused) as caught:
        check(answer(status, error(description="The amount must be an integer.")))

    assert type(caught.value) is GatewayRefused
    assert caught.value.details == {"gateway": "razorpay", "reason": "The amount must be an integer."}


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (400, "The id provided does not exist"),
        (400, "pay_1 is not a valid id"),
        (404, "The requested URL was not found on the server."),
    ],
)
def test_what_razorpay_does_not_know_is_not_found(status: int, description: str) -> None:
    with pytest.raises(GatewayNotFound):
        check(answer(status, error(description=description)))


@pytest.mark.parametrize("body", [error(), b"<html>", b"", []])
def test_refused_keys_are_not_an_unknown_order(body: object) -> None:
    with pytest.raises(GatewayRefused) as caught:
        check(answer(401, body))

    assert type(caught.value) is GatewayRefused
    assert caught.value.details["reason"] == "authentication"
