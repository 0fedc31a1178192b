"""Encrypts single fields, each bound to the record it belongs to."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from backend.errors import AppError

_LENGTH_BYTES = 2


class Undecryptable(AppError):
    """None of our keys fits what is stored, or it was changed."""

    message = "A stored secret cannot be read."


class WrongRecord(AppError):
    """What is stored was encrypted for another record."""

    message = "A stored secret belongs to something else."


class FieldCipher:
    """Encrypts with the first key and decrypts with any, so that keys can be changed while in use."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("at least one key is needed")
        fernets = [Fernet(key) for key in keys]
        self._newest = fernets[0]
        self._any = MultiFernet(fernets)

    def encrypt(self, value: bytes, *, record_id: str) -> bytes:
        """Encrypt a field of one record."""
        id_ = record_id.encode()
        # Inside the ciphertext, because a copy of it in another record must not be of any use there.
        return self._any.encrypt(len(id_).to_bytes(_LENGTH_BYTES) + id_ + value)

    def decrypt(self, token: bytes, *, record_id: str) -> bytes:
        """Decrypt a field of that record and of no other."""
        try:
            plain = self._any.decrypt(token)
        except InvalidToken:
            raise Undecryptable from None
        end = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES])
        if not hmac.compare_digest(plain[_LENGTH_BYTES:end], record_id.encode()):
            raise WrongRecord
        return plain[end:]

    def is_newest(self, token: bytes) -> bool:
        """Tell whether the first key encrypted this."""
        try:
            self._newest.decrypt(token)
        except InvalidToken:
            return False
        return True

    def rotate(self, token: bytes) -> bytes:
        """Encrypt again with the first key, for the same record."""
        try:
            return self._any.rotate(token)
        except InvalidToken:
            raise Undecryptable from None


def fingerprint(key: bytes, *parts: str) -> str:
    """Recognise a secret again without keeping it; parts that are split differently differ."""
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()


def development_key(secret: str) -> str:
    """Derive a key from another secret, for installations without keys of their own."""
    digest = hmac.new(secret.encode(), b"field encryption", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()
