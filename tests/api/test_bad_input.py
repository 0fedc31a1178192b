"""What is not well formed is refused clearly, and leaves no trace."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from tests.api.answers import contents, faulty_fields, refusal
from tests.api.servers import Gunicorn
from tests.conftest import Document, Person

VALIDATION_ERROR = (400, "VALIDATION_ERROR")
OPERATORS: tuple[Any, ...] = (
    {"$gt": ""},
    {"$ne": None},
    {"$regex": ".*"},
    [{"$gt": ""}],
    {},
    [],
    5,
    True,
    None,
)
# As they stand in the body, because half of them are what no JSON library would write.
NOT_AMOUNTS = (
    '{"$gt": 0}', "[5]", "{}", "[]", "null", "true", "false", '""', '"five"', '"5 "', '" 5"',
    "0", "-0", "0.00", "-0.0", '"0"', '"0.00"', "-1", "-0.01", '"-5"', '"+5"',
    "0.001", "1.005", "99.999", '"1.005"', "0.0000000001", f"0.{'1' * 500}", "4.999999999999999999999",
    "1000000", "1000000.00", "999999.991", "99999999999999999999", '"99999999999999999999"',
    "9" * 400, f'"{"9" * 400}"', "1e2", "1E2", "1e+2", "1e400", "1e-400", "1e999999999",
    '"1e2"', '"1E400"', '"0x10"', '"1_000"', '"1,000"', '"1.2.3"', '".5"', '"5."', '"NaN"', '"Infinity"',
    '"\u0665"', '"\uff15"', '"\u20b95"', '"INR 5"',
)  # fmt: skip
NOT_JSON = ("NaN", "Infinity", "-Infinity", ".5", "5.", "05", "+5", "0x10", "1_000", "9" * 5000)
UNSTORABLE = (
    b'{"amount": 5, "reason": "a\x00b"}',
    b'{"amount": 5, "reason": "a\\u0000b"}',
    b'{"amount": 5, "reason": "a\\ud800b"}',
    b'{"amount": 5, "reason": "\\udc00\\ud800"}',
    b'{"amount": 5, "reason": "a", "\\u0000": 1}',
    b'{"amount": 5, "reason": "a", "\\ud800": 1}',
    b'{"amount": 5, "reason": "\xff"}',
    b'{"amount": 5, "reason": "\xed\xa0\x80"}',
    b'{"amount": 5, "reason": "\xc0\x80"}',
    '{"amount": 5, "reason": "a"}'.encode("utf-16"),
    b"\x00",
)
DEEP = 100_000


class Wicked:
    """An admin who sends one customer's wallet whatever comes to mind."""

    def __init__(self, admin: Person, customer: Person) -> None:
        self._admin, self._id = admin, customer.id

    def send(self, body: str | bytes, *, verb: str = "credit") -> Any:
        path = f"/api/wallet/{self._id}/{verb}"
        return self._admin.send("POST", path, data=body, content_type="application/json")

    def set_call_rate(self, rate: str) -> Any:
        return self._admin.post("/api/wallet/set-call-rate", query_string={"rate": rate})


@pytest.fixture
def wicked(admin: Person, customer: Person) -> Wicked:
    customer.is_given(1_000_000)
    return Wicked(admin, customer)


@pytest.mark.parametrize("verb", ["credit", "debit"])
def test_what_is_not_an_amount_moves_nothing(wicked: Wicked, database: Database[Document], verb: str) -> None:
    before = contents(database)

    said = {text: wicked.send(f'{{"amount": {text}, "reason": "a"}}', verb=verb) for text in NOT_AMOUNTS}

    complaints = {text: sorted(faulty_fields(response)) for text, response in said.items()}
    assert complaints == {key: ["amount"] for key in said}
    assert contents(database) == before


def test_a_number_that_is_not_json_moves_nothing(wicked: Wicked, database: Database[Document]) -> None:
    before = contents(database)

    said = {text: refusal(wicked.send(f'{{"amount": {text}, "reason": "a"}}')) for text in NOT_JSON}

    assert said == dict.fromkeys(said, VALIDATION_ERROR)
    assert contents(database) == before


