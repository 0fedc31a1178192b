"""The command line of the embedded MongoDB runs a command beside it, and stops both."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mongo.processes import has_ended, one_line, write

GRACEFUL_COMMAND = """
import os, signal, sys, time
from pymongo import MongoClient
received = []
signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
notes = MongoClient(os.environ["MONGODB_URI"], serverSelectionTimeoutMS=2000).shop.notes
notes.insert_one({"_id": "opened"})
print("ready", flush=True)
while not received:
    time.sleep(0.02)
time.sleep(0.4)
notes.insert_one({"_id": "closed"})
print("signals", len(received), flush=True)
sys.exit(7)
"""


def cli(data: Path, *command: str) -> list[object]:
    return ["-m", "backend.embedded_mongo", "--data", data, "--port", "0", "--", *command]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_command_finish_while_the_database_is_up(
    number: signal.Signals, tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("this shell told its children to ignore the signal")
    process = spawn(*cli(tmp_path, sys.executable, "-c", GRACEFUL_COMMAND))
    assert one_line(process) == "ready"

    for _ in range(3):  # A terminal signals the whole group, and people press Ctrl-C more than once.
        os.killpg(process.pid, number)
        time.sleep(0.1)
    output, errors = process.communicate(timeout=15)

    assert (process.returncode, output) == (7, "signals 1\n"), errors
    mongod = int((errors.split("MongoDB (pid "))[1].split(")")[0])
    assert has_ended(mongod)


def test_the_command_is_stopped_when_the_database_dies(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    process = spawn(
        *cli(tmp_path, sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
    )
    assert one_line(process) == "up"
    assert process.stderr is not None
    mongod = int(process.stderr.readline().split("MongoDB (pid ")[1].split(")")[0])

    os.kill(mongod, signal.SIGKILL)

    assert process.wait(10) == 128 + signal.SIGTERM


def test_without_a_command_the_server_runs_until_a_signal(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    process = spawn(*cli(tmp_path))
    assert process.stderr is not None
    uri = process.stderr.readline().split()[-1]
    write(uri, "kept")

    process.terminate()

    assert process.wait(10) == 0


def test_an_existing_mongodb_uri_reaches_the_command_untouched_and_starts_nothing(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    script = "import os, sys; print(os.environ['MONGODB_URI'], *sys.argv[1:]); sys.exit(5)"

    process = spawn(
        *cli(tmp_path / "unused", sys.executable, "-c", script, "--", "-x"), MONGODB_URI="mongodb://own"
    )
    output, _ = process.communicate(timeout=10)

    assert (process.returncode, output) == (5, "mongodb://own -- -x\n")
    assert not (tmp_path / "unused").exists()


def test_a_missing_command_is_reported_before_anything_starts(
    tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    process = spawn(*cli(tmp_path / "unused", "no-such-command"))
    _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (127, "command not found: no-such-command\n")
    assert not (tmp_path / "unused").exists()


def test_production_never_gets_the_embedded_server(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MONGODB_URI"}
    ask = "import os; print(os.environ.get('MONGODB_URI'))"

    wrapper = [sys.executable, "-m", "backend.embedded_mongo", "--data", str(tmp_path / "data"), "--"]

    done = subprocess.run(
        [*wrapper, sys.executable, "-c", ask],
        env=environment | {"BATUA_ENV": "production"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "None"
    assert not (tmp_path / "data").exists()
