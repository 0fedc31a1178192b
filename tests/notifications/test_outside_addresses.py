"""Only public addresses may be called, however somebody spells another one."""

from collections.abc import Sequence

import pytest

from backend.notifications.outside_addresses import (
    BadAddress,
    NameNotFound,
    PrivateAddress,
    Target,
    read_target,
    resolve_name,
    safe_addresses,
)

PRIVATE = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.8.8.8 169.254.169.254
    169.254.0.1 172.16.0.1 172.31.255.255 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0.0.0.0 64:ff9b::127.0.0.1
    64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:808:808::
    fc00::1 fd12:3456::1 fe80::1 fe80::1%1 fec0::1 ff02::1 ff0e::1
"""
PUBLIC = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
ODD_SPELLINGS = """
    2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 127.1 127.0.1 0 0x0 1.2.3.4.5
    127.0.0.1. 10.0.0.01 8.8.8.8. foo.0x 0X7F.1 1.2.3.256
"""
MALFORMED = {
    "another scheme": "ftp://shop.example/",
    "no scheme": "shop.example/hook",
    "no server": "https:///hook",
    "a user name": "https://user@shop.example/",
    "a password that looks like a server": "https://8.8.8.8:80@127.0.0.1/",
    "a fragment": "https://shop.example/#a",
    "an empty fragment": "https://shop.example/#",
    "a blank": "https://shop.example/a b",
    "a line break": "https://shop.example/\r\nX: 1",
    "a tab": "https://shop\t.example/",
    "a backslash": "https://shop.example\\@127.0.0.1/",
    "letters beyond ASCII": "https://shöp.example/",
    "circled digits": "https://①②⑦.0.0.1/",
    "an escape in the name": "https://127%2e0.0.1/",
    "a port that is no number": "https://shop.example:a/",
    "a port that is too large": "https://shop.example:65536/",
    "port nought": "https://shop.example:0/",
    "an open bracket": "https://[::1/",
    "too long": "https://shop.example/" + "a" * 2048,
    "nothing": "",
}


def target(host: str = "hooks.shop.example") -> Target:
    return Target(host=host, port=443, is_tls=True, path="/")


def checked(*answers: str, allows_loopback: bool = False) -> Sequence[str]:
    return safe_addresses(target(), lambda _host, _port: answers, allows_loopback=allows_loopback)


@pytest.mark.parametrize("address", PRIVATE.split())
def test_an_address_that_is_not_public_is_refused_behind_a_name_and_in_itself(address: str) -> None:
    with pytest.raises(PrivateAddress):
        checked(address)
    with pytest.raises(PrivateAddress):
        safe_addresses(target(address), resolve_name, allows_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert checked(address) == (address,)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(PrivateAddress):
        checked("8.8.8.8", "10.0.0.1")


@pytest.mark.parametrize("host", ODD_SPELLINGS.split())
def test_an_address_in_an_odd_spelling_is_refused_before_anybody_is_asked(host: str) -> None:
    with pytest.raises(PrivateAddress):
        read_target(f"http://{host}/", allows_http=True)


@pytest.mark.parametrize("url", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_a_plain_address_is_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        read_target(url, allows_http=True)


def test_plain_http_is_taken_only_where_it_is_allowed() -> None:
    assert read_target("http://shop.example", allows_http=True).port == 80
    with pytest.raises(BadAddress):
        read_target("http://shop.example", allows_http=False)


def test_an_address_is_taken_apart() -> None:
    assert read_target("https://Shop.Example/hooks?a=1", allows_http=False) == Target(
        host="shop.example", port=443, is_tls=True, path="/hooks?a=1"
    )
    assert read_target("https://[2606:4700::1111]:8443", allows_http=False).authority == (
        "[2606:4700::1111]:8443"
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_be_called_only_where_it_is_allowed(address: str) -> None:
    assert checked(address, allows_loopback=True) == (address,)


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "0.0.0.0", "fd00::1", "192.168.0.1"])
def test_where_this_machine_may_be_called_its_neighbours_may_not(address: str) -> None:
    with pytest.raises(PrivateAddress):
        checked(address, allows_loopback=True)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example", "a..example"])
def test_a_name_that_stands_for_nothing_is_not_known(host: str) -> None:
    with pytest.raises(NameNotFound):
        resolve_name(host, 443)


def test_a_name_without_addresses_is_not_known() -> None:
    with pytest.raises(NameNotFound):
        checked()


def test_the_system_is_asked_for_names() -> None:
    assert set(resolve_name("localhost", 80)) <= {"127.0.0.1", "::1"}
