"""A worker whose database and queue go away waits for them, and goes on where it was."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from backend import db
from backend.embedded_mongo import EmbeddedMongo
from tests.api.servers import free_port, until
from tests.mongo.processes import ends_within
from tests.mongo.test_worker import PATIENCE_SECONDS, add_events, all_told, heard

Spawn = Callable[..., subprocess.Popen[str]]


def test_a_worker_outlives_its_database(spawn: Spawn, tmp_path: Path) -> None:
    data, port, book = tmp_path / "mongo", free_port(), tmp_path / "heard"
    book.touch()
    data.mkdir()
    with EmbeddedMongo(data, port=port) as server:
        client = db.connect(server.uri)
        database = client["batua"]
        db.initialise(database)
        named = {"MONGODB_URI": server.uri, "MONGODB_DB": "batua", "BATUA_ENV": "test"}
        worker = spawn("-m", "tests.mongo.recording_worker", book, **named)
        ids = add_events(database, 20)
        until(all_told(database), seconds=PATIENCE_SECONDS)

    assert not ends_within(worker.pid, 5)

    with EmbeddedMongo(data, port=port):
        ids |= add_events(database, 20, first=20)
        until(all_told(database), seconds=PATIENCE_SECONDS)
        worker.terminate()
        assert ends_within(worker.pid, 30)
        client.close()
    assert sorted(heard(book)) == sorted(ids)
