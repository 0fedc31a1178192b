"""A mail server on this machine that takes mail, or does not, as a test tells it to."""

import asyncio
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANGS_UP = "250 never heard"
LONG_SECONDS = 60.0  # Longer than anybody waits; it ends with the server.


@dataclass(frozen=True)
class Mail:
    """A mail as it arrived."""

    sender: str
    recipients: list[str]
    raw: bytes
    was_encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        read = message_from_bytes(self.raw, policy=default)
        assert isinstance(read, EmailMessage)
        return read

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """Serves while it is entered; `replies` replaces the answers to commands of SMTP."""

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    is_encrypted_at_once: bool = False
    login: tuple[str, str] | None = None
    takes_passwords_in_the_open: bool = False
    replies: dict[str, str] = field(default_factory=dict)
    after_the_mail: str = "answers"  # Or "hangs", or "hangs up".
    received: list[Mail] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def __enter__(self) -> "MailServer":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        at_once = self.tls if self.is_encrypted_at_once else None
        listening = self._loop.create_server(self._speaker, self.host, 0, ssl=at_once)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _speaker(self) -> SMTP:
        speaker = SMTP(
            self,
            hostname="mail.example.in",
            tls_context=None if self.is_encrypted_at_once else self.tls,
            authenticator=self._authenticate if self.login else None,
            auth_required=bool(self.login),
            loop=self._loop,
        )
        # Passed as an argument, this would be a warning.
        speaker._auth_require_tls = not (self.takes_passwords_in_the_open or self.is_encrypted_at_once)
        return speaker

    def _authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False, auth_data=given[0])

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"MAIL {' '.join([address, *options])}")
        if "MAIL" not in self.replies:
            envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"RCPT {address}")
        if self.replies.get("RCPT") == HANGS_UP:
            server.transport.close()
        if "RCPT" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if "DATA" in self.replies:
            return self.replies["DATA"]
        raw = envelope.original_content
        assert envelope.mail_from
        assert raw
        self.received.append(
            Mail(envelope.mail_from, envelope.rcpt_tos, raw, bool(session.ssl), session.auth_data)
        )
        if self.after_the_mail == "hangs":
            await asyncio.sleep(LONG_SECONDS)
        if self.after_the_mail == "hangs up":
            server.transport.close()
        return "250 taken"

    async def handle_QUIT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.after_the_mail == "never says goodbye":
            await asyncio.sleep(LONG_SECONDS)
        return "221 Bye"
