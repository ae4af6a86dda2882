"""Webhooks as values: who wants what, what is said, how it is signed, and where it may go."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backorder.kernel import webhooks
from backorder.kernel.destinations import PORTS, Allowed, Unfit, choose, is_public, read_allowed, read_url

PUBLIC = read_allowed(PORTS, None)
INSIDE = read_allowed(PORTS, "127.0.0.0/8, ::1/128")
SECRET = webhooks.secret_of(b"k" * 32)
OTHER = webhooks.secret_of(b"o" * 24)


def test_the_specification_s_own_library_accepts_what_we_sign_and_nothing_that_was_changed() -> None:
    now = int(datetime.now(UTC).timestamp())
    body = webhooks.body(7, now * 1_000_000, "order_placed", "orders/ada", '{"outcome":"accepted"}')
    headers = {
        "webhook-id": "7",
        "webhook-timestamp": str(now),
        "webhook-signature": webhooks.signatures([SECRET, OTHER], "7", now, body),
    }
    for secret in (SECRET, OTHER):  # while a secret is being changed, either is enough
        assert Webhook(secret).verify(body, headers)["data"] == {"outcome": "accepted"}
    with pytest.raises(WebhookVerificationError):
        Webhook(webhooks.secret_of(b"x" * 32)).verify(body, headers)
    for n in range(len(body)):
        changed = body[:n] + bytes([body[n] ^ 1]) + body[n + 1 :]
        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            Webhook(SECRET).verify(changed, headers)
    for name, said in (("webhook-id", "8"), ("webhook-timestamp", str(now - 1)), ("webhook-timestamp", str(now - 360))):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body, headers | {name: said})


def test_a_body_is_an_event_in_the_form_of_cloudevents() -> None:
    said = json.loads(webhooks.body(7, 1_790_000_000_000_000, "order_placed", "orders/ada", '{"quantity":1}'))
    assert said == {
        "specversion": "1.0",
        "id": "7",
        "source": "backorder",
        "type": "backorder.order_placed",
        "subject": "orders/ada",
        "time": "2026-09-21T14:13:20Z",
        "timestamp": "2026-09-21T14:13:20Z",
        "datacontenttype": "application/json",
        "data": {"quantity": 1},
    }


@pytest.mark.parametrize(
    "data", [{"outcome": "accepted", "lines": ["x" * 90] * 500}, {"a": "é" * 19_000, "b": "b" * 500}, ["x"] * 9_000]
)  # fmt: skip
def test_a_body_is_never_longer_than_a_receiver_has_to_take(data: object) -> None:
    whole = webhooks.body(2**62, 1_790_000_000_000_000, "order_placed", "orders/" + "%2F" * 200, json.dumps(data))
    assert len(whole) <= webhooks.BODY_MAX
    said = json.loads(whole)["data"]
    assert said["left_out"]
    assert all(said[name] == data[name] for name in said if name != "left_out")


@given(
    st.dictionaries(st.text(max_size=20), st.text(max_size=9_000) | st.integers() | st.lists(st.text(max_size=99))),
)
def test_whatever_an_event_says_its_body_fits(data: dict) -> None:
    text = json.dumps(data, ensure_ascii=True)
    assert len(webhooks.body(1, 0, "item_put", "items/x", text)) <= webhooks.BODY_MAX


def test_who_wants_what() -> None:
    assert webhooks.wants(["*"], "order_placed")
    assert webhooks.wants(["order_placed"], "order_placed")
    assert webhooks.wants(["order_*", "refund_due"], "order_held")
    assert not webhooks.wants(["order_*", "refund_due"], "refund_overdue")
    assert webhooks.trouble(["*", "order_placed", "notice_*"]) is None
    for wrong in ([], ["orders_*"], ["Order_placed"], ["*_placed"], ["order_placed "], ["**"], [""]):
        assert webhooks.trouble(wrong), wrong


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", SECRET[6:], SECRET + "=", "whsec_" + "A" * 96, "whsec_ä"]
)
def test_what_is_no_secret(text: str) -> None:
    assert webhooks.key_of(text) is None


# --- where they may go

NEVER = [
    "http://shop.example.com/", "ftp://shop.example.com/", "https:shop.example.com", "https:/shop.example.com",
    "//shop.example.com/", "shop.example.com", "", "https://", "https:///x", "https://shop.example.com:80/",
    "https://shop.example.com:22/", "https://shop.example.com:0/", "https://shop.example.com:99999/",
    "https://shop.example.com:x/", "https://user@shop.example.com/", "https://user:secret@shop.example.com/",
    "https://@shop.example.com/", "https://127.0.0.1@shop.example.com/", "https://shop.example.com@127.0.0.1/",
    "https://shop.example.com/#x", "https://shop.example.com\\@127.0.0.1/", "https://shop.example.com/\r\nX: y",
    "https://shop.example.com/ x", "https://shop.example.com/\x00", "https://shop.example.com/é", "https://①②⑦.⓪.⓪.①/",
    "https://\uff4cocalhost/", "https://shop_.example.com./", "https://localhost./", "https://127.0.0.1./",
    "https://a..b.example/", "https://-a.example/", "https://a.b-/", "https://%6c%6f%63alhost/", "https://[::1",
    "https://[127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[v1.x]/", "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 127 + "example/", "https://shop.example.com/" + "x" * 2_000,
    # numbers in every spelling, and what they stand for plainly
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.0.0.1/",
    "https://0x7f000001/", "https://017700000001/", "https://127.0.0.01/", "https://127.000.000.001/", "https://0/",
    "https://0.0.0.0/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.0.1/", "https://169.254.169.254/",
    "https://100.64.0.1/", "https://100.100.100.200/", "https://168.63.129.16/", "https://192.0.0.8/",
    "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://1.2.3/", "https://1.2.3.4.5/",
    "https://256.1.1.1/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/", "https://[64:ff9b::127.0.0.1]/", "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/", "https://[fe80::1]/",
    "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[fec0::1]/", "https://[ff02::1]/",
    "https://[2001:db8::1]/", "https://[::ffff:0:127.0.0.1]/", "https://[3fff::1]/", "https://[5f00::1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", NEVER)
def test_urls_that_nothing_is_sent_to(url: str) -> None:
    with pytest.raises(Unfit):
        read_url(url, PUBLIC)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://shop.example.com", "shop.example.com", 443, "/", "shop.example.com"),
        ("HTTPS://Shop.Example.COM:443/a/b?c=d&e", "shop.example.com", 443, "/a/b?c=d&e", "shop.example.com"),
        ("https://shop.example.com:8443/%20x", "shop.example.com", 8443, "/%20x", "shop.example.com:8443"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://hook1.erp2/x", "hook1.erp2", 443, "/x", "hook1.erp2"),
        ("https://93.184.216.34/x", "93.184.216.34", 443, "/x", "93.184.216.34"),
        ("https://[2606:4700:0:0::1111]/x", "2606:4700::1111", 443, "/x", "[2606:4700::1111]"),
    ],
)
def test_urls_that_can_be_meant(url: str, host: str, port: int, path: str, authority: str) -> None:
    place = read_url(url, PUBLIC)
    assert (place.host, place.port, place.path, place.authority) == (host, port, path, authority)


SPECIAL = [
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
    "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255",
    "192.0.0.0", "192.0.0.9", "192.0.0.255", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255",
    "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "168.63.129.16", "::", "::1", "::2", "::ffff:8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
    "64:ff9b:1::1", "64:ff9b::7f00:1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff00::1",
    "ff0e::1", "4000::1", "::8.8.8.8",
]  # fmt: skip
PLAIN = [
    "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
    "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808", "2400:cb00::1",
]  # fmt: skip


def test_special_addresses_are_closed_and_plain_ones_open() -> None:
    assert [text for text in SPECIAL if is_public(ip_address(text))] == []
    assert [text for text in PLAIN if not is_public(ip_address(text))] == []


def test_one_bad_address_among_good_ones_closes_a_name() -> None:
    place = read_url("https://shop.example.com/", PUBLIC)
    assert choose(place, ["8.8.8.8", "2606:4700::1111"], PUBLIC) == ["8.8.8.8", "2606:4700::1111"]
    for found in (["8.8.8.8", "10.0.0.1"], ["::ffff:10.0.0.1"], []):
        with pytest.raises(Unfit) as refused:
            choose(place, found, PUBLIC)
        assert "10.0.0.1" not in str(refused.value)


def test_networks_of_one_s_own_are_reached_as_far_as_they_are_named() -> None:
    place = read_url("http://127.0.0.1:9000/x", INSIDE)
    assert choose(place, ["127.0.0.1"], INSIDE) == ["127.0.0.1"]
    assert read_url("http://[::1]:9000/", INSIDE).host == "::1"
    for url, found in (("http://shop.example.com/", "8.8.8.8"), ("https://shop.example.com:22/", "8.8.8.8"),
                       ("https://shop.example.com/", "10.0.0.1")):  # fmt: skip
        with pytest.raises(Unfit):
            choose(read_url(url, INSIDE), [found], INSIDE)
    with pytest.raises(Unfit):
        read_url("http://10.0.0.1/", INSIDE)


@pytest.mark.parametrize("ports", ["", "443,", "x", "0", "65536", "-1", "\uff14\uff14\uff13"])
def test_settings_that_cannot_be_meant(ports: str) -> None:
    with pytest.raises(ValueError, match="ports"):
        read_allowed(ports, None)
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        read_allowed("443", "10.0.0.1/8")
    assert read_allowed("443", None) == Allowed(frozenset({443}))
