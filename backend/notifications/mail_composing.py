"""Puts a message into the form of an e-mail, in which nothing that it says can become a header."""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from backend.notifications.errors import DeliveryFailed
from backend.notifications.port import Message
from backend.notifications.settings import EmailSettings

# Old servers take nothing but ASCII, so Hindi travels as base64.
POLICY = SMTP.clone(cte_type="7bit")
LONGEST_ADDRESS = 254

# Words between dots; the standard library's own reader stumbles over some texts that are no address.
_ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
    r"@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
    re.ASCII | re.IGNORECASE,
)


def compose(message: Message, settings: EmailSettings) -> EmailMessage:
    """Compose a mail; raises DeliveryFailed when the address is none."""
    mail = EmailMessage(policy=POLICY)
    mail.set_content(message.text)
    mail["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=deliverable(message.to))
    mail["Subject"] = " ".join(message.subject.split())
    mail["Message-ID"] = message_id(message, settings)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Content-Language"] = message.language
    # Machines that answer for people on holiday do not answer this.
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def message_id(message: Message, settings: EmailSettings) -> str:
    """Name the mail after the message, so that mail programs know a repetition by it."""
    # Dots are letters to `quote`, but not everywhere in an address.
    name = quote(message.id, safe="").replace(".", "%2E")
    return f"<{name}@{sender_domain(settings)}>"


def sender_domain(settings: EmailSettings) -> str:
    """Tell whose mail it is."""
    return settings.sender.rpartition("@")[2]


def deliverable(address: str) -> str:
    """Give an address in ASCII, its domain as the DNS knows it; raises DeliveryFailed for what is none."""
    local, _, domain = address.strip().rpartition("@")
    try:
        spec = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise DeliveryFailed(reason="not an e-mail address") from error
    if not _ADDRESS.fullmatch(spec) or len(spec) > LONGEST_ADDRESS:
        raise DeliveryFailed(reason="not an e-mail address")
    return spec
