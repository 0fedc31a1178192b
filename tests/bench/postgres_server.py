"""A PostgreSQL that lives as long as the benchmark, where its packages are installed."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.stage import scratch_directory

PROGRAMS = Path("/usr/lib/postgresql")
INSTALL = "not installed: apt-get install postgresql, and .venv/bin/pip install 'psycopg[binary]'"
START_SECONDS = 30


def find_programs() -> Path | None:
    """Find initdb and postgres of the newest version, when the Python driver is there too."""
    if importlib.util.find_spec("psycopg") is None:
        return None
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def postgres(programs: Path) -> Iterator[str]:
    """Start a fresh cluster with PostgreSQL's own settings but for a seat for each thread."""
    user = _unprivileged_user()
    with scratch_directory("postgres") as place:
        if user:
            shutil.chown(place, user)
        data = place / "data"
        initdb = [programs / "initdb", "--auth=trust", "--username=bench", "--pgdata", data]
        subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=place)
        control = [programs / "pg_ctl", "--pgdata", data, "--log", place / "log", "--wait"]
        options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c max_connections=200"
        start = [*control, "--timeout", str(START_SECONDS), "--options", options, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, user=user, cwd=place)
        try:
            yield f"host={place} user=bench dbname=postgres"
        finally:
            subprocess.run(
                [*control, "--mode=fast", "stop"],
                check=True,
                stdout=subprocess.DEVNULL,
                user=user,
                cwd=place,
            )


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; name somebody else when we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
