"""How PayPal writes things down: amounts, times, links and ids."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from backend.gateways.errors import GatewayNotFound
from backend.money import BadAmount, to_minor

Resource = Mapping[str, Any]

GATEWAY = "paypal"
LONGEST_TEXT = 200

_ID = "[A-Za-z0-9_-]{1,64}"
_WHOLE_ID = re.compile(_ID)


class Unreadable(ValueError):
    """PayPal's JSON is not what PayPal documents."""


def path_id(candidate: str) -> str:
    """Give an id that may stand in a path; nothing else can be an id of PayPal's."""
    if not _WHOLE_ID.fullmatch(candidate):
        raise GatewayNotFound(gateway=GATEWAY)
    return candidate


def part(resource: Resource, *path: str) -> Resource:
    """Give the object at the end of a path, or an empty one."""
    found: Any = resource
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def parts(resource: Resource, name: str) -> Iterator[Resource]:
    """Give the objects of a list."""
    found = resource.get(name)
    return (one for one in (found if isinstance(found, list) else []) if isinstance(one, Mapping))


def text(resource: Resource, *path: str) -> str | None:
    """Give the text at the end of a path, or None."""
    found = part(resource, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST_TEXT else None


def required(resource: Resource, name: str) -> str:
    """Give a text that must be there."""
    found = text(resource, name)
    if found is None:
        raise Unreadable(f"{name} is missing")
    return found


def money(resource: Resource, name: str) -> tuple[int, str]:
    """Read an amount: minor units, and their currency."""
    value, currency = text(resource, name, "value"), text(resource, name, "currency_code")
    if value is None or currency is None:
        raise Unreadable(f"{name} is missing")
    plain = value.rstrip("0").rstrip(".") if "." in value else value
    try:
        return to_minor(plain, currency=currency), currency
    except BadAmount as error:
        raise Unreadable(f"{name} {error}") from error


def when(resource: Resource, name: str) -> datetime | None:
    """Read a time; one that cannot be read is not worth a failure."""
    try:
        found = datetime.fromisoformat(text(resource, name) or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def link(resource: Resource, *relations: str) -> str | None:
    """Find the address of the first link with one of these relations."""
    for one in parts(resource, "links"):
        if one.get("rel") in relations:
            href = one.get("href")
            return href if isinstance(href, str) else None
    return None


def linked_id(resource: Resource, relation: str, collection: str) -> str | None:
    """Find the id in a link into a collection, such as ".../captures/ID"."""
    found = re.search(rf"/{collection}/({_ID})$", link(resource, relation) or "")
    return found[1] if found else None


def as_words(code: str) -> str:
    """Turn PayPal's code for a reason into something to show, such as "Instrument declined"."""
    return code.replace("_", " ").capitalize()
