"""What each channel needs to be told before it can be used."""

from dataclasses import dataclass, field

# The version is part of the address, because Meta retires each one after about two years.
WHATSAPP_URL = "https://graph.facebook.com/v23.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppSettings:
    """The number that sends, the token that may use it, and what proves that Meta is calling."""

    phone_number_id: str = ""
    access_token: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)
    verify_token: str = field(default="", repr=False)
    api_url: str = WHATSAPP_URL

    @property
    def is_configured(self) -> bool:
        """Tell whether messages can be sent."""
        return bool(self.phone_number_id and self.access_token)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """The mail server, and whose name stands on what it sends."""

    host: str = ""
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    is_encrypted_at_once: bool = False
    sender: str = ""
    sender_name: str = ""

    @property
    def is_configured(self) -> bool:
        """Tell whether messages can be sent."""
        return bool(self.host)
