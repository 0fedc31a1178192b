"""Runs the sandbox from the command line until it is told to stop."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from backend.sandbox.environment import CA_FILE, DEFAULT_PORT
from backend.sandbox.server import HOST, SandboxServer

_log = logging.getLogger("backend.sandbox")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; production has real gateways and refuses."""
    if os.environ.get("BATUA_ENV", "").strip().lower() == "production":
        sys.stderr.write("The sandbox moves no money, so it does not start with BATUA_ENV=production.\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="sandbox: %(message)s")
    options = _parser().parse_args(arguments)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    server = SandboxServer(options.port, options.webhooks, options.ca_file, host=options.host)
    with server:
        _log.info("the gateways' sandbox is at %s/sandbox", server.url)
        told_to_stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.sandbox", description=__doc__)
    port = int(os.environ.get("SANDBOX_PORT", DEFAULT_PORT))
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--webhooks", metavar="URL", help="where events go, such as http://…/api/webhooks")
    parser.add_argument("--ca-file", type=Path, default=CA_FILE)
    return parser


if __name__ == "__main__":
    sys.exit(main())
