"""A stand-in for Google's signing keys, with everything about a message open to change."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.gateways.certificates import NOW

PROTOCOL = "ECv2SigningOnly"
MERCHANT = "3388000000022"
TOMORROW = NOW + timedelta(days=1)


def millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def spki(key: EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sign(key: EllipticCurvePrivateKey, *texts: str) -> str:
    """Sign texts, each after its length as four bytes, the smallest first."""
    signed = b"".join(len(t.encode()).to_bytes(4, "little") + t.encode() for t in texts)
    return base64.b64encode(key.sign(signed, ECDSA(hashes.SHA256()))).decode()


def new_key(curve: EllipticCurve | None = None) -> EllipticCurvePrivateKey:
    return generate_private_key(curve or SECP256R1())


@dataclass
class Google:
    """Signs messages for a recipient."""

    sender: str = "GooglePayPasses"
    recipient: str = MERCHANT
    protocol: str = PROTOCOL
    root: EllipticCurvePrivateKey = field(default_factory=new_key)
    intermediate: EllipticCurvePrivateKey = field(default_factory=new_key)
    root_expires: datetime = TOMORROW
    intermediate_expires: datetime = TOMORROW
    signed_key: str | None = None
    signed_message: str | None = None

    def keys(self) -> dict[str, Any]:
        key = {"keyValue": spki(self.root), "protocolVersion": PROTOCOL}
        older = {"keyValue": spki(new_key()), "protocolVersion": "ECv1"}
        return {"keys": [older, key | {"keyExpiration": millis(self.root_expires)}]}

    def message(self, **changes: Any) -> dict[str, Any]:
        known = {"classId": "3388.class", "objectId": "3388.object", "eventType": "save", "nonce": "nonce-1"}
        return known | {"expTimeMillis": int(millis(TOMORROW)), "count": 1} | changes

    def envelope(self, **changes: Any) -> dict[str, Any]:
        key = {"keyValue": spki(self.intermediate), "keyExpiration": millis(self.intermediate_expires)}
        signed_key = self.signed_key or json.dumps(key)
        message = self.signed_message or json.dumps(self.message(**changes))
        return {
            "protocolVersion": self.protocol,
            "signature": sign(self.intermediate, self.sender, self.recipient, self.protocol, message),
            "intermediateSigningKey": {
                "signedKey": signed_key,
                "signatures": [sign(self.root, self.sender, self.protocol, signed_key)],
            },
            "signedMessage": message,
        }

    def raw(self, **changes: Any) -> bytes:
        return json.dumps(self.envelope(**changes)).encode()
