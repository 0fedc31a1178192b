"""The settings of telephone calls, read from the environment and checked."""

from environs import Env, ValidationError

from backend.gateway_config import is_url
from backend.telephony.settings import TWILIO_URL, TelephonySettings, is_e164


def read_telephony(env: Env) -> TelephonySettings:
    """Read the account of Twilio's that makes calls."""
    return TelephonySettings(
        account_sid=env.str("TELEPHONY_ACCOUNT_SID", ""),
        auth_token=env.str("TELEPHONY_AUTH_TOKEN", ""),
        from_number=env.str("TELEPHONY_FROM_NUMBER", "", validate=_is_number),
        api_url=(env.str("TELEPHONY_API_URL", "", validate=is_url) or TWILIO_URL).rstrip("/"),
    )


def production_faults(telephony: TelephonySettings) -> list[str]:
    """Name what is missing of an account that is set up in part, which nobody could call with."""
    needed = {
        "TELEPHONY_ACCOUNT_SID": telephony.account_sid,
        "TELEPHONY_AUTH_TOKEN": telephony.auth_token,
        "TELEPHONY_FROM_NUMBER": telephony.from_number,
    }
    if not any(needed.values()):
        return []
    return [
        f"{name}: must be set; without it nobody can be called" for name, value in needed.items() if not value
    ]


def _is_number(text: str) -> None:
    if text and not is_e164(text):
        raise ValidationError("must be a number in E.164, such as +15005550006")
