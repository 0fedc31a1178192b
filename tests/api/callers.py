"""Those who knock at doors, and a table of what each of them is told."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Person

CALLERS = ("nobody", "customer", "other", "admin")


class Caller:
    """Somebody who knocks at doors."""

    def __init__(self, client: FlaskClient, person: Person | None = None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {person.tokens['access']}"} if person else {}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.open(path, method=method, json=body, headers=self._headers, buffered=True)


class Table:
    """What each caller gets at each door: a line has method, path, and a status for each caller."""

    def __init__(self, text: str, *, bodies: Mapping[str, Any]) -> None:
        self._rows = [line.split() for line in text.strip().splitlines()]
        self._bodies = bodies

    def promised_to(self, caller: str) -> dict[str, int]:
        """Give the statuses that a caller is to get, by door."""
        column = 2 + CALLERS.index(caller)
        return {f"{row[0]} {row[1]}": int(row[column]) for row in self._rows}

    def told_to(self, caller: Caller, things: Mapping[str, str]) -> dict[str, int]:
        """Knock at every door in turn, and give what the caller is told."""
        return {f"{row[0]} {row[1]}": self._knock(caller, row, things) for row in self._rows}

    def endpoints(self, app: Flask) -> set[str]:
        """Name the endpoints behind the doors."""
        adapter = app.url_map.bind("localhost")
        return {adapter.match(row[1].partition("?")[0], method=row[0])[0] for row in self._rows}

    def _knock(self, caller: Caller, row: list[str], things: Mapping[str, str]) -> int:
        body = self._bodies.get(row[1], self._bodies.get(row[1].rpartition("/")[2]))
        status: int = caller.send(row[0], row[1].format(**things), _filled(body, things)).status_code
        return status


def _filled(body: Any, things: Mapping[str, str]) -> Any:
    """Put the ids of things into a body."""
    if isinstance(body, dict):
        return {name: _filled(value, things) for name, value in body.items()}
    return body.format(**things) if isinstance(body, str) else body


def endpoints_under(app: Flask, families: Iterable[str]) -> set[str]:
    """Name the endpoints of some families of paths."""
    rules = app.url_map.iter_rules()
    return {rule.endpoint for rule in rules if rule.rule.startswith(tuple(families))}
