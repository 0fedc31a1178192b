"""Twilio's calls about calls: whether they are Twilio's, and how which call stands."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

from backend.errors import Invalid
from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid
from backend.telephony.port import CallReport, Fields
from backend.telephony.twilio_answers import STATUSES, moment, seconds

SIGNATURE = "X-Twilio-Signature"
CALL_ID = "call_id"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_CALL_SID = re.compile(r"CA[0-9a-zA-Z]{32}")
_SEQUENCE = re.compile(r"[0-9]{1,6}")


def with_query(url: str, **more: str) -> str:
    """Add to the query of an address."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(more))))
    return parts._replace(query=query).geturl()


def check_signature(url: str, fields: Fields, header: str | None, *, auth_token: str) -> None:
    """Raise WebhookSignatureInvalid unless Twilio signed this address and these fields."""
    if not auth_token:
        raise NotConfigured("Telephone calls are not set up here.", provider="twilio")
    given = (header or "").encode(errors="replace")
    signed = [hmac.compare_digest(given, _signature(one, fields, auth_token)) for one in _spellings(url)]
    if not any(signed):
        raise WebhookSignatureInvalid(provider="twilio")


def report(url: str, fields: Fields, *, account_sid: str) -> CallReport | None:
    """Read what is told about a call; a status that did not exist yet tells nothing.

    The signature puts no mark between names and values, so whoever has seen a report could move letters from
    one to the other: what is read must be there once, and have exactly its form.
    """
    said = dict(fields)
    if len(said) != len(fields) or said.get("AccountSid") != account_sid:
        raise Invalid("This is not a report of our account's calls.")
    provider_id, status = said.get("CallSid", ""), STATUSES.get(said.get("CallStatus", ""))
    if not _CALL_SID.fullmatch(provider_id):
        raise Invalid("This is not a report about a call.")
    if status is None:
        return None
    sequence = said.get("SequenceNumber", "")
    return CallReport(
        provider_id=provider_id,
        call_id=parse_qs(urlsplit(url).query).get(CALL_ID, [None])[-1],
        status=status,
        duration_seconds=seconds(said.get("CallDuration"), status),
        sequence=int(sequence) if _SEQUENCE.fullmatch(sequence) else None,
        at=moment(said.get("Timestamp")),
    )


def _signature(url: str, fields: Fields, auth_token: str) -> bytes:
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(auth_token.encode(), text.encode(errors="surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest)


def _spellings(url: str) -> Iterator[str]:
    """Give an address with and without its port, because Twilio signs now one and now the other."""
    yield url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return
    if port is not None:
        yield parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
    elif parts.scheme in _DEFAULT_PORTS:
        yield parts._replace(netloc=f"{parts.netloc}:{_DEFAULT_PORTS[parts.scheme]}").geturl()
