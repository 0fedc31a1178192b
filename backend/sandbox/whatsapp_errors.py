"""How WhatsApp says no."""

from typing import Any

from backend.sandbox import ids


class WhatsAppError(Exception):
    """A refusal, as Meta words it."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def error_body(code: int, message: str) -> dict[str, Any]:
    """Word a refusal as Meta does."""
    said = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": message},
        "fbtrace_id": ids.debug(),
    }
    return {"error": said}
