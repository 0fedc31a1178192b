"""The settings of the ways to reach customers, read from the environment and checked."""

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from environs import Env, ValidationError

from backend.gateway_config import is_url
from backend.notifications.settings import WHATSAPP_URL, EmailSettings, WhatsAppSettings

_PORTS = {"smtp": 587, "smtps": 465}
_SHAPE = "must read like smtps://user:password@mail.example.in:465/?from=shop@example.in"
# An address, or a name and an address in angle brackets.
_SENDER = re.compile(
    r"(?:(?P<name>[^<>\x00-\x1f]*)<)?(?P<address>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253})(?(name)>)"
)


def read_whatsapp(env: Env) -> WhatsAppSettings:
    """Read the keys of WhatsApp's Cloud API."""
    return WhatsAppSettings(
        phone_number_id=env.str("WHATSAPP_PHONE_NUMBER_ID", ""),
        access_token=env.str("WHATSAPP_ACCESS_TOKEN", ""),
        app_secret=env.str("WHATSAPP_APP_SECRET", ""),
        verify_token=env.str("WHATSAPP_VERIFY_TOKEN", ""),
        api_url=(env.str("WHATSAPP_API_URL", "", validate=is_url) or WHATSAPP_URL).rstrip("/"),
    )


def read_email(env: Env) -> EmailSettings:
    """Read where the mail server is, and how to log in there."""
    env.add_parser("smtp", _email)
    return env.smtp("SMTP_URL", "") or EmailSettings()


def production_faults(whatsapp: WhatsAppSettings) -> list[str]:
    """Name what is missing to know what became of messages."""
    needed = {"WHATSAPP_APP_SECRET": whatsapp.app_secret, "WHATSAPP_VERIFY_TOKEN": whatsapp.verify_token}
    if not whatsapp.is_configured:
        return []
    return [
        f"{name}: must be set; without it reports of delivery cannot be verified"
        for name, value in needed.items()
        if not value
    ]


def _email(text: str) -> EmailSettings:
    """Read the address of a mail server; what is wrong is said without repeating the password."""
    if not text:
        return EmailSettings()
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValidationError(_SHAPE) from error
    if url.scheme not in _PORTS or not url.hostname:
        raise ValidationError(_SHAPE)
    user, password = _login(url)
    sender = _SENDER.fullmatch(dict(parse_qsl(url.query)).get("from", ""))
    if not sender:
        raise ValidationError("must end with ?from= and the address of the sender")
    return EmailSettings(
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        user=user,
        password=password,
        is_encrypted_at_once=url.scheme == "smtps",
        sender=sender["address"],
        sender_name=(sender["name"] or "").strip(),
    )


def _login(url: SplitResult) -> tuple[str, str]:
    user, password = unquote(url.username or ""), unquote(url.password or "")
    if bool(user) != bool(password):
        raise ValidationError("must name both a user and a password, or neither")
    if not f"{user}{password}".isascii():
        raise ValidationError("user and password must be ASCII")
    return user, password
