"""What an export's archive may not do to us: bombs, locks, foreign methods, flipped bits, lines without an end."""

import gzip
import io
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.amplitude.archive import event_pages, sound_archive
from connectors.errors import MalformedResponse
from tests.test_amplitude import SOUND, START, Export, content, event, quarantine, sent, zipped


def _with_field(body: bytes, offset: int, value: int) -> bytes:
    """The archive with two bytes changed at `offset` of its first entry of the directory."""
    place = body.index(b"PK\x01\x02") + offset
    return body[:place] + value.to_bytes(2, "little") + body[place + 2 :]


def _bomb() -> bytes:
    """A member whose packed lines unpack to a thousand times their size."""
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb") as packed:
        for _ in range(80):
            packed.write(b"\0" * (1 << 20))
    return zipped({"1/a.json.gz": buffer.getvalue()})


def _deflated_bomb() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.json.gz", "w") as member,
    ):
        for _ in range(80):
            member.write(b"\0" * (1 << 20))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (_with_field(SOUND, 8, 1), "an encrypted member"),
        (_with_field(SOUND, 10, 98), "a method that is not read"),
        (_with_field(SOUND, 10, 12), "a method that is not read"),
        (_bomb(), "250 times its size"),
        (_deflated_bomb(), "250 times its size"),
    ],
    ids=["encrypted", "unknown method", "other method", "gzip bomb", "zip bomb"],
)
def test_an_archive_that_is_not_to_be_unpacked_is_refused_by_name(
    tmp_path: Path, body: bytes, told: str
) -> None:
    export = Export()
    export.faults = [sent(body) for _ in range(3)]
    run = export.run(tmp_path)
    assert run.outcome == "failed"
    assert told in (run.error or "")
    assert "GET /api/2/export" in (run.error or "")


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(zipped({f"{number}.json.gz": b"" for number in range(10_001)}))
    with pytest.raises(MalformedResponse, match="10,001 members; at most 10,000"):
        sound_archive(path)


_PACKED = io.BytesIO()
with zipfile.ZipFile(_PACKED, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("1/a.json.gz", b"\n".join(event(f"key-{number}") for number in range(40)))


def test_a_directory_of_hundreds_of_thousands_is_refused_before_it_is_read(tmp_path: Path) -> None:
    entry = SOUND[SOUND.index(b"PK\x01\x02") : SOUND.index(b"PK\x05\x06")]
    members, end = 400_000, SOUND.index(b"PK\x05\x06")
    size = len(entry) * members
    whole = (
        SOUND[: SOUND.index(b"PK\x01\x02")] + entry * members + SOUND[end : end + 12]
        + size.to_bytes(4, "little") + SOUND[end + 16 :]
    )  # fmt: skip
    (tmp_path / "export.zip").write_bytes(whole)
    tracemalloc.start()
    with pytest.raises(MalformedResponse, match="a directory of more than 4 MiB"):
        sound_archive(tmp_path / "export.zip")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20


@settings(max_examples=150, deadline=None)
@given(bit=st.integers(0, len(_PACKED.getvalue()) * 8 - 1))
def test_a_flipped_bit_leaves_a_sound_archive_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, bit: int
) -> None:
    body = bytearray(_PACKED.getvalue())
    body[bit // 8] ^= 1 << bit % 8
    path = tmp_path_factory.mktemp("zip") / "export.zip"
    path.write_bytes(body)
    # Nothing but the one error, which costs a second download.
    with suppress(MalformedResponse):
        sound_archive(path)


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=300), is_packed=st.booleans())
def test_any_bytes_are_an_archive_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, is_packed: bool
) -> None:
    path = tmp_path_factory.mktemp("zip") / "export.zip"
    path.write_bytes(zipped({"1/a.json.gz": body}) if is_packed else body)
    with suppress(MalformedResponse):
        sound_archive(path)
        list(event_pages(path))


def test_a_flipped_bit_in_a_deflated_member_is_mended_by_a_second_download(tmp_path: Path) -> None:
    export = Export()
    damaged = bytearray(_PACKED.getvalue())
    # Inside the deflated bytes: the decompressor itself stumbles, before any checksum is compared.
    damaged[45] ^= 0xFF
    export.hours = {START: [event("a")]}
    export.faults = [sent(bytes(damaged))]
    assert export.run(tmp_path).streams[0].loaded == 1


def test_a_line_without_an_end_costs_itself_and_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.lines.LONGEST_LINE", 1000)
    monkeypatch.setattr("connectors.lines.CHUNK_BYTES", 300)
    long = event("long", text="x" * 100_000)
    exactly = event("exact", text="y" * (1000 - len(event("exact", text=""))))
    export = Export()
    export.hours = {START: [event("a"), long, exactly, event("b"), long]}
    assert export.run(tmp_path).streams[0].quarantined == 2
    assert [key for key, _ in content(tmp_path)] == ["a", "b", "exact"]
    assert {reason for reason, _ in quarantine(tmp_path)} == {"The line is longer than 1000 bytes."}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_and_of_odd_names_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    names = [
        "a.json.gz",
        "a.json.gz",
        "../a.json.gz",
        "/etc/a.json.gz",
        "a\\..\\..\\a.json.gz",
        "\x00a.json.gz",
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(zipfile.ZipInfo(name), gzip.compress(event(f"key-{number}")))
    sound_archive(path)
    found = [key for page in event_pages(path) for key in page.records["record_id"].to_pylist()]
    assert len(set(found)) == len(found) >= 5
    assert [each.name for each in tmp_path.iterdir()] == ["export.zip"]
