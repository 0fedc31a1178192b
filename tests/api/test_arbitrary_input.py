"""Whatever JSON or bytes arrive: an answer, and never a mistake of ours."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from tests.api.conftest import MakeApp
from tests.conftest import Document, Person

FIELDS = ("name", "email", "password", "phone", "amount", "reason", "source", "role", "$gt", "_id")
EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=10**40)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["5", "1e2", "a@shop.example", "12345678", "promo", "\0", "\ud800", "x" * 600])
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=8,
)
accounts = st.fixed_dictionaries({"name": anything, "email": anything, "password": anything})
movements = st.fixed_dictionaries({"amount": anything, "reason": st.text(max_size=20) | anything})
bodies = anything | accounts | movements | st.dictionaries(st.sampled_from(FIELDS), anything)
paths = st.sampled_from(["/api/wallet/{id}/credit", "/api/auth/login", "/api/auth/signup"])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(login_limit="1000000/minute")


def post(admin: Person, path: str, body: str | bytes, key: str | None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    path = path.format(id=admin.id)
    return admin.send("POST", path, data=body, content_type="application/json", headers=headers)


@EXAMPLES
@given(path=paths, body=bodies, key=st.none() | st.uuids().map(str))
def test_any_json_is_answered(admin: Person, path: str, body: Any, key: str | None) -> None:
    response = post(admin, path, json.dumps(body), key)

    assert response.status_code < 500
    assert response.status_code == 201 or response.json["success"] is False


@EXAMPLES
@given(path=paths, body=st.binary(max_size=60), key=st.none() | st.uuids().map(str))
def test_any_bytes_are_answered(admin: Person, path: str, body: bytes, key: str | None) -> None:
    response = post(admin, path, body, key)

    assert 400 <= response.status_code < 500


@EXAMPLES
@given(name=st.sampled_from(["limit", "skip", "from", "to", "user_id", "transaction_type"]), text=st.text())
def test_any_query_is_answered(admin: Person, name: str, text: str) -> None:
    storable = text.encode("utf-8", "replace").decode()

    response = admin.get("/api/transactions", query_string={name: storable})

    assert response.status_code in (200, 400)


@EXAMPLES
@given(key=st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300))
def test_any_idempotency_key_is_answered(admin: Person, database: Database[Document], key: str) -> None:
    headers = {"Idempotency-Key": key}
    body = {"amount": 0.01, "reason": "a"}

    response = admin.post(f"/api/wallet/{admin.id}/credit", body, headers=headers)

    assert response.status_code in (201, 400)
