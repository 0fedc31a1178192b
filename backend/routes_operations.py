"""What machines ask: is the process up, is the database writable, what has been counted."""

import os
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, jsonify, send_from_directory
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from backend import db
from backend.errors import ServiceUnavailable
from backend.services import services

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
def healthz() -> Response:
    """Say that the process is up."""
    return jsonify(status="ok")


@operations.get("/readyz")
def readyz() -> Response:
    """Say that the database takes writes."""
    if not db.is_writable(services().client):
        raise ServiceUnavailable("The database has no primary right now.")
    return jsonify(status="ok", database="ok")


@operations.get("/metrics")
def metrics() -> Response:
    """Show what all worker processes have counted."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@operations.get("/api/docs/assets/<path:name>")
def docs_asset(name: str) -> Response:
    """Serve the documentation viewer's files from the installed package."""
    return send_from_directory(Path(str(files("swagger_ui"))) / "static", name)
