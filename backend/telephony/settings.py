"""What a provider of telephone calls needs to be told before it can be used."""

import re
from dataclasses import dataclass, field

TWILIO_URL = "https://api.twilio.com"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephonySettings:
    """The account that pays for calls, the token that proves both sides, and the number that calls."""

    account_sid: str = ""
    auth_token: str = field(default="", repr=False)
    from_number: str = ""
    api_url: str = TWILIO_URL

    @property
    def is_configured(self) -> bool:
        """Tell whether anybody can be called."""
        return bool(self.account_sid and self.auth_token and self.from_number)


def is_e164(number: str) -> bool:
    """Tell a number as telephone networks write it: a plus, the country's code, and digits."""
    return _E164.fullmatch(number) is not None
