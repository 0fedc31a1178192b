"""Card numbers and security codes are refused at the door, and leave no trace."""

import json
from typing import Any

import pytest
from pymongo.database import Database

from tests.api.answers import contents, refusal
from tests.api.shops import another_shop
from tests.conftest import Document
from tests.shop import Shop

NUMBER = "4111111111111111"
CVV = "737"
REJECTED = (400, "RAW_CARD_DATA_REJECTED")
SAVE = {"type": "card", "gateway": "razorpay", "token": "token_1", "last4": "1111"}
INITIATE = {"order_id": "ord_1", "amount": 1000, "payment_method": "card"}
ORDER = {"items": [{"sku": "TEA-100", "qty": 1}]}
VERIFY = {"gateway_payment_id": "pay_1", "signature": "x"}
REFUND = {"reason": "other"}
SPELLINGS = [
    *(NUMBER, "4111 1111 1111 1111", "4111-1111-1111-1111", f"card {NUMBER}, thanks", int(NUMBER)),
    *("378282246310005", "４１１１１１１１１１１１１１１１", f"%34{NUMBER[1:]}"),  # noqa: RUF001
]
DOORS = [
    ("/api/payments/initiate", INITIATE | {"notes": NUMBER}),
    ("/api/payments/initiate", INITIATE | {"card_number": NUMBER, "cvv": CVV}),
    ("/api/payments/initiate", INITIATE | {"order_id": NUMBER}),
    ("/api/payments/initiate", INITIATE | {"amount": int(NUMBER)}),
    ("/api/payments/initiate", INITIATE | {"notes": {"deep": [{"deeper": f"pan {NUMBER}"}]}}),
    ("/api/payments/save-method", SAVE | {"token": NUMBER}),
    ("/api/payments/save-method", SAVE | {"cvv": CVV}),
    ("/api/payments/save-method", SAVE | {"card": {"number": NUMBER, "cvc": CVV}}),
    ("/api/payments/PAY-1/verify", VERIFY | {"signature": NUMBER}),
    ("/api/payments/PAY-1/verify", VERIFY | {"securityCode": CVV}),
    ("/api/payments/PAY-1/cancel", {"note": NUMBER}),
    ("/api/payments/PAY-1/refund", REFUND | {"notes": f"back to {NUMBER}"}),
    ("/api/payments/saved-methods/SAVED-1/default", {"cvv": CVV}),
    ("/api/orders", ORDER | {"customer_id": NUMBER}),
    ("/api/orders", {"items": [{"name": f"Card {NUMBER}", "price": 1, "qty": 1}]}),
    ("/api/orders", ORDER | {NUMBER: "x"}),
    ("/api/orders/ord_1/cancel", {"cardNumber": NUMBER}),
]


@pytest.mark.parametrize(("path", "body"), DOORS, ids=[f"{path}-{n}" for n, (path, _) in enumerate(DOORS)])
def test_card_data_is_refused_at_every_door(
    shop: Shop,
    database: Database[Document],
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: Any,
) -> None:
    caplog.set_level("DEBUG")
    before = contents(database)

    answers = [person.post(path, body) for person in (shop.customer, shop.admin)]

    logged = json.dumps([vars(record) for record in caplog.records], default=str)
    assert [refusal(answer) for answer in answers] == [REJECTED] * 2
    assert NUMBER not in "".join(answer.text for answer in answers) + logged
    assert f'"{CVV}"' not in "".join(answer.text for answer in answers) + logged
    assert contents(database) == before


@pytest.mark.parametrize("number", SPELLINGS)
def test_however_the_number_is_written(shop: Shop, number: Any) -> None:
    response = shop.initiate(shop.order(), notes=number)

    assert refusal(response) == REJECTED


@pytest.mark.parametrize("path", ["/api/payments/initiate", "/api/payments/save-method", "/api/orders"])
def test_nothing_of_it_is_kept_under_an_idempotency_key(
    shop: Shop, database: Database[Document], path: str
) -> None:
    response = shop.customer.post(path, {"notes": NUMBER}, key="k-1")

    assert refusal(response) == REJECTED
    assert database["idempotency_keys"].count_documents({}) == 0


def test_nothing_of_it_reaches_the_gateway(shop: Shop) -> None:
    shop.initiate(shop.order(), notes=NUMBER)

    assert shop.sandbox.get("requests") == []


def test_it_is_refused_in_json_by_any_name(shop: Shop) -> None:
    raw = json.dumps(INITIATE | {"notes": NUMBER})

    answers = [
        shop.customer.post("/api/payments/initiate", data=raw, content_type=content_type)
        for content_type in ("application/json; charset=utf-8", "application/vnd.api+json")
    ]

    assert [refusal(answer) for answer in answers] == [REJECTED] * 2


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
def test_it_is_refused_as_anything_else_too(
    shop: Shop, database: Database[Document], caplog: pytest.LogCaptureFixture, content_type: str
) -> None:
    caplog.set_level("DEBUG")
    before = contents(database)

    response = shop.customer.post("/api/payments/initiate", data=f"card={NUMBER}", content_type=content_type)

    assert refusal(response)[0] == 400
    assert NUMBER not in response.text + caplog.text
    assert contents(database) == before


def test_a_body_that_is_no_json_is_not_repeated(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    response = shop.customer.post(
        "/api/payments/save-method", data=f'{{"card": {NUMBER}', content_type="application/json"
    )

    assert refusal(response)[0] == 400
    assert NUMBER not in response.text + caplog.text


def test_who_is_not_logged_in_is_told_only_that(shop: Shop) -> None:
    response = shop.app.test_client().post("/api/payments/save-method", json=SAVE | {"cvv": CVV})

    assert refusal(response) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "notes",
    [
        *("Call +91 98765 43210", "2026-11-20T10:00:00.000Z", "Order 1234567890123", "4111111111111112"),
        *("order_DBJOWzybf0sJbb", "PAY-0123456789abcdef01234567", "Flat 4, 411001 Pune", "999999.99"),
        "ca3f1c52-4111-4111-8111-411111111111",
    ],
)
def test_ordinary_words_and_numbers_pass(shop: Shop, notes: str) -> None:
    assert shop.initiate(shop.order(), notes=notes).status_code == 201


def test_ordinary_payments_are_never_taken_for_card_data(shop: Shop) -> None:
    with another_shop(shop, payment_max_attempts=20) as patient:
        amounts = [100, 99_99, 12_345_67, 41_111_111, 99_999_999]
        opened = [patient.opened(amount, bank="BARB_R", method="netbanking") for amount in amounts]
        codes = [patient.verify(one, patient.pay(one)).status_code for one in opened]

    assert codes == [200] * len(amounts)


def test_amounts_in_an_order_pass(shop: Shop) -> None:
    items = [{"name": "Ring", "price": "411111.11", "qty": 1}, {"name": "Box", "price": 0.01, "qty": 10_000}]

    assert shop.admin.post("/api/orders", {"items": items}).status_code == 201


def test_whether_a_code_is_wanted_is_no_code(shop: Shop) -> None:
    response = shop.customer.post("/api/payments/initiate", INITIATE | {"cvv_required": True})

    assert refusal(response) == (400, "VALIDATION_ERROR")
