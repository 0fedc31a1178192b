"""Sends messages by e-mail, through the shop's own mail server."""

import logging
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from backend.notifications.errors import DeliveryDelayed, DeliveryFailed
from backend.notifications.mail_composing import compose, sender_domain
from backend.notifications.port import Message, Sent
from backend.notifications.settings import EmailSettings

TIMEOUT_SECONDS = 10.0
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
# What servers answer to those who have to log in first, or may not.
LOGIN_WANTED = (530, 534, 535, 538)

log = logging.getLogger(__name__)


class Email:
    """The way to reach customers by e-mail; each message has a connection of its own."""

    name = "email"

    def __init__(
        self,
        settings: EmailSettings,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._timeout = timeout_seconds
        self._tls = tls or ssl.create_default_context()

    def send(self, message: Message) -> Sent:
        """Hand the mail to the server, which answers for it from then on."""
        mail = compose(message, self._settings)
        client = self._connect()
        try:
            self._envelope(client, mail)
            _hand_over(client, mail)
            # It is taken; whether the server still says goodbye changes nothing.
            with suppress(OSError):
                client.quit()
        finally:
            client.close()
        return Sent(provider_id=mail["Message-ID"])

    def _connect(self) -> smtplib.SMTP:
        """Connect, encrypt and log in; whatever goes wrong here, nothing was sent."""
        client: smtplib.SMTP | None = None
        try:
            client = self._dial()
            self._secure(client)
            if self._settings.user:
                client.login(self._settings.user, self._settings.password)
        except (OSError, DeliveryDelayed) as error:  # All errors of smtplib and ssl are OSErrors.
            if client:
                client.close()
            raise _not_let_in(error) from error
        return client

    def _dial(self) -> smtplib.SMTP:
        # Without a name of our own, smtplib would ask the DNS for one.
        own_name = sender_domain(self._settings)
        host, port = self._settings.host, self._settings.port
        if self._settings.is_encrypted_at_once:
            return smtplib.SMTP_SSL(host, port, own_name, timeout=self._timeout, context=self._tls)
        return smtplib.SMTP(host, port, own_name, timeout=self._timeout)

    def _secure(self, client: smtplib.SMTP) -> None:
        """Encrypt the line if the server can; a password never goes over an open one to another machine."""
        client.ehlo_or_helo_if_needed()
        if self._settings.is_encrypted_at_once:
            return
        if client.has_extn("starttls"):
            client.starttls(context=self._tls)
            client.ehlo()
        elif self._settings.user and self._settings.host not in THIS_MACHINE:
            raise DeliveryDelayed(reason="the mail server offers no encryption")

    def _envelope(self, client: smtplib.SMTP, mail: EmailMessage) -> None:
        """Say from whom and to whom; the server may say no to either."""
        [recipient] = mail["To"].addresses
        try:
            from_us = client.mail(self._settings.sender)
            _check(from_us, is_about_us=True)
            _check(client.rcpt(recipient.addr_spec))
        except OSError as error:
            raise DeliveryDelayed(reason=f"the line broke ({type(error).__name__})") from error


def _hand_over(client: smtplib.SMTP, mail: EmailMessage) -> None:
    """Send the mail itself; when the line breaks now, the server may have it or not."""
    try:
        answer = client.data(mail.as_bytes())
    except smtplib.SMTPDataError as error:
        answer = (error.smtp_code, _bytes(error.smtp_error))
    except OSError as error:
        raise DeliveryDelayed(
            reason=f"no answer after the mail ({type(error).__name__})", may_have_arrived=True
        ) from error
    if not 200 <= answer[0] < 600:
        raise DeliveryDelayed(reason="an unreadable answer after the mail", may_have_arrived=True)
    _check(answer)


def _check(answer: tuple[int, bytes], *, is_about_us: bool = False) -> None:
    """Raise what a server's answer means, unless it is yes."""
    code, words = answer
    if 200 <= code < 300:
        return
    reason = f"{code} {words.decode(errors='replace')}"
    if 500 <= code < 600 and (is_about_us or code in LOGIN_WANTED):
        log.error("email: the mail server takes nothing from us (%s)", reason)
        raise DeliveryDelayed(reason=reason)
    if 500 <= code < 600:
        raise DeliveryFailed(reason=reason)
    raise DeliveryDelayed(reason=reason)


def _not_let_in(error: OSError | DeliveryDelayed) -> DeliveryDelayed:
    """Say why there is no session; what only we can put right is an alert."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reason = f"the login is refused ({error.smtp_code})"
    elif isinstance(error, DeliveryDelayed | smtplib.SMTPNotSupportedError | ssl.SSLError):
        reason = getattr(error, "reason", None) or str(error)
    else:
        log.warning("email: no session with the mail server (%s)", type(error).__name__)
        return DeliveryDelayed(reason=f"not reached ({type(error).__name__})")
    log.error("email: nothing can be sent until the mail server's settings are put right (%s)", reason)
    return DeliveryDelayed(reason=reason)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
