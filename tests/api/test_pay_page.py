"""The page on which a customer pays at Razorpay, and the way back to it."""

import json
import re
from typing import Any

import pytest

from tests.api.answers import refusal
from tests.api.meetings import balance, expire, order, split, status, topup
from tests.shop import Shop


def page(shop: Shop, opened: Any) -> Any:
    """Look at the page as somebody without a login."""
    return shop.app.test_client().get(f"/pay/{opened['payment_order_id']}")


def come_back(shop: Shop, opened: Any, paid: Any, **options: Any) -> Any:
    """Bring back what Checkout gave, as its form does."""
    known = {name: value for name, value in paid.items() if name.startswith("razorpay_")}
    options = options or {"data": known}
    return shop.app.test_client().post(f"/pay/{opened['payment_order_id']}/return", **options)


def order_payment(shop: Shop) -> Any:
    opened = shop.opened(30_000)
    return opened | {"payment_order_id": opened["payment_id"]}


def split_payment(shop: Shop) -> Any:
    shop.customer.is_given(10_000)
    return split(shop, shop.order(30_000), 100)


def test_the_page_opens_the_gateways_window(shop: Shop) -> None:
    opened = topup(shop, 500)

    found = page(shop, opened)

    options = json.loads(re.findall(r'id="options">(.*?)</script>', found.text, re.DOTALL)[0])
    assert (found.status_code, found.mimetype) == (200, "text/html")
    assert f'<script src="{opened["checkout"]["script"]}">' in found.text
    assert (options["order_id"], options["amount"]) == (opened["gateway_order_id"], 50_000)
    assert "500.00 INR" in found.text


def test_the_page_lets_nothing_else_load(shop: Shop) -> None:
    found = page(shop, topup(shop))

    policy = dict(part.strip().split(" ", 1) for part in found.headers["Content-Security-Policy"].split(";"))
    nonce = re.findall(r'<script nonce="(.+?)">', found.text)[0]
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"{shop.sandbox.url} 'nonce-{nonce}'"
    assert (policy["form-action"], policy["frame-ancestors"]) == ("'self'", "'none'")


@pytest.mark.parametrize("end", ["open", "cancel", "pay"])
def test_every_page_leads_back_to_the_shop(shop: Shop, end: str) -> None:
    opened = topup(shop)
    if end == "cancel":
        shop.customer.post(f"/api/payments/{opened['payment_order_id']}/cancel")
    found = come_back(shop, opened, shop.pay(opened)) if end == "pay" else page(shop, opened)

    assert f'<a href="{shop.services.settings.public_url}/">' in found.text


def test_two_visits_have_two_nonces(shop: Shop) -> None:
    opened = topup(shop)

    policies = {page(shop, opened).headers["Content-Security-Policy"] for _ in range(2)}

    assert len(policies) == 2


def test_the_page_tells_nothing_about_the_customer(shop: Shop) -> None:
    found = page(shop, topup(shop)).text

    assert shop.customer.email not in found
    assert shop.customer.id not in found


@pytest.mark.parametrize("make", [topup, order_payment, split_payment])
def test_the_page_is_where_the_answer_sends_the_customer(shop: Shop, make: Any) -> None:
    opened = make(shop)

    url = opened.get("redirect_url") or opened["checkout_url"]
    assert url == f"{shop.services.settings.public_url}/pay/{opened['payment_order_id']}"
    assert page(shop, opened).status_code == 200


def test_paypal_has_a_page_of_its_own(shop: Shop) -> None:
    opened = topup(shop, 831, method="paypal")

    found = page(shop, opened)

    assert (found.status_code, found.headers["Location"]) == (302, opened["redirect_url"])


def test_coming_back_by_form_fills_the_wallet_and_says_so(shop: Shop) -> None:
    opened = topup(shop, 500)

    answer = come_back(shop, opened, shop.pay(opened))

    assert (answer.status_code, answer.mimetype, balance(shop)) == (200, "text/html", (500, 0))
    assert "The money is in your wallet." in answer.text


def test_coming_back_by_json_fills_the_wallet_and_says_so(shop: Shop) -> None:
    opened = topup(shop, 500)
    paid = shop.pay(opened)

    answers = [come_back(shop, opened, paid, json=paid) for _ in range(2)]

    assert [answer.json["status"] for answer in answers] == ["COMPLETED"] * 2
    assert balance(shop) == (500, 0)


@pytest.mark.parametrize("make", [order_payment, split_payment])
def test_coming_back_pays_the_order(shop: Shop, make: Any) -> None:
    opened = make(shop)

    answer = come_back(shop, opened, shop.pay(opened))

    assert (answer.status_code, order(shop, opened["order_id"])["payment_status"]) == (200, "PAID")


@pytest.mark.parametrize("way", ["data", "json"])
def test_a_wrong_signature_changes_nothing(shop: Shop, way: str) -> None:
    opened = topup(shop)
    forged = shop.pay(opened) | {"razorpay_signature": "0" * 64}

    answer = come_back(shop, opened, {}, **{way: forged})

    assert (answer.status_code, balance(shop), status(shop, opened)) == (400, (0, 0), "INITIATED")
    assert way == "data" or refusal(answer) == (400, "INVALID_SIGNATURE")


def test_what_paid_another_payment_proves_nothing(shop: Shop) -> None:
    paid, other = shop.pay(topup(shop)), topup(shop)

    answer = come_back(shop, other, {}, json=paid)

    assert (refusal(answer), balance(shop)) == ((400, "INVALID_SIGNATURE"), (0, 0))


@pytest.mark.parametrize("sent", [{}, [], {"razorpay_payment_id": {"$gt": ""}}, "x"])
def test_anything_else_is_refused(shop: Shop, sent: Any) -> None:
    assert refusal(come_back(shop, topup(shop), {}, json=sent)) == (400, "VALIDATION_ERROR")


def test_a_failure_that_comes_back_by_form_is_shown_as_a_page(shop: Shop) -> None:
    answer = come_back(shop, topup(shop), {}, data={"error[code]": "BAD_REQUEST_ERROR"})

    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "Not confirmed" in answer.text


@pytest.mark.parametrize(("end", "title"), [("cancel", "Cancelled"), ("expire", "Too late"), ("pay", "Paid")])
def test_the_page_of_a_payment_that_has_ended_says_how(shop: Shop, end: str, title: str) -> None:
    opened = topup(shop)
    if end == "cancel":
        shop.customer.post(f"/api/payments/{opened['payment_order_id']}/cancel")
    elif end == "expire":
        expire(shop, opened)
    else:
        come_back(shop, opened, shop.pay(opened))

    found = page(shop, opened)

    assert (found.status_code, f"<h1>{title}</h1>" in found.text) == (200, True)
    assert "<script" not in found.text


def test_an_unknown_payment_has_no_page(shop: Shop) -> None:
    assert refusal(page(shop, {"payment_order_id": "TOPUP-0"})) == (404, "PAYMENT_NOT_FOUND")
