"""What WhatsApp checks in a template: that it was registered, and that its parameters fit."""

import re
from typing import Any

from backend.sandbox.books import Document
from backend.sandbox.state import here
from backend.sandbox.whatsapp_errors import WhatsAppError

# Meta takes no line break, no tab and no more than four blanks in a row.
_UNTIDY = re.compile(r"[\n\r\t]| {5}")


def register(name: str, language: str, parameters: int) -> Document:
    """Know a template from now on; while none is known, every template is taken."""
    template = {"name": name, "language": language, "parameters": parameters}
    here().books.message_templates[f"{name}:{language}"] = template
    return template


def check(sent: Document) -> None:
    """Refuse a template that is not known, or whose parameters do not fit."""
    values = [value for part in sent.get("components") or [] for value in part.get("parameters") or []]
    for value in values:
        _check_value(value.get("text"))
    known = here().books.message_templates
    template = known.get(f"{sent['name']}:{sent['language']['code']}")
    if known and template is None:
        raise WhatsAppError(132001, "Template name does not exist in the translation", status=404)
    if template and template["parameters"] != len(values):
        raise WhatsAppError(132000, "Number of parameters does not match the expected number of params")


def _check_value(text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise WhatsAppError(131008, "Required parameter is missing")
    if _UNTIDY.search(text):
        raise WhatsAppError(
            100, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
