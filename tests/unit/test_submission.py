"""A batch is cut into rounds in which no row is claimed twice."""

from hypothesis import given
from hypothesis import strategies as st

from backend.ledger import Claim, Submission, Verb
from backend.ledger.submission import rounds
from tests.conftest import posting


def claiming(*names: str, collection: str = "orders") -> Submission:
    claims = [Claim(collection=collection, id=name, guard={}, update={}) for name in names]
    return Submission(posting=posting(Verb.DEBIT, 1), claims=claims)


def cut(*submissions: Submission) -> list[list[int]]:
    return list(rounds(submissions))


def test_nothing_makes_no_round() -> None:
    assert cut() == []


def test_submissions_without_claims_go_together() -> None:
    assert cut(claiming(), claiming(), claiming()) == [[0, 1, 2]]


def test_claims_of_different_rows_go_together() -> None:
    assert cut(claiming("a"), claiming("b"), claiming("a", collection="payments")) == [[0, 1, 2]]


def test_the_second_claim_of_a_row_waits_and_the_others_do_not() -> None:
    assert cut(claiming("a"), claiming("a"), claiming(), claiming("a")) == [[0, 2], [1], [3]]


def test_one_that_waits_keeps_its_rows_from_those_behind_it() -> None:
    assert cut(claiming("a"), claiming("a", "b"), claiming("b")) == [[0], [1], [2]]


@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True, max_size=3), max_size=12))
def test_everybody_gets_a_turn_in_order_and_no_round_claims_a_row_twice(names: list[list[str]]) -> None:
    submissions = [claiming(*some) for some in names]

    turns = cut(*submissions)

    assert sorted(position for turn in turns for position in turn) == list(range(len(names)))
    for turn in turns:
        claimed = [name for position in turn for name in names[position]]
        assert len(claimed) == len(set(claimed))
    for name in "abcd":
        order = [position for turn in turns for position in turn if name in names[position]]
        assert order == sorted(order)


def test_a_claim_looks_for_its_row_only_in_the_state_it_has_to_be_in() -> None:
    claim = Claim(collection="orders", id="a", guard={"state": "PENDING"}, update={"$set": {"state": "PAID"}})

    assert claim.filter == {"_id": "a", "state": "PENDING"}
    assert claim.target == ("orders", "a")
