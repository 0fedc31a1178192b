"""An encrypted field opens for its own record only, with any key that is still known."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from backend.field_cipher import FieldCipher, Undecryptable, WrongRecord, development_key, fingerprint

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


@given(value=st.binary(max_size=300), record_id=st.text(max_size=60))
def test_what_was_encrypted_comes_back_as_it_was(value: bytes, record_id: str) -> None:
    cipher = FieldCipher([NEW])

    assert cipher.decrypt(cipher.encrypt(value, record_id=record_id), record_id=record_id) == value


def test_the_value_and_its_record_cannot_be_seen_in_the_ciphertext() -> None:
    token = FieldCipher([NEW]).encrypt(b"token_123", record_id="SAVED-1")

    assert b"token_123" not in token
    assert b"SAVED-1" not in token


@given(own=st.text(max_size=20), other=st.text(max_size=20), value=st.binary(max_size=40))
def test_a_ciphertext_copied_to_another_record_is_refused(own: str, other: str, value: bytes) -> None:
    cipher = FieldCipher([NEW])
    token = cipher.encrypt(value, record_id=own)

    if own != other:
        with pytest.raises(WrongRecord):
            cipher.decrypt(token, record_id=other)


def test_bytes_of_the_value_do_not_pass_for_the_end_of_the_record_id() -> None:
    cipher = FieldCipher([NEW])
    token = cipher.encrypt(b"0-token", record_id="SAVED-1")

    with pytest.raises(WrongRecord):
        cipher.decrypt(token, record_id="SAVED-10")


def test_an_old_key_still_opens_what_it_encrypted() -> None:
    token = FieldCipher([OLD]).encrypt(b"value", record_id="r")

    assert FieldCipher([NEW, OLD]).decrypt(token, record_id="r") == b"value"


def test_the_first_key_is_the_one_that_encrypts() -> None:
    token = FieldCipher([NEW, OLD]).encrypt(b"value", record_id="r")

    assert FieldCipher([NEW]).decrypt(token, record_id="r") == b"value"


def test_a_rotated_field_needs_the_old_key_no_more_and_keeps_its_record() -> None:
    token = FieldCipher([OLD]).encrypt(b"value", record_id="r")
    both, new = FieldCipher([NEW, OLD]), FieldCipher([NEW])

    rotated = both.rotate(token)

    assert [both.is_newest(token), both.is_newest(rotated)] == [False, True]
    assert new.decrypt(rotated, record_id="r") == b"value"
    with pytest.raises(WrongRecord):
        new.decrypt(rotated, record_id="another")


@pytest.mark.parametrize(
    "token",
    [b"", b"nonsense", FieldCipher([FOREIGN]).encrypt(b"v", record_id="r")],
    ids=["nothing", "nonsense", "of a foreign key"],
)
def test_what_no_key_opens_is_said_to_be_unreadable(token: bytes) -> None:
    cipher = FieldCipher([NEW, OLD])

    with pytest.raises(Undecryptable):
        cipher.decrypt(token, record_id="r")
    with pytest.raises(Undecryptable):
        cipher.rotate(token)


def test_one_changed_byte_makes_a_field_unreadable() -> None:
    token = bytearray(FieldCipher([NEW]).encrypt(b"value", record_id="r"))
    token[40] ^= 1

    with pytest.raises(Undecryptable):
        FieldCipher([NEW]).decrypt(bytes(token), record_id="r")


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, "x" * 44]])
def test_keys_that_are_missing_or_bad_are_refused_at_once(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        FieldCipher(keys)


def test_a_fingerprint_is_the_same_for_the_same_parts_and_key_only() -> None:
    mark = fingerprint(b"key", "razorpay", "token_1")

    assert mark == fingerprint(b"key", "razorpay", "token_1")
    assert mark not in {
        fingerprint(b"other", "razorpay", "token_1"),
        fingerprint(b"key", "razorpaytoken_1"),
        fingerprint(b"key", "razorpayt", "oken_1"),
        fingerprint(b"key", "token_1", "razorpay"),
    }
    assert len(mark) == 64


def test_a_key_for_development_follows_from_the_secret() -> None:
    key = development_key("a secret of any length")
    token = FieldCipher([key]).encrypt(b"value", record_id="r")

    assert FieldCipher([development_key("a secret of any length")]).decrypt(token, record_id="r") == b"value"
    assert development_key("another secret") != key
