"""What the tests read out of answers: the one error shape, and the state behind them."""

from typing import Any

from pymongo.database import Database

Document = dict[str, Any]
COUNTERS = ("rate_limit_counters", "rate_limit_windows")


def refusal(response: Any) -> tuple[int, str]:
    """Give status and code of an error, once its body has proved to have the one error shape."""
    body = response.get_json()
    assert set(body) == {"success", "status", "error", "request_id"}
    assert (body["success"], body["status"]) == (False, "error")
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"]
    assert isinstance(body["error"]["details"], dict)
    assert body["request_id"] == response.headers["X-Request-ID"]
    return response.status_code, body["error"]["code"]


def faulty_fields(response: Any) -> set[str]:
    """Give the names of the fields that a refusal complains about."""
    assert refusal(response) == (400, "VALIDATION_ERROR")
    return set(response.get_json()["error"]["details"]["fields"])


def contents(database: Database[Document]) -> dict[str, list[Document]]:
    """Give everything that is stored, but for the counters of rate limits."""
    names = sorted(set(database.list_collection_names()) - set(COUNTERS))
    return {name: list(database[name].find(sort=[("_id", 1)])) for name in names}
