"""gunicorn: a few processes with many threads, metrics shared between them, a drained ledger at the end."""

import os
import shutil
import tempfile
from pathlib import Path

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "32"))
graceful_timeout = 25
keepalive = 15
loglevel = "warning"

# prometheus_client shares counters between processes through files; each start begins afresh.
ours = Path(tempfile.gettempdir()) / f"batua-metrics-{os.getpid()}"
metrics = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(ours)))
metrics.mkdir(parents=True, exist_ok=True)


def when_ready(server):
    """Say where to look."""
    if os.environ.get("BATUA_ENV", "development") != "production":
        print("This is not production: the secrets and the demo's passwords are known to everybody.")
    print(f"Batua is ready at http://{bind} (try /api/docs); Ctrl-C stops it.", flush=True)


def child_exit(server, worker):
    """Stop showing gauges of a worker that has ended."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server):
    """Remove the shared counters with the last process."""
    shutil.rmtree(ours, ignore_errors=True)
