"""From nothing to the first answer: the embedded MongoDB, the application, gunicorn."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from backend.embedded_mongo import ANY_FREE_PORT, EmbeddedMongo, EmbeddedMongoError
from tests.bench.report import Figure, compare, value_at_most
from tests.bench.server import Server
from tests.bench.stage import Stage, scratch_directory

CREATE_APP = """
import time
began = time.perf_counter()
from backend import create_app
create_app()
print(time.perf_counter() - began)
"""


def run(stage: Stage) -> Iterator[Figure]:
    """Time each start, a few times over."""
    yield from _mongo(stage)
    with stage.database() as database:
        environment = {**os.environ, "MONGODB_URI": stage.uri, "MONGODB_DB": database.name}
        apps = [_create_app(environment) for _ in range(stage.repeats)]
        yield compare("import and create_app", "s", apps, bar=value_at_most(3))
        servers = []
        for _ in range(stage.repeats):
            with Server("wsgi:app", uri=stage.uri, database=database.name) as server:
                servers.append(server.seconds_to_start)
        yield compare("gunicorn answers", "s", servers, bar=value_at_most(3))


def _mongo(stage: Stage) -> Iterator[Figure]:
    cold, warm = [], []
    try:
        for _ in range(stage.repeats):
            with scratch_directory("start") as place:
                cold.append(_seconds_to_start(place))
                warm.append(_seconds_to_start(place))
    except EmbeddedMongoError as error:
        yield Figure(name="embedded MongoDB", note=str(error))
        return
    yield compare("embedded MongoDB writable, first start", "s", cold)
    yield compare("embedded MongoDB writable, warm", "s", warm, bar=value_at_most(2))


def _seconds_to_start(place: Path) -> float:
    server = EmbeddedMongo(place, port=ANY_FREE_PORT)
    return _timed(server.start, server.stop)


def _timed(start: Callable[[], object], stop: Callable[[], object]) -> float:
    began = time.perf_counter()
    start()
    took = time.perf_counter() - began
    stop()
    return took


def _create_app(environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", CREATE_APP]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(output)
