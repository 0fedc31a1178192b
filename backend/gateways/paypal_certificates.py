"""Fetches the certificates that sign PayPal's webhooks, from PayPal only, and checks whose they are."""

import re
import threading
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from backend.gateways.errors import GatewayError, NotConfigured, WebhookSignatureInvalid
from backend.gateways.outgoing import AnswerTooLarge, Outgoing
from backend.gateways.settings import PayPalSettings

HOSTS = frozenset(
    ("api.paypal.com", "api.sandbox.paypal.com", "api-m.paypal.com", "api-m.sandbox.paypal.com")
)
LARGEST_CHAIN = 64 * 1024
SHORTEST_KEY = 2048
KEPT = 16
KEPT_FOR = timedelta(hours=24)

_PATH = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_-]{1,128}")
_OWNER = re.compile(r"([a-z0-9-]+\.)+paypal\.com")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class CertificateStore:
    """Gives the key behind a certificate's address; what was checked is kept for a day."""

    def __init__(self, settings: PayPalSettings, *, outgoing: Outgoing, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._now = now
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[datetime, RSAPublicKey]] = {}

    def key_at(self, url: str) -> RSAPublicKey:
        """Give the public key of PayPal's certificate at this address; nothing else is ever fetched."""
        if not self._may_be_fetched(url):
            raise WebhookSignatureInvalid
        return self._kept_key(url) or self._new_key(url)

    def _may_be_fetched(self, url: str) -> bool:
        return is_address_of_paypal(url) or (
            self._settings.allows_test_roots
            and bool(self._settings.webhook_cert_ca)
            and _is_at(url, self._settings.api_url)
        )

    def _kept_key(self, url: str) -> RSAPublicKey | None:
        with self._guard:
            good_until, key = self._kept.get(url, (None, None))
        return key if good_until and self._now() < good_until else None

    def _new_key(self, url: str) -> RSAPublicKey:
        """Fetch and check; only what was found good is kept, so that rubbish drives nothing out."""
        leaf, *others = _certificates(self._fetch(url))
        now = self._now()
        key = self._checked(leaf, others, now)
        with self._guard:
            self._kept.pop(url, None)
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[url] = (min(now + KEPT_FOR, leaf.not_valid_after_utc), key)
        return key

    def _fetch(self, url: str) -> bytes:
        try:
            answer = self._outgoing.send("GET", url, largest=LARGEST_CHAIN)
        except AnswerTooLarge:
            raise WebhookSignatureInvalid from None
        if 300 <= answer.status_code < 400 or answer.status_code in (404, 410):
            raise WebhookSignatureInvalid
        if answer.status_code != 200:
            raise GatewayError(gateway="paypal", reason="certificate not served")
        return answer.content

    def _checked(self, leaf: x509.Certificate, others: list[x509.Certificate], now: datetime) -> RSAPublicKey:
        """Follow the chain to a root that we trust, for a name of PayPal's, at this time."""
        roots = _roots(self._settings.webhook_cert_ca or certifi.where())
        builder = PolicyBuilder().store(roots).time(now)
        try:
            verifier = builder.build_server_verifier(x509.DNSName(_name_of_paypal(leaf)))
            verifier.verify(leaf, others)
            key = leaf.public_key()
        except NOT_PAYPALS:
            raise WebhookSignatureInvalid from None
        if not isinstance(key, RSAPublicKey) or key.key_size < SHORTEST_KEY:
            raise WebhookSignatureInvalid
        return key


NOT_PAYPALS = (
    VerificationError,
    ValueError,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def is_address_of_paypal(url: str) -> bool:
    """Tell whether an address is, to the letter, one where PayPal keeps these certificates."""
    host, slash, path = url.removeprefix("https://").partition("/")
    return url.startswith("https://") and host in HOSTS and bool(_PATH.fullmatch(slash + path))


def _is_at(url: str, base_url: str) -> bool:
    base = urlsplit(base_url)
    prefix = f"{base.scheme}://{base.netloc}"
    return url.startswith(f"{prefix}/") and bool(_PATH.fullmatch(url.removeprefix(prefix)))


def _certificates(pem: bytes) -> list[x509.Certificate]:
    """Read a chain, the signing certificate first."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise WebhookSignatureInvalid from None


def _name_of_paypal(leaf: x509.Certificate) -> str:
    """Find the name of PayPal's that the certificate is for."""
    extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    names = extension.value.get_values_for_type(x509.DNSName)
    found = next((name for name in names if _OWNER.fullmatch(name)), None)
    if found is None:
        raise ValueError("not a certificate of PayPal's")
    return found


@cache
def _roots(path: str) -> Store:
    """Read a file of trusted roots, passing over any that cannot be read."""
    try:
        content = Path(path).read_bytes()
        return Store([root for pem in _PEM.findall(content) for root in _readable(pem)])
    except (OSError, ValueError) as error:
        raise NotConfigured("The file with the roots of PayPal's certificates cannot be used.") from error


def _readable(pem: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            return [x509.load_pem_x509_certificate(pem)]
        except (ValueError, CryptographyDeprecationWarning):
            return []
