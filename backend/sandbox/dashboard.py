"""A page that shows what the sandbox holds, with buttons for what happens most."""

from pathlib import Path

from flask import Blueprint, render_template_string

from backend.sandbox.state import here

dashboard = Blueprint("dashboard", __name__)

_PAGE = (Path(__file__).parent / "pages" / "dashboard.html").read_text()
_NEWEST = 25


@dashboard.get("/sandbox")
def show() -> str:
    """Show the newest of everything."""
    shelves = here().books.listing()
    newest = {name: items[::-1][:_NEWEST] for name, items in shelves.items()}
    events = here().webhooks.listing()[::-1][:_NEWEST]
    settings = here().webhooks.settings
    return render_template_string(
        _PAGE, **newest, events=events, webhooks=settings, choices=here().books.settings
    )
