"""Whatever comes as an answer is bounded: in bytes when it is unpacked, in depth, in seconds."""

import gzip
import itertools
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors import bodies
from connectors.bodies import DEEPEST_JSON, parse_json
from connectors.errors import BadRequest, InvalidSettings, MalformedResponse, SourceError, Unreachable
from connectors.http import ClientCredentials, Http, _certificates
from connectors.paging import Answer, next_link
from connectors.waiting import asked_to_wait
from tests.test_http import BASE, NOW, FakeClock, Vendor, http, ok

GZIP = {"content-encoding": "gzip"}


def sent(body: bytes, status: int = 200, **headers: str) -> httpx.Response:
    """An answer that is still to be read, as from a network."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def bomb(size: int) -> bytes:
    """A list that unpacks to `size` bytes and is a thousandth of it on the way."""
    return gzip.compress(b"[" + b" " * size + b"]")


BOMB = bomb(40 << 20)


def test_a_packed_answer_is_unpacked() -> None:
    for pack in (gzip.compress, zlib.compress):
        answer = sent(pack(b'{"a": 1}'), **GZIP)
        assert http(Vendor(answer)).get("/things") == {"a": 1}
    assert http(Vendor(sent(b'{"a": 1}'))).get("/things") == {"a": 1}


def test_a_bomb_is_refused_by_name_and_never_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "ANSWER", bodies.Bounds(1 << 20, 600))
    assert len(BOMB) < 50_000
    vendor = Vendor(sent(BOMB, **GZIP))
    with pytest.raises(MalformedResponse, match="larger than 1 MiB") as caught:
        http(vendor).get("/things")
    assert (len(vendor.requests), caught.value.place) == (1, "GET /root/things")
    with pytest.raises(MalformedResponse, match="larger than 1 MiB"):
        http(Vendor(sent(b" " * (2 << 20)))).get("/things")
    auth = ClientCredentials(f"{BASE}/token", "id", SecretStr("canary-secret"))
    with pytest.raises(MalformedResponse, match="larger than 1 MiB"):
        http(Vendor(sent(BOMB, **GZIP)), auth=auth).get("/things")


def test_the_bounds_are_those_of_a_page_of_records() -> None:
    assert bodies.ANSWER.most_bytes == 64 << 20
    assert bodies.DOWNLOAD["bounds"].most_bytes == 16 << 30


def test_a_refusal_counts_by_its_status_however_large_or_broken_its_body_is() -> None:
    sentence = json.dumps({"message": "no such field"}).encode()
    for body in (BOMB, gzip.compress(sentence)[:-9], b"no gzip", b"[" * 100_000):
        with pytest.raises(BadRequest) as caught:
            http(Vendor(sent(body, 400, **GZIP))).get("/things")
        assert caught.value.status == 400
    with pytest.raises(BadRequest, match="no such field"):
        http(Vendor(sent(gzip.compress(sentence), 400, **GZIP))).get("/things")


@pytest.mark.parametrize(
    ("body", "packing"),
    [(gzip.compress(b'{"a": 1}', mtime=0)[:-9], "gzip"), (b'{"a": 1}', "gzip"), (b"x", "br"), (b"x", "zstd"), (b"x", "gzip, gzip")],
)  # fmt: skip
def test_a_broken_packing_is_asked_for_again(body: bytes, packing: str) -> None:
    broken = {"content-encoding": packing}
    vendor = Vendor(sent(body, **broken), ok())
    assert http(vendor).get("/things") == {"fine": True}
    with pytest.raises(MalformedResponse, match="compression is broken"):
        http(Vendor(lambda request: sent(body, **broken))).get("/things")


@pytest.mark.parametrize("deep", ["[" * 5000, "[" * 5000 + "]" * 5000, '{"a":' * 3000 + "1" + "}" * 3000])
def test_deep_json_is_refused_by_name(deep: str) -> None:
    with pytest.raises(MalformedResponse, match=r"200 levels|broken"):
        http(Vendor(sent(deep.encode()))).get("/things")
    with pytest.raises(BadRequest):
        http(Vendor(sent(deep.encode(), 400))).get("/things")
    auth = ClientCredentials(f"{BASE}/token", "id", SecretStr("canary-secret"))
    with pytest.raises(MalformedResponse, match="no access_token"):
        http(Vendor(sent(deep.encode())), auth=auth).get("/things")


def test_a_number_of_more_digits_than_anybody_reads_costs_nothing_beside_it() -> None:
    digits = "9" * 5000
    vendor = Vendor(httpx.Response(200, text=f'{{"rows": [{{"id": 1}}, {{"id": 2, "n": {digits}}}]}}'))
    assert http(vendor).get("/things") == {"rows": [{"id": 1}, {"id": 2, "n": digits}]}


def test_json_may_be_as_deep_as_the_bound_and_no_deeper() -> None:
    assert parse_json("[" * DEEPEST_JSON + "]" * DEEPEST_JSON)
    with pytest.raises(ValueError, match="200 levels"):
        parse_json("[" * (DEEPEST_JSON + 1) + "]" * (DEEPEST_JSON + 1))
    with pytest.raises(ValueError, match="200 levels"):
        parse_json('[{"a":' * 101 + "1" + "}]" * 101)


class Dripping(httpx.SyncByteStream):
    """A byte a minute: no timeout between two of them is ever reached."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._clock.sleep(60)
            self.count += 1
            yield b" "


