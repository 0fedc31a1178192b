"""Google's signing scheme ECv2SigningOnly: what exactly is signed, and by which keys."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

PROTOCOL = "ECv2SigningOnly"
MOST_SIGNATURES = 8


class NotSigned(ValueError):
    """This does not carry the signatures it needs."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key of Google's, and until when it counts."""

    public_key: EllipticCurvePublicKey
    expires_at: datetime

    def is_good_at(self, now: datetime) -> bool:
        """Tell whether the key still counts."""
        return now < self.expires_at


def read_key(found: Mapping[str, Any]) -> SigningKey:
    """Read a root or an intermediate key; one without an expiry is none."""
    try:
        public_key = load_der_public_key(base64.b64decode(found["keyValue"], validate=True))
        expires_at = datetime.fromtimestamp(int(found["keyExpiration"]) // 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError, UnsupportedAlgorithm):
        raise NotSigned from None
    if not isinstance(public_key, EllipticCurvePublicKey) or not isinstance(public_key.curve, SECP256R1):
        raise NotSigned
    return SigningKey(public_key, expires_at)


def signing_key_bytes(sender: str, signed_key: str) -> bytes:
    """Give what a root key signs when it vouches for an intermediate key."""
    return _with_lengths(sender, PROTOCOL, signed_key)


def message_bytes(sender: str, recipient: str, signed_message: str) -> bytes:
    """Give what an intermediate key signs."""
    return _with_lengths(sender, recipient, PROTOCOL, signed_message)


def is_signed(signed: bytes, signatures: object, keys: Iterable[SigningKey]) -> bool:
    """Tell whether one of the keys made one of the signatures."""
    if not isinstance(signatures, list) or len(signatures) > MOST_SIGNATURES:
        return False
    return any(_fits(signed, signature, key) for key in keys for signature in signatures)


def _fits(signed: bytes, signature: object, key: SigningKey) -> bool:
    if not isinstance(signature, str):
        return False
    try:
        key.public_key.verify(base64.b64decode(signature, validate=True), signed, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _with_lengths(*texts: str) -> bytes:
    """Write each text after its length, so that no two lists of texts look the same."""
    encoded = [text.encode(errors="surrogatepass") for text in texts]
    return b"".join(len(one).to_bytes(4, "little") + one for one in encoded)
