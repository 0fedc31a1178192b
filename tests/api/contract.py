"""Holds every JSON answer against the OpenAPI document that promises it."""

import json
import re
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator, FormatChecker


class Contract:
    """The published document, and what the answers seen so far do not keep of it."""

    def __init__(self, app: Flask) -> None:
        self.violations: list[str] = []
        self.document: dict[str, Any] = {}
        self._app = app
        app.after_request(self._look_at)

    def schema_of(self, path: str, method: str, status: int) -> dict[str, Any] | None:
        """Find the schema that the document promises for one answer."""
        answers = self.document["paths"][path][method.lower()]["responses"]
        content = answers.get(str(status), {}).get("content", {})
        found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return found

    def _look_at(self, response: Response) -> Response:
        path = template(request.url_rule.rule) if request.url_rule else ""
        if not self.document:
            self.document = published(self._app)
        if response.is_json and request.method.lower() in self.document["paths"].get(path, {}):
            self.violations += self._faults(path, response)
        return response

    def _faults(self, path: str, response: Response) -> list[str]:
        answer = f"{request.method} {path} → {response.status_code}"
        schema = self.schema_of(path, request.method, response.status_code)
        if schema is None:
            return [f"{answer}: no schema is documented"]
        whole = {**schema, "components": self.document["components"]}
        validator = Draft202012Validator(whole, format_checker=FormatChecker())
        body = plain(response)
        faults = [f"{answer}: {fault.message}" for fault in validator.iter_errors(body)]
        name = schema.get("$ref", "").rpartition("/")[2]
        promised = self.document["components"]["schemas"].get(name, {}).get("properties", {})
        return faults + [f"{answer}: {field} is missing" for field in sorted(set(promised) - set(body))]


def template(rule: str) -> str:
    """Write a Flask rule the way OpenAPI does."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def plain(response: Response) -> Any:
    """Read a body as a client does, with ordinary numbers."""
    return json.loads(response.get_data())


def published(app: Flask) -> dict[str, Any]:
    """Give the document as it is served."""
    with app.app_context():
        served = app.view_functions["api-docs.openapi_json"]()
        found: dict[str, Any] = json.loads(served.get_data())
    return found
