"""What machines and browsers ask for: health, counts, headers, documentation."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import MakeApp
from tests.api.servers import Gunicorn
from tests.conftest import Person

SHOP = "https://shop.example"
REQUESTS = 60
PATHS = ["/healthz", "/api/nothing", "/api/auth/me", "/api/docs", "/api/openapi.json", "/metrics"]


def count(metrics: str, route: str) -> float:
    lines = re.findall(rf'^batua_http_request_seconds_count{{.*route="{route}".*}} (\S+)$', metrics, re.M)
    return sum(float(number) for number in lines)


class TestHealth:
    def test_the_process_is_up(self, api: FlaskClient) -> None:
        response = api.get("/healthz")

        assert (response.status_code, response.json) == (200, {"status": "ok"})

    def test_the_database_takes_writes(self, api: FlaskClient) -> None:
        response = api.get("/readyz")

        assert (response.status_code, response.json) == (200, {"status": "ok", "database": "ok"})


class TestMetrics:
    def test_are_in_the_format_of_prometheus(self, api: FlaskClient) -> None:
        response = api.get("/metrics")

        assert response.content_type.startswith("text/plain; version=")
        assert "# TYPE batua_http_request_seconds histogram" in response.text

    def test_count_requests_by_route_and_not_by_id(self, api: FlaskClient, customer: Person) -> None:
        route = "/api/wallet/<string:customer_id>"
        before = count(api.get("/metrics").text, route)

        customer.get(f"/api/wallet/{customer.id}")

        metrics = api.get("/metrics").text
        assert count(metrics, route) == before + 1
        assert customer.id not in metrics

    def test_count_movements_by_what_became_of_them(self, api: FlaskClient, admin: Person) -> None:
        line = 'batua_ledger_postings_total{outcome="INSUFFICIENT_BALANCE",verb="debit"}'
        admin.post(f"/api/wallet/{admin.id}/debit", {"amount": 5, "reason": "A"})

        assert line in api.get("/metrics").text

    def test_do_not_grow_with_what_strangers_invent(self, api: FlaskClient) -> None:
        for method in ("FOO", "BAR"):
            api.open("/api/nothing/at/all", method=method)

        metrics = api.get("/metrics").text
        assert "FOO" not in metrics
        assert "/api/nothing/at/all" not in metrics

    def test_of_all_processes_add_up(self, gunicorn: Gunicorn) -> None:
        before = count(gunicorn.send("GET", "/metrics").text, "/healthz")

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: gunicorn.send("GET", "/healthz"), range(REQUESTS)))

        seen = [count(gunicorn.send("GET", "/metrics").text, "/healthz") for _ in range(10)]
        files = {path.name for path in gunicorn.metrics_directory.glob("histogram_*.db")}
        assert seen == [before + REQUESTS] * 10
        assert {f"histogram_{pid}.db" for pid in gunicorn.worker_pids()} <= files


class TestSecurityHeaders:
    @pytest.mark.parametrize("path", PATHS)
    def test_are_on_every_answer(self, api: FlaskClient, path: str) -> None:
        headers = api.get(path).headers

        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert headers["Cache-Control"] == "no-store"

    def test_let_answers_of_the_api_load_nothing(self, api: FlaskClient) -> None:
        assert api.get("/healthz").headers["Content-Security-Policy"].startswith("default-src 'none'")

    def test_do_not_tell_what_the_server_is_made_of(self, api: FlaskClient) -> None:
        assert not {"Server", "X-Powered-By"} & set(api.get("/healthz").headers.keys())


class TestOtherOrigins:
    @pytest.fixture
    def shop(self, make_app: MakeApp) -> FlaskClient:
        return make_app(cors_origins=(SHOP,)).test_client()

    def preflight(self, client: FlaskClient, origin: str) -> dict[str, str]:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
        }
        return dict(client.options("/api/wallet/x/credit", headers=asked).headers)

    def test_that_are_listed_may_ask(self, shop: FlaskClient) -> None:
        headers = self.preflight(shop, SHOP)

        allowed = {name.strip().lower() for name in headers["Access-Control-Allow-Headers"].split(",")}
        assert headers["Access-Control-Allow-Origin"] == SHOP
        assert "POST" in headers["Access-Control-Allow-Methods"]
        assert {"authorization", "content-type", "idempotency-key"} <= allowed

    def test_that_are_listed_may_read_answers_and_what_they_need_of_headers(self, shop: FlaskClient) -> None:
        headers = shop.get("/api/nothing", headers={"Origin": SHOP}).headers

        exposed = {name.strip() for name in headers["Access-Control-Expose-Headers"].split(",")}
        assert headers["Access-Control-Allow-Origin"] == SHOP
        assert {"Idempotent-Replayed", "Retry-After", "X-Request-ID"} <= exposed

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "https://shop.example.evil.example",
            "http://shop.example",
            "null",
            "https://shopXexample",
        ],
    )
    def test_that_are_not_listed_get_nothing(self, shop: FlaskClient, origin: str) -> None:
        answers = [
            self.preflight(shop, origin),
            dict(shop.get("/healthz", headers={"Origin": origin}).headers),
        ]

        assert [name for headers in answers for name in headers if name.startswith("Access-Control")] == []

    def test_get_nothing_when_none_is_listed(self, api: FlaskClient) -> None:
        headers = self.preflight(api, SHOP)

        assert [name for name in headers if name.startswith("Access-Control")] == []

    def test_never_get_cookies(self, shop: FlaskClient) -> None:
        assert "Access-Control-Allow-Credentials" not in self.preflight(shop, SHOP)


class TestDocumentation:
    def test_loads_nothing_from_elsewhere(self, api: FlaskClient) -> None:
        page = api.get("/api/docs").text

        links = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page)
        answers = {link: api.get(link, buffered=True).status_code for link in links if link.startswith("/")}
        assert answers == dict.fromkeys(links, 200)
        assert "/api/openapi.json" in links
        assert len(links) >= 4

    def test_has_styles_that_load_nothing_from_elsewhere(self, api: FlaskClient) -> None:
        styles = api.get("/api/docs/assets/swagger-ui.css", buffered=True).text

        urls = re.findall(r"url\(([^)]*)\)", styles)
        assert [url for url in urls if not url.strip("\"'").startswith("data:")] == []
        assert "@import" not in styles

    def test_may_run_the_scripts_it_needs(self, api: FlaskClient) -> None:
        policy = api.get("/api/docs").headers["Content-Security-Policy"]

        assert "script-src 'self'" in policy
        assert "http" not in policy
