"""Which addresses may be called because somebody has asked for it: public ones, however they are spelled."""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from backend.errors import Invalid

Resolve = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}

_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # Without blanks, and without the backslash that readers disagree on.
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?")
# What some readers take for an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_TUNNELS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # Reaches the IPv4 address in its last 32 bits.


class BadAddress(Invalid):
    """The text is not the address of a web server that we would call."""

    def __init__(self, reason: str) -> None:
        super().__init__("The address cannot be used.", fields={"url": [reason]})
        self.reason = reason


class PrivateAddress(BadAddress):
    """The address leads into a network that is not the public one."""

    def __init__(self) -> None:
        super().__init__("Must be a public address.")


class NameNotFound(BadAddress):
    """The name stands for no address, or nobody could be asked."""

    def __init__(self) -> None:
        super().__init__("The name is not known.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address, taken apart."""

    host: str
    port: int
    is_tls: bool
    path: str

    @property
    def authority(self) -> str:
        """Name the server as the Host header does."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            host if self.port == DEFAULT_PORTS["https" if self.is_tls else "http"] else f"{host}:{self.port}"
        )


def read_target(url: str, *, allows_http: bool) -> Target:
    """Take an address apart, refusing every spelling that two readers could understand differently."""
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url):
        raise BadAddress(f"Must be an address of at most {LONGEST_URL} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("Is not a well-formed address.") from None
    if parts.scheme != "https" and not (allows_http and parts.scheme == "http"):
        raise BadAddress("Must start with https://.")
    if "@" in parts.netloc or "#" in url:
        raise BadAddress("Must have neither a user name nor a fragment.")
    if port == 0:
        raise BadAddress("Port 0 cannot be called.")
    return Target(
        host=_host(parts),
        port=port or DEFAULT_PORTS[parts.scheme],
        is_tls=parts.scheme == "https",
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def resolve_name(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses behind a name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NameNotFound from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def safe_addresses(target: Target, resolve: Resolve, *, allows_loopback: bool) -> Sequence[str]:
    """Resolve the host once, and vouch for every address behind it."""
    known = _literal(target.host)
    found = [str(known)] if known else resolve(target.host, target.port)
    if not found:
        raise NameNotFound
    if not all(_may_be_called(address, allows_loopback=allows_loopback) for address in found):
        raise PrivateAddress
    return found


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if _literal(host):
        return host
    if not _NAME.fullmatch(host):
        raise BadAddress("Must name a server.")
    if _ENDS_IN_A_NUMBER.fullmatch(host):
        raise PrivateAddress
    return host


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _may_be_called(text: str, *, allows_loopback: bool) -> bool:
    address = _literal(text)
    if address is None or getattr(address, "scope_id", None):
        return False
    inner = _ipv4_inside(address)
    if inner.is_loopback:
        return allows_loopback
    return _is_public(inner)


def _ipv4_inside(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 one only wraps."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    if any(address in tunnel for tunnel in _TUNNELS):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
