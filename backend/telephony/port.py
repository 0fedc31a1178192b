"""What every provider of telephone calls takes, gives back and promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

Fields = Sequence[tuple[str, str]]


class CallStatus(StrEnum):
    """Where a call stands; from the last five it never moves on."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Tell whether the call is over."""
        return self not in (CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A call to be made, which the provider cuts off after `max_seconds` of talking.

    `answer_url` says what is spoken, and `status_url` hears how the call goes; both are told our `call_id`.
    """

    call_id: str
    to_number: str
    kb_id: str
    max_seconds: int
    status_url: str
    answer_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """A call as the provider knows it; how long it lasted is known once it is over."""

    id: str
    status: CallStatus
    to_number: str
    duration_seconds: int | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """What the provider tells about a call; reports come in any order, and more than once.

    Of two reports the one with the higher `sequence` is the newer one, and a final status stays. A call that
    is over without `duration_seconds` is to be fetched.
    """

    provider_id: str
    call_id: str | None
    status: CallStatus
    duration_seconds: int | None
    sequence: int | None
    at: datetime | None


class Telephony(Protocol):
    """A provider of telephone calls; safe to share between threads."""

    name: str

    def start(self, request: CallRequest) -> ProviderCall:
        """Call somebody, once; nothing is ever sent a second time.

        Raises CallOutcomeOpen if no answer came: the number may be ringing. Then a report with our call's id
        tells of it, and calls_to finds it. After every other error nobody was called.
        """
        ...

    def fetch(self, provider_id: str) -> ProviderCall:
        """Ask how a call stands."""
        ...

    def hang_up(self, provider_id: str) -> ProviderCall:
        """End a call, and tell how it stands; one that is over stays as it is."""
        ...

    def calls_to(self, to_number: str, *, since: datetime) -> list[ProviderCall]:
        """List the calls to a number that were started since then, newest first.

        Providers know no reference of ours, so this may find calls that are known already, too.
        """
        ...

    def read_report(self, url: str, fields: Fields, signature: str | None) -> CallReport | None:
        """Read a report sent to `url`, as the provider sees it; None is about nothing that we know.

        Raises WebhookSignatureInvalid for what the provider has not signed, Invalid for what is no report.
        """
        ...
