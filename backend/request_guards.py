"""What is refused before anything else looks at a request: card data in a body."""

from flask import request

from backend.card_data import refuse_card_data
from backend.wire import load_json


def refuse_card_data_in_body() -> None:
    """Refuse a body with a card number or a security code, before it is logged or stored anywhere."""
    raw = request.get_data(cache=True)
    if raw and request.is_json:
        refuse_card_data(load_json(raw))
