"""The certificates with which the sandbox signs PayPal's events, under a root of its own."""

import base64
import datetime
import uuid
import zlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backend.sandbox import ids

_SIGNER = "messageverificationcerts.paypal.com"
_LIFETIME = datetime.timedelta(days=365)
_AuthorityKey = ec.EllipticCurvePrivateKey


class Certificates:
    """A root, an intermediate and a leaf named after PayPal's own; made anew at each start."""

    def __init__(self) -> None:
        root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        root_name, middle_name = _name("Batua Sandbox Root"), _name("Batua Sandbox Intermediate")
        self._root = _authority(root_name, root_key, issuer=root_name, signer=root_key, depth=1)
        self._middle = _authority(middle_name, middle_key, issuer=root_name, signer=root_key, depth=0)
        self._leaf = _leaf(self._key.public_key(), issuer=middle_name, signer=middle_key)
        self.id = f"CERT-{ids.debug()}-{ids.debug()}"

    def write_root(self, path: Path) -> None:
        """Write the root, which whoever verifies has to trust, as a PEM file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_pem(self._root))

    @property
    def chain(self) -> bytes:
        """Give the leaf and its intermediate as PEM, as the certificate's address serves them."""
        return _pem(self._leaf) + _pem(self._middle)

    def headers(self, body: bytes, *, webhook_id: str, base_url: str) -> dict[str, str]:
        """Give the headers of a PayPal event, with a new transmission each time."""
        transmission_id = str(uuid.uuid4())
        sent_at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = signed_message(transmission_id, sent_at, webhook_id, body)
        signature = self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Content-Type": "application/json",
            "User-Agent": "PayPal/AUHD-214.0-58663034",
            "PAYPAL-TRANSMISSION-ID": transmission_id,
            "PAYPAL-TRANSMISSION-TIME": sent_at,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": f"{base_url}/v1/notifications/certs/{self.id}",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise InvalidSignature unless the leaf has signed this."""
        self._key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


def signed_message(transmission_id: str, sent_at: str, webhook_id: str, body: bytes) -> bytes:
    """Give the text that PayPal signs: a checksum of the body and what identifies the transmission."""
    return f"{transmission_id}|{sent_at}|{webhook_id}|{zlib.crc32(body) & 0xFFFFFFFF}".encode()


def _authority(
    name: x509.Name, key: _AuthorityKey, *, issuer: x509.Name, signer: _AuthorityKey, depth: int
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        **dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ),
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _certificate(name, key.public_key(), issuer, signer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(signer, hashes.SHA256())


def _leaf(key: rsa.RSAPublicKey, *, issuer: x509.Name, signer: _AuthorityKey) -> x509.Certificate:
    builder = (
        _certificate(_name(_SIGNER), key, issuer, signer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_SIGNER)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return builder.sign(signer, hashes.SHA256())


def _certificate(
    name: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer: x509.Name,
    signer: _AuthorityKey,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority_id, critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
