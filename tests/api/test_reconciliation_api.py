"""What admins see of reconciliation, and how they and the command line start it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.db import connect
from tests.api.answers import faulty_fields, refusal
from tests.api.conftest import MakeApp
from tests.api.test_commands import run as command
from tests.reconciling import LONG_AGO, OVERVIEW, exceptions, open_issues, paid_elsewhere, reconcile
from tests.shop import Shop

RUN = f"{OVERVIEW}/run"


def resolved(shop: Shop, issue: Any, reason: str = "It was settled by telephone") -> Any:
    return shop.admin.post(f"{OVERVIEW}/issues/{issue['id']}/resolve", {"reason": reason})


class TestRuns:
    def test_are_listed_newest_first_with_what_is_open(self, shop: Shop) -> None:
        first, second = (shop.admin.post(RUN, {}).json["data"] for _ in range(2))
        paid_elsewhere(shop)
        reconcile(shop)

        page = shop.admin.get(f"{OVERVIEW}?limit=2&skip=1").json

        assert ([run["id"] for run in page["data"]], page["total"]) == ([second["id"], first["id"]], 3)
        assert ([issue["kind"] for issue in page["issues"]], page["issues_total"]) == (["money_undecided"], 1)

    def test_are_shown_one_by_one(self, shop: Shop) -> None:
        run = shop.admin.post(RUN, {}).json["data"]

        assert shop.admin.get(f"{OVERVIEW}/{run['id']}").json["data"] == run
        assert (run["state"], run["error"], run["issues"]) == ("DONE", None, [])
        assert run["parts"]["payments:razorpay"] == {"checked": 0, "recovered": 0, "issues": 0}
        assert refusal(shop.admin.get(f"{OVERVIEW}/RUN-nobody")) == (404, "RECONCILIATION_NOT_FOUND")

    def test_look_at_the_time_that_was_asked_for(self, shop: Shop) -> None:
        run = shop.admin.post(RUN, {"from": "2026-01-02", "to": "2026-01-03"}).json["data"]

        assert run["window"] == {"from": "2026-01-02T00:00:00.000Z", "to": "2026-01-04T00:00:00.000Z"}

    @pytest.mark.parametrize(
        ("body", "field"),
        [({"from": "yesterday"}, "from"), ({"to": 5}, "to"), ({"min_age": 0}, "min_age")],
    )
    def test_refuse_what_is_no_time(self, shop: Shop, body: Any, field: str) -> None:
        assert faulty_fields(shop.admin.post(RUN, body)) == {field}
        assert shop.admin.get(OVERVIEW).json["total"] == 0

    @pytest.mark.parametrize("body", [{"from": "2026-01-04", "to": "2026-01-02"}, {"from": "2001-01-01"}])
    def test_refuse_a_time_that_makes_no_sense(self, shop: Shop, body: Any) -> None:
        assert refusal(shop.admin.post(RUN, body)) == (400, "VALIDATION_ERROR")
        assert shop.admin.get(OVERVIEW).json["total"] == 0

    def test_are_made_once_for_one_key(self, shop: Shop) -> None:
        first, second = (shop.admin.post(RUN, {}, key="nightly") for _ in range(2))

        assert second.json == first.json
        assert shop.admin.get(OVERVIEW).json["total"] == 1

    def test_that_could_ask_nobody_say_so(self, shop: Shop) -> None:
        shop.sandbox.fault("^/v[12]/", "error", times=999)

        run = shop.admin.post(RUN, {}).json["data"]

        assert (run["state"], run["error"]) == ("FAILED", "No payment gateway answers.")


class TestIssues:
    def test_that_stay_are_one_issue_that_grows_older(self, shop: Shop) -> None:
        paid_elsewhere(shop)
        reconcile(shop)
        [first] = open_issues(shop)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        shop.database["reconciliation_issues"].update_one({}, {"$set": {"first_seen": yesterday}})

        reconcile(shop)

        [issue] = open_issues(shop)
        assert (issue["id"], issue["times_seen"]) == (first["id"], 2)
        assert 86_400 <= issue["age_seconds"] <= 86_460
        assert issue["last_seen"] > first["last_seen"]

    def test_are_settled_by_an_admin_once_and_stay_so(self, shop: Shop) -> None:
        paid_elsewhere(shop)
        reconcile(shop)
        [issue] = open_issues(shop)

        first, second = resolved(shop, issue), resolved(shop, issue)
        reconcile(shop)

        data = first.json["data"]
        assert (data["state"], data["resolution_reason"]) == ("RESOLVED", "It was settled by telephone")
        assert data["resolved_by"] == shop.admin.id
        assert refusal(second) == (409, "CONFLICT")
        assert open_issues(shop) == []

    def test_that_were_settled_open_again_when_they_change(self, shop: Shop) -> None:
        shop.paid()
        for amount_minor in (1, 2):
            shop.database["captures"].update_one({}, {"$set": {"amount": amount_minor}})
            reconcile(shop)
            [issue] = [one for one in open_issues(shop) if one["kind"] == "payment_differs"]
            resolved(shop, issue)

        shop.database["captures"].update_one({}, {"$set": {"amount": 3}})
        reconcile(shop)

        assert issue["id"] in [one["id"] for one in open_issues(shop)]

    def test_that_are_gone_are_closed_by_the_run(self, shop: Shop) -> None:
        paid_elsewhere(shop)
        reconcile(shop)
        [exception] = exceptions(shop)
        decision = {"resolution": "dismiss", "reason": "A gift"}
        shop.admin.post(f"/api/admin/payment-exceptions/{exception['id']}/resolve", decision)

        reconcile(shop)

        [issue] = shop.admin.get(f"{OVERVIEW}/issues").json["data"]
        assert (issue["state"], issue["resolved_by"]) == ("RESOLVED", "reconciliation")
        assert shop.admin.get(f"{OVERVIEW}/issues?state=OPEN").json["total"] == 0

    def test_are_looked_at_again_when_their_time_is_not(self, shop: Shop) -> None:
        shop.paid()
        captures = shop.database["captures"]
        captures.update_one({}, {"$set": {"amount": 1, "created_at": LONG_AGO}})
        reconcile(shop)
        kept = [issue["kind"] for issue in open_issues(shop)]
        run = shop.services.reconciliation.run
        run()
        still = [issue["kind"] for issue in open_issues(shop)]
        captures.update_one({}, {"$set": {"amount": 100_000}})

        run()

        assert "payment_differs" in kept
        assert "payment_differs" in still
        assert open_issues(shop) == []

    def test_are_named_when_nobody_knows_them(self, shop: Shop) -> None:
        assert refusal(resolved(shop, {"id": "REC-nobody"})) == (404, "ISSUE_NOT_FOUND")

    def test_are_not_settled_without_a_reason(self, shop: Shop) -> None:
        paid_elsewhere(shop)
        reconcile(shop)

        response = resolved(shop, open_issues(shop)[0], reason=" ")

        assert refusal(response) == (400, "VALIDATION_ERROR")
        assert len(open_issues(shop)) == 1


class TestTheCommand:
    def test_brings_home_what_nobody_told_of(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened)

        result = command(shop.app, "reconcile", "--min-age", "0")

        assert (result.exit_code, shop.payment(opened)["status"]) == (0, "COMPLETED")
        assert "recovered 1, issues 0" in result.output

    def test_leaves_alone_what_is_young(self, shop: Shop) -> None:
        opened = shop.opened()
        shop.pay(opened)

        result = command(shop.app, "reconcile")

        assert (result.exit_code, shop.payment(opened)["status"]) == (0, "INITIATED")

    def test_ends_well_whatever_it_found(self, shop: Shop) -> None:
        paid_elsewhere(shop)
        shop.sandbox.fault("^/v2/|^/v1/reporting", "error", times=999)

        result = command(shop.app, "reconcile", "--min-age", "0")

        assert result.exit_code == 0
        assert "money_undecided" in result.output
        assert "gateway_away payments:paypal" in result.output

    def test_looks_at_the_days_it_was_given(self, shop: Shop) -> None:
        result = command(shop.app, "reconcile", "--from", "2026-01-02", "--to", "2026-01-03")

        assert result.exit_code == 0
        assert "2026-01-02 00:00:00 to 2026-01-04 00:00:00" in result.output

    @pytest.mark.parametrize(
        "options",
        [
            ("--from", "yesterday"),
            ("--from", "2026-01-04", "--to", "2026-01-02"),
            ("--min-age", "-1"),
        ],
    )
    def test_refuses_a_time_that_makes_no_sense(self, shop: Shop, options: tuple[str, ...]) -> None:
        result = command(shop.app, "reconcile", *options)

        assert result.exit_code != 0
        assert shop.database["reconciliation_logs"].count_documents({}) == 0

    def test_ends_badly_when_no_gateway_answers(self, shop: Shop) -> None:
        shop.sandbox.fault("^/v[12]/", "error", times=999)

        result = command(shop.app, "reconcile")

        assert result.exit_code == 1
        assert "No payment gateway answers." in result.output

    def test_ends_badly_when_the_database_is_away(self, make_app: MakeApp) -> None:
        with connect("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200") as away:
            result = command(make_app(client=away), "reconcile")

        assert result.exit_code == 1
        assert "MongoDB does not answer" in result.output
