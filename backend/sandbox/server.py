"""Serves the sandbox on a port of this machine."""

import tempfile
import threading
from pathlib import Path
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from backend.sandbox import keys, signatures
from backend.sandbox.app import create_sandbox
from backend.sandbox.paypal_certificates import Certificates
from backend.sandbox.state import Sandbox
from backend.sandbox.webhooks import Event, Webhooks

HOST = "127.0.0.1"
_POLL_SECONDS = 0.02


class _QuietHandler(WSGIRequestHandler):
    """Requests are kept for /sandbox/requests instead of being written to the terminal."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Write only what went wrong inside the sandbox itself."""
        if type == "error":
            super().log(type, message, *args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


class SandboxServer:
    """One running sandbox; use it as a context manager, or call start and stop."""

    def __init__(
        self,
        port: int = 0,
        webhook_base_url: str | None = None,
        ca_file: Path | None = None,
        *,
        host: str = HOST,
    ) -> None:
        certificates = Certificates()
        self.sandbox = Sandbox(certificates, Webhooks(self._sign, base_url=webhook_base_url))
        self._scratch = None if ca_file else tempfile.TemporaryDirectory(prefix="sandbox-")
        self.ca_file = ca_file or Path(self._scratch.name if self._scratch else "", "paypal-ca.pem")
        certificates.write_root(self.ca_file)
        self._server = make_server(
            host, port, create_sandbox(self.sandbox), threaded=True, request_handler=_QuietHandler
        )
        self.url = self.sandbox.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)

    @property
    def webhook_base_url(self) -> str | None:
        """Tell where events go: to this address followed by /razorpay, /paypal and so on."""
        return self.sandbox.webhooks.settings.base_url

    @webhook_base_url.setter
    def webhook_base_url(self, url: str | None) -> None:
        """Send events there from now on; None keeps them."""
        self.sandbox.webhooks.change(base_url=url)

    def start(self) -> Self:
        """Begin to answer requests and to send events."""
        self._thread.start()
        self.sandbox.webhooks.start()
        return self

    def stop(self) -> None:
        """Stop; requests that still hang are let go."""
        self.sandbox.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.sandbox.webhooks.stop()
        if self._scratch:
            self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=_POLL_SECONDS)

    def _sign(self, event: Event) -> dict[str, str]:
        if event.provider == "razorpay":
            return signatures.razorpay_webhook(event.body, event.id)
        if event.provider == "paypal":
            return self.sandbox.certificates.headers(
                event.body, webhook_id=keys.PAYPAL_WEBHOOK_ID, base_url=self.url
            )
        if event.provider == "twilio":
            return signatures.twilio_webhook(event.url or "", event.body)
        return signatures.whatsapp_webhook(event.body)
