"""Every setting, read from the environment once, checked, and then passed around as a value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from environs import Env, EnvValidationError, ValidationError, validate
from limits import parse_many

from backend import gateway_config, notification_config, telephony_config
from backend.gateways.settings import (
    ApplePaySettings,
    ExchangeSettings,
    GooglePaySettings,
    PayPalSettings,
    RazorpaySettings,
)
from backend.money import BadAmount, to_minor
from backend.notifications.settings import EmailSettings, WhatsAppSettings
from backend.telephony.settings import TelephonySettings

DEFAULT_SECRET = "insecure-development-secret-never-use-in-production"  # noqa: S105
EMBEDDED_MONGODB_URI = "mongodb://127.0.0.1:27117/?replicaSet=batua"
SHORTEST_SECRET = 32
CURRENCY = "INR"
ENVIRONMENTS = ("development", "test", "production")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


class BadSettings(RuntimeError):
    """The environment cannot be worked with; the message names every variable at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation can decide."""

    environment: str = "development"
    mongodb_uri: str = EMBEDDED_MONGODB_URI
    mongodb_db: str = "batua"
    secret_key: str = DEFAULT_SECRET
    jwt_secret_key: str = DEFAULT_SECRET
    field_encryption_keys: tuple[str, ...] = ()
    max_amount_minor: int = 99_999_999
    low_balance_threshold_minor: int = 2_000
    default_call_rate_minor: int = 1_000
    cors_origins: tuple[str, ...] = ()
    ratelimit_storage_uri: str = ""
    ratelimit_enabled: bool = True
    login_limit: str = "10/minute"
    payment_initiate_limit: str = "5/minute"
    webhook_failure_limit: str = "100/minute"
    trusted_proxies: int = 0
    log_level: str = "INFO"
    public_url: str = "http://127.0.0.1:8000"
    payment_max_attempts: int = 3
    payment_timeout_minutes: int = 60
    late_payment_days: int = 5
    topup_min_minor: int = 1_000
    topup_max_minor: int = 1_000_000
    topup_daily_limit: int = 10
    refunds_per_order: int = 5
    refund_timeout_hours: int = 24
    celery_broker_url: str = ""
    reconciliation_interval_hours: int = 1
    auto_recharge_cool_off_minutes: int = 10
    upi_collect_enabled: bool = False
    webhook_allow_private: bool = False
    razorpay: RazorpaySettings = field(default_factory=RazorpaySettings)
    paypal: PayPalSettings = field(default_factory=PayPalSettings)
    google_pay: GooglePaySettings = field(default_factory=GooglePaySettings)
    apple_pay: ApplePaySettings = field(default_factory=ApplePaySettings)
    exchange: ExchangeSettings = field(default_factory=ExchangeSettings)
    shop_name: str = "Batua"
    whatsapp: WhatsAppSettings = field(default_factory=WhatsAppSettings)
    email: EmailSettings = field(default_factory=EmailSettings)
    telephony: TelephonySettings = field(default_factory=TelephonySettings)

    @property
    def is_production(self) -> bool:
        """Tell whether real money is at stake."""
        return self.environment == "production"

    def pay_url(self, payment_id: str) -> str:
        """Name the page on which a customer can pay."""
        return f"{self.public_url}/pay/{payment_id}"


def read_settings() -> Settings:
    """Read the settings from the environment, or say everything that is wrong with it at once."""
    env = Env(eager=False)
    env.read_env()
    environment = env.str("BATUA_ENV", "development", validate=validate.OneOf(ENVIRONMENTS))
    settings = Settings(
        environment=environment,
        mongodb_uri=env.str("MONGODB_URI", "") or EMBEDDED_MONGODB_URI,
        mongodb_db=env.str("MONGODB_DB", "batua", validate=validate.Regexp(r"[A-Za-z0-9_-]{1,63}\Z")),
        secret_key=env.str("SECRET_KEY", "") or DEFAULT_SECRET,
        jwt_secret_key=env.str("JWT_SECRET_KEY", "") or DEFAULT_SECRET,
        field_encryption_keys=_words(env, "FIELD_ENCRYPTION_KEYS"),
        max_amount_minor=_minor(env, "MAX_AMOUNT", "999999.99"),
        low_balance_threshold_minor=_minor(env, "LOW_BALANCE_THRESHOLD", "20"),
        default_call_rate_minor=_minor(env, "DEFAULT_CALL_RATE", "10"),
        cors_origins=_words(env, "CORS_ORIGINS"),
        ratelimit_storage_uri=env.str("RATELIMIT_STORAGE_URI", ""),
        ratelimit_enabled=env.bool("RATELIMIT_ENABLED", True),
        login_limit=env.str("LOGIN_LIMIT", "10/minute", validate=_is_limit),
        payment_initiate_limit=env.str("PAYMENT_INITIATE_LIMIT", "5/minute", validate=_is_limit),
        webhook_failure_limit=env.str("WEBHOOK_FAILURE_LIMIT", "100/minute", validate=_is_limit),
        trusted_proxies=env.int("TRUSTED_PROXIES", 0, validate=validate.Range(min=0, max=10)),
        celery_broker_url=env.str("CELERY_BROKER_URL", ""),
        log_level=env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(LOG_LEVELS)),
        shop_name=env.str("SHOP_NAME", "Batua", validate=validate.Length(1, 60)),
        whatsapp=notification_config.read_whatsapp(env),
        email=notification_config.read_email(env),
        telephony=telephony_config.read_telephony(env),
        **_payment_settings(env, environment=environment),
    )
    faults = _read_faults(env)
    if settings.is_production:
        faults += _production_faults(settings)
    if faults:
        raise BadSettings("Batua cannot start:\n" + "\n".join(f"  {fault}" for fault in faults))
    return settings


def _payment_settings(env: Env, *, environment: str) -> dict[str, Any]:
    """Read what decides about payments."""
    public_url = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    return {
        "public_url": public_url,
        "payment_max_attempts": env.int("PAYMENT_MAX_ATTEMPTS", 3, validate=validate.Range(min=1, max=20)),
        "payment_timeout_minutes": env.int("PAYMENT_TIMEOUT_MINUTES", 60, validate=validate.Range(1, 10_080)),
        "late_payment_days": env.int("LATE_PAYMENT_DAYS", 5, validate=validate.Range(0, 30)),
        "upi_collect_enabled": env.bool("UPI_COLLECT_ENABLED", False),
        "razorpay": gateway_config.read_razorpay(env),
        "paypal": gateway_config.read_paypal(env, environment=environment, public_url=public_url),
        "google_pay": gateway_config.read_google_pay(env),
        "apple_pay": gateway_config.read_apple_pay(env),
        "exchange": gateway_config.read_exchange(env),
        "topup_min_minor": _minor(env, "TOPUP_MIN", "10"),
        "topup_max_minor": _minor(env, "TOPUP_MAX", "10000"),
        "topup_daily_limit": env.int("TOPUP_DAILY_LIMIT", 10, validate=validate.Range(min=1)),
        "refund_timeout_hours": env.int("REFUND_TIMEOUT_HOURS", 24, validate=validate.Range(min=1)),
        "webhook_allow_private": env.bool("WEBHOOK_ALLOW_PRIVATE", False),
        "auto_recharge_cool_off_minutes": env.int(
            "AUTO_RECHARGE_COOL_OFF_MINUTES", 10, validate=validate.Range(1, 10_080)
        ),
        "refunds_per_order": env.int("REFUNDS_PER_ORDER", 5, validate=validate.Range(min=1)),
        "reconciliation_interval_hours": env.int(
            "RECONCILIATION_INTERVAL_HOURS", 1, validate=validate.Range(min=1, max=168)
        ),
    }


def _words(env: Env, name: str) -> tuple[str, ...]:
    return gateway_config.words(env.str(name, ""))


def _minor(env: Env, name: str, default: str) -> int:
    text = env.str(name, default, validate=_is_amount)
    return to_minor(text, currency=CURRENCY) if text else 0


def _is_amount(text: str) -> None:
    try:
        to_minor(text, currency=CURRENCY)
    except BadAmount as error:
        raise ValidationError(str(error)) from error


def _is_limit(text: str) -> None:
    try:
        parse_many(text)
    except ValueError as error:
        raise ValidationError("must read like 10/minute") from error


def _read_faults(env: Env) -> list[str]:
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast(Mapping[str, list[str]], error.error_messages)
        return [f"{name}: {' '.join(texts)}" for name, texts in messages.items()]
    return []


def _production_faults(settings: Settings) -> list[str]:
    """Name each secret that is missing, too short or known to everybody."""
    secrets = {"SECRET_KEY": settings.secret_key, "JWT_SECRET_KEY": settings.jwt_secret_key}
    faults = [
        f"{name}: must be set to at least {SHORTEST_SECRET} random characters"
        for name, value in secrets.items()
        if value == DEFAULT_SECRET or len(value) < SHORTEST_SECRET
    ]
    keys = settings.field_encryption_keys
    if not keys or not all(_FERNET_KEY.fullmatch(key) for key in keys):
        faults.append("FIELD_ENCRYPTION_KEYS: must list at least one Fernet key (44 characters)")
    if settings.mongodb_uri == EMBEDDED_MONGODB_URI:
        faults.append("MONGODB_URI: must be set; the embedded server is for development")
    if settings.webhook_allow_private:
        faults.append("WEBHOOK_ALLOW_PRIVATE: is for tests; production calls public addresses only")
    faults += gateway_config.production_faults(settings.razorpay, settings.paypal)
    faults += notification_config.production_faults(settings.whatsapp)
    return faults + telephony_config.production_faults(settings.telephony)
