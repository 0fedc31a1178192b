"""Entries form an unbroken chain that shows every change made afterwards."""

from dataclasses import fields, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from backend.ledger.chain import chain_hash, entry_id, hold_id
from backend.ledger.values import GENESIS_HASH, Entry, EntryType, Verb
from tests.conftest import posting
from tests.unit.books import NOON, Desk


def one_entry() -> Entry:
    return Desk().moves(posting(Verb.CREDIT, 100, metadata={"b": "2", "a": "1"}))


def test_entries_are_numbered_without_a_gap_and_each_names_the_one_before() -> None:
    desk = Desk()

    for amount_minor in (5, 10**9, 3):
        desk.batch(
            [posting(Verb.CREDIT, amount_minor), posting(Verb.DEBIT, 2 * 10**9), posting(Verb.HOLD, 1)]
        )

    history = desk.history()
    assert [entry.seq for entry in history] == [1, 2, 3]
    assert history[0].prev_hash == GENESIS_HASH
    assert all(after.prev_hash == before.hash for before, after in pairwise(history))
    assert (desk.wallets["cust_1"].seq, desk.wallets["cust_1"].head_hash) == (3, history[-1].hash)


def test_an_entry_carries_the_hash_of_its_content() -> None:
    entry = one_entry()

    assert entry.hash == chain_hash(entry)
    assert len(entry.hash) == 64


CHANGED: dict[str, Any] = {
    "type": EntryType.REFUND,
    "metadata": {"b": "2", "a": "3"},
    "created_at": NOON + timedelta(milliseconds=1),
}


@pytest.mark.parametrize("name", [f.name for f in fields(Entry) if f.name != "hash"])
def test_a_change_of_any_field_changes_the_hash(name: str) -> None:
    entry = one_entry()
    now = getattr(entry, name)
    changed: Any = CHANGED.get(name, now + 1 if isinstance(now, int) else f"{now or ''}x")

    assert chain_hash(replace(entry, **{name: changed})) != entry.hash


def test_text_cannot_wander_from_one_field_to_the_next() -> None:
    entry = replace(one_entry(), account="ab", reason="c")

    assert chain_hash(entry) != chain_hash(replace(entry, account="a", reason="bc"))


def test_the_order_of_the_metadata_does_not_matter() -> None:
    entry = one_entry()

    assert chain_hash(replace(entry, metadata={"a": "1", "b": "2"})) == entry.hash


def test_ids_come_from_keys_and_never_collide_between_kinds() -> None:
    ids = {entry_id("a"), entry_id("b"), hold_id("a"), hold_id("b")}

    assert len(ids) == 4
    assert entry_id("a") == entry_id("a")
