"""Paths and queries that make no sense are refused like bodies that make none."""

import pytest
from pymongo.database import Database

from tests.api.answers import contents, faulty_fields, refusal
from tests.conftest import Document, Person

BAD_QUERIES = {
    "limit": ("", "0", "-1", "201", "1.5", "1e1", "abc", "null", "9" * 20, "9" * 5000, "[]", "0x1"),
    "skip": ("", "-1", "1.5", "1e1", "abc", str(2**31), str(2**63), "9" * 30, "9" * 5000),
    "from": ("", "never", "2026-13-01", "2026-02-30", "0000-01-01", "1e9", "2026-01-01T25:00", "x" * 5000),
    "to": ("", "2026-00-10", "99999-01-01", "2026-01-01T00:00+99:00", "9999-12-31T23:59:59-05:00", "9" * 20),
    "transaction_type": ("", "CREDIT", "hold", "credit,debit", "$ne"),
    "user_id": ("", "x" * 101),
}
HOSTILE_TEXTS = ("%00", "a%00b", "%ED%A0%80", "%FF", "%C0%80")
HOSTILE_PATHS = (*HOSTILE_TEXTS, "..%2f..%2fetc", "$where", "%7B%22$gt%22:%22%22%7D", "x" * 3000)


@pytest.mark.parametrize("field", BAD_QUERIES)
def test_a_value_that_makes_no_sense_is_named(customer: Person, field: str) -> None:
    asked = {text: {field: text} for text in BAD_QUERIES[field]}

    said = {text: customer.get("/api/transactions", query_string=query) for text, query in asked.items()}

    assert {text: faulty_fields(response) for text, response in said.items()} == {
        key: {field} for key in said
    }


@pytest.mark.parametrize("path", ["/api/transactions/download", "/api/wallet/{id}/transactions"])
def test_every_list_checks_its_query(customer: Person, path: str) -> None:
    field = "from" if path.endswith("download") else "limit"

    response = customer.get(path.format(id=customer.id), query_string={field: "never"})

    assert faulty_fields(response) == {field}


@pytest.mark.parametrize("field", ["user_id", "from", "transaction_type", "unknown"])
def test_a_null_character_in_a_query_is_refused(admin: Person, field: str) -> None:
    response = admin.get(f"/api/transactions?{field}=a%00b")

    assert refusal(response) == (400, "VALIDATION_ERROR")


def test_bytes_that_are_no_text_find_nobody(admin: Person) -> None:
    said = [admin.get(f"/api/transactions?user_id={text}") for text in HOSTILE_TEXTS]

    assert [response.status_code for response in said if response.status_code >= 500] == []
    assert [response.json["total"] for response in said if response.status_code == 200] == [0, 0, 0]


@pytest.mark.parametrize("end", ["", "/balance", "/transactions"])
def test_a_wallet_of_nonsense_is_nowhere(admin: Person, end: str) -> None:
    said = {text: refusal(admin.get(f"/api/wallet/{text}{end}")) for text in HOSTILE_PATHS}

    assert {status for status, _ in said.values()} <= {400, 404}


@pytest.mark.parametrize("key", [None, "key"])
def test_a_wallet_of_nonsense_gets_no_credit(
    admin: Person, database: Database[Document], key: str | None
) -> None:
    before = contents(database)
    body = {"amount": 5, "reason": "a"}

    said = {text: refusal(admin.post(f"/api/wallet/{text}/credit", body, key=key)) for text in HOSTILE_PATHS}

    assert {status for status, _ in said.values()} <= {400, 404}
    assert contents(database) | {"idempotency_keys": []} == before


@pytest.mark.parametrize("name", ["user_id[$ne]", "user_id[$gt]", "user_id.$ne", "$where"])
def test_an_operator_in_the_name_of_a_query_shows_nothing_of_others(
    customer: Person, other_customer: Person, name: str
) -> None:
    other_customer.is_given(500)

    response = customer.get("/api/transactions", query_string={name: ""})

    assert response.status_code == 400 or response.json["total"] == 0


@pytest.mark.parametrize("path", ["..%2f__init__.py", "%2e%2e/__init__.py", "..\\__init__.py", "%00", ""])
def test_the_documentation_serves_nothing_but_its_own_files(customer: Person, path: str) -> None:
    response = customer.get(f"/api/docs/assets/{path}")

    assert refusal(response) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("user_id[$gt]=", "user_id[$gt]"),
        ("type=debit", "type"),
        ("form=2026-01-01", "form"),
        ("transaction_type=credit&transaction_type=debit", "transaction_type"),
    ],
)
@pytest.mark.parametrize("path", ["/api/transactions", "/api/transactions/download"])
def test_a_filter_that_is_mistyped_or_repeated_never_shows_everything(
    admin: Person, path: str, query: str, field: str
) -> None:
    response = admin.get(f"{path}?{query}")

    assert response.status_code == 400
    assert field in response.json["error"]["details"]["fields"]
