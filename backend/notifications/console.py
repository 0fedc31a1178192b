"""Writes messages to the log, where a developer reads what a customer would."""

import logging

from backend.notifications.port import Message, Sent

log = logging.getLogger(__name__)


class Console:
    """The way to nobody; for development."""

    name = "console"

    def send(self, message: Message) -> Sent:
        """Write the message down."""
        log.info(
            "To %s: %s | %s",
            message.to,
            message.subject,
            message.text,
            extra={"message_id": message.id, "template": message.template, "language": message.language},
        )
        return Sent(provider_id=None)
