"""What belongs to one running sandbox, and how a view finds it."""

import threading
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from backend.sandbox.books import Books
from backend.sandbox.faults import Faults
from backend.sandbox.in_flight import InFlight
from backend.sandbox.paypal_certificates import Certificates
from backend.sandbox.webhooks import Webhooks


@dataclass
class Sandbox:
    """The collaborators that all views share; `url` is where the sandbox itself is reached."""

    certificates: Certificates
    webhooks: Webhooks
    url: str = ""
    books: Books = field(default_factory=Books)
    faults: Faults = field(default_factory=Faults)
    in_flight: InFlight = field(default_factory=InFlight)
    stopping: threading.Event = field(default_factory=threading.Event)


def here() -> Sandbox:
    """Give the sandbox that answers the current request."""
    return cast(Sandbox, current_app.extensions["sandbox"])