def test_what_is_not_an_amount_is_no_call_rate(wicked: Wicked, database: Database[Document]) -> None:
    before = contents(database)
    texts = ["", "0", "-1", "1e2", "NaN", "Infinity", "1.005", "1000000", "9" * 30, "five", "\0", "true"]

    said = {text: sorted(faulty_fields(wicked.set_call_rate(text))) for text in texts if text != "\0"}

    assert said == {key: ["rate"] for key in said}
    assert refusal(wicked.set_call_rate("\0")) == VALIDATION_ERROR
    assert contents(database) == before


@pytest.mark.parametrize("amount", ["5", "5.5", "5.50", '"5"', '"5.50"', "0.01", "999999.99", '"0.01"'])
def test_what_is_an_amount_moves_money(wicked: Wicked, amount: str) -> None:
    response = wicked.send(f'{{"amount": {amount}, "reason": "a"}}')

    assert response.status_code == 201


def test_text_that_cannot_be_stored_is_refused(wicked: Wicked, database: Database[Document]) -> None:
    before = contents(database)

    said = {body: refusal(wicked.send(body)) for body in UNSTORABLE}

    assert said == dict.fromkeys(UNSTORABLE, VALIDATION_ERROR)
    assert contents(database) == before


@pytest.mark.parametrize(
    "deep", ["[" * DEEP + "]" * DEEP, '{"a":' * 30_000, '{"\\u0061":' + "[" * 900 + "]" * 900 + "}"]
)
def test_deep_nesting_is_refused(wicked: Wicked, database: Database[Document], deep: str) -> None:
    before = contents(database)

    response = wicked.send(deep)

    assert refusal(response) == VALIDATION_ERROR
    assert contents(database) == before


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "true", "null", "[{}]"])
def test_a_body_that_is_not_an_object_is_refused(wicked: Wicked, body: str) -> None:
    assert refusal(wicked.send(body)) == VALIDATION_ERROR


@pytest.mark.parametrize("field", ["customer_id", "$where", "balance", "amount_minor", "Amount", ""])
def test_a_field_that_we_do_not_know_is_refused_and_named(
    wicked: Wicked, database: Database[Document], field: str
) -> None:
    before = contents(database)

    response = wicked.send(f'{{"amount": 5, "reason": "a", "{field}": "x"}}')

    assert faulty_fields(response) == {field}
    assert contents(database) == before


@pytest.mark.parametrize("field", ["reason", "source"])
def test_an_operator_is_no_text_of_a_movement(
    wicked: Wicked, database: Database[Document], field: str
) -> None:
    before = contents(database)
    bodies = ['{"$gt": ""}', "[]", "{}", "5", "true", '""', f'"{"x" * 501}"']

    said = [wicked.send(f'{{"amount": 5, "reason": "a", "{field}": {text}}}') for text in bodies]

    assert [faulty_fields(response) for response in said] == [{field}] * len(bodies)
    assert contents(database) == before


@pytest.mark.parametrize("field", ["email", "password"])
def test_an_operator_is_no_login(api: FlaskClient, customer: Person, field: str) -> None:
    login = {"email": customer.email, "password": customer.password}

    said = [api.post("/api/auth/login", json=login | {field: wrong}) for wrong in OPERATORS]

    assert [response.status_code for response in said] == [400] * len(OPERATORS)
    assert {frozenset(faulty_fields(response)) for response in said} == {frozenset({field})}


@pytest.mark.parametrize("field", ["name", "email", "password"])
def test_an_operator_is_no_account(api: FlaskClient, database: Database[Document], field: str) -> None:
    before = contents(database)
    account = {"name": "A", "email": "a@shop.example", "password": "12345678"}

    said = [api.post("/api/auth/signup", json=account | {field: wrong}) for wrong in OPERATORS]

    assert [faulty_fields(response) for response in said] == [{field}] * len(OPERATORS)
    assert contents(database) == before


def test_an_operator_is_no_refresh_token(customer: Person) -> None:
    response = customer.post("/api/auth/logout", {"refresh_token": {"$ne": ""}})

    assert faulty_fields(response) == {"refresh_token"}
    assert customer.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_refused_so_that_the_client_hears_it(
    gunicorn: Gunicorn, admin: Person, customer: Person, database: Database[Document], chunked: bool
) -> None:
    before = contents(database)
    body = b'{"amount": 5, "reason": "' + b"x" * 10_000_000 + b'"}'
    headers = {"Authorization": f"Bearer {admin.tokens['access']}", "Content-Type": "application/json"}
    data = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body

    response = gunicorn.send("POST", f"/api/wallet/{customer.id}/credit", data=data, headers=headers)

    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert contents(database) == before