def test_an_answer_that_drips_has_an_end(tmp_path: Path) -> None:
    clock = FakeClock()
    drip = Dripping(clock)
    with pytest.raises(Unreachable, match="within 600 seconds"):
        http(Vendor(httpx.Response(200, stream=drip)), clock).get("/things")
    assert drip.count == 11
    with pytest.raises(Unreachable, match="within 14400 seconds"):
        http(Vendor(httpx.Response(200, stream=Dripping(clock))), clock).stream_to_file(
            "/x", None, tmp_path / "x"
        )


def test_a_download_is_bounded_and_kept_as_it_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "export"
    packed = gzip.compress(b"rows")
    length = {"content-length": str(len(packed))}
    http(Vendor(sent(packed, **GZIP, **length))).stream_to_file("/export", None, file)
    assert file.read_bytes() == packed
    monkeypatch.setitem(bodies.DOWNLOAD, "bounds", bodies.Bounds(1 << 20, 600, is_kept_packed=True))
    with pytest.raises(MalformedResponse, match="larger than 1 MiB"):
        http(Vendor(sent(b" " * (2 << 20)))).stream_to_file("/export", None, file)


@pytest.mark.parametrize("length", ["many", "9" * 5000, "-1", "١"])
def test_a_length_that_is_no_number_is_not_the_files(tmp_path: Path, length: str) -> None:
    answer = httpx.Response(
        200, headers=[(b"content-length", length.encode())], stream=httpx.ByteStream(b"rows")
    )
    with pytest.raises(Unreachable, match="cut short"):
        http(Vendor(answer), retry_seconds=0).stream_to_file("/export", None, tmp_path / "x")


HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["date", "retry-after", "link", "location", "content-type", "content-encoding", "x-ratelimit-reset", "etag", "set-cookie"]
    ),
    HEADER_TEXT | st.sampled_from(["gzip", "deflate", "identity", "text/html", '<x>; rel="next"', "</a>;;rel=next", "0"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    body=st.binary(max_size=80) | st.text('[]{}":,1en\\ud8 ', max_size=80).map(str.encode),
    status=st.sampled_from([200, 204, 206, 301, 302, 400, 401, 403, 404, 410, 429, 500]),
    headers=HEADERS,
)
def test_any_answer_is_json_or_a_source_error(body: bytes, status: int, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    api = http(
        Vendor(lambda request: httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))),
        retry_seconds=1,
    )
    with suppress(SourceError):
        api.get("/things")
    with suppress(SourceError):
        for number, _ in enumerate(api.paginate_links("/things")):
            if number == 3:
                break


@settings(max_examples=200, deadline=None)
@example("https://xn--api-.example.com")
@given(HEADER_TEXT)
def test_any_link_is_a_target_or_none_or_a_source_error(text: str) -> None:
    for link in (text, f'<{text}>; rel="next"', f"<{text}>; rel=next; results={text}"):
        headers = httpx.Headers([(b"link", link.encode("latin-1"))])
        with suppress(SourceError):
            target = next_link(Answer(200, headers, None, f"{BASE}/things"))
            assert target is None or "://" in target


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.from_regex(r"(x-)?(a-)?rate-?limit-(b-)?(reset|remaining)", fullmatch=True), st.text())
)
def test_any_reset_is_a_bearable_wait_or_none(headers: dict[str, str]) -> None:
    waited = asked_to_wait(headers, NOW)
    assert waited is None or waited >= 0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_json_or_a_value_error_that_quotes_nothing(body: bytes) -> None:
    try:
        parse_json(body)
    except ValueError as error:
        told = str(error)
    else:
        return
    assert told in ("text that is not UTF-8", "broken or empty JSON")


class Leaping(FakeClock):
    """A minute goes by whenever it is asked."""

    def monotonic(self) -> float:
        self.sleep(60)
        return super().monotonic()


DRIPPING = {
    "headers": b"HTTP/1.1 200 OK\r\nx: ",
    "a chunk's length": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    "what follows the chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: ",
}


@pytest.mark.parametrize("begun", DRIPPING.values(), ids=DRIPPING.keys())
def test_what_drips_around_a_body_has_an_end(begun: bytes) -> None:
    """Over a real connection: each byte is there long before a timeout, and none of them is of the body."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with suppress(OSError), server.accept()[0] as connection:
                connection.recv(10_000)
                for byte in itertools.chain(begun, itertools.repeat(ord("0"))):
                    connection.sendall(bytes([byte]))

        threading.Thread(target=drip, daemon=True).start()
        base_url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with (
            Http(base_url, clock=Leaping()) as api,
            pytest.raises(Unreachable, match="did not come within 600"),
        ):
            api.get("/things")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HTTPS_PROXY", "socks9://bob:canary@proxy.example:1", "HTTPS_PROXY"),
        ("ALL_PROXY", ":::canary", "ALL_PROXY"),
        ("SSL_CERT_FILE", "/nowhere/canary.pem", "SSL_CERT_FILE"),
    ],
)
def test_what_the_environment_says_of_the_network_is_refused_with_the_remedy(
    variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    _certificates.cache_clear()
    with pytest.raises(InvalidSettings, match=told) as refused:
        Http("https://api.vendor.example")
    assert "unset the variable" in str(refused.value)
    assert "canary" not in str(refused.value)


def test_a_host_that_no_host_can_be_called_does_not_answer() -> None:
    with (
        Http(f"https://{'a' * 300}.example", retry_seconds=0) as api,
        pytest.raises(Unreachable, match="No answer"),
    ):
        api.get("/things")


@pytest.mark.parametrize("wide", ["[" + "{}," * 2_000_001 + "0]", "[" + "1," * 4_000_001 + "0]"])
def test_json_of_many_small_values_is_refused_by_name(wide: str) -> None:
    with pytest.raises(MalformedResponse, match="more than 4,000,000 values"):
        http(Vendor(sent(wide.encode()))).get("/things")
