"""Events as the lines of an Amplitude export."""

from datetime import UTC, datetime, timedelta

import numpy as np

from sandbox.company.company import Company
from sandbox.company.usage.days import (
    AGENTS,
    ANONYMOUS,
    RECEIVED_BEFORE_UPLOAD_MS,
    ZERO_USER,
    ZERO_UUID,
    Batch,
    concatenate,
)
from sandbox.company.usage.events import Usage
from sandbox.company.usage.plan import DAY_MS, HOUR_MS, ms
from sandbox.company.usage.traits import KINDS, RAGE_CLICK, Kind, Traits
from sandbox.vendors.record import Record

# An hour of uploads can be exported two hours after it ends.
UPLOAD_LAG = timedelta(hours=2)
_LINES_A_FILE = 20_000
# Events of an hour's last minute may stand in the next hour's file once more.
_EDGE_MS = 60_000

_SYSTEMS = (
    ("Web", "Chrome", "amplitude-ts/2.11.1"),
    ("Web", "Safari", "amplitude-ts/2.11.1"),
    ("Web", "Firefox", "amplitude-ts/2.9.0"),
    ("iOS", "ios", "amplitude-swift/1.10.2"),
)
_PLACES = (
    ("Germany", "German"),
    ("Austria", "German"),
    ("Netherlands", "Dutch"),
    ("France", "French"),
    ("Spain", "Spanish"),
)


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """None: the vendor shows nothing but events."""
    return []


class Export:
    """The events of an hour of uploads, as the vendor exports them."""

    def __init__(self, company: Company) -> None:
        self._usage: Usage = company.usage
        self._lines = _Lines(company, self._usage.traits, self._usage.devices)

    def files(self, start: datetime, now: datetime) -> list[bytes]:
        """NDJSON files of the events uploaded in the UTC hour from `start` on and before `now`; [] when none.

        An event uploaded in the last minute of an hour may stand in the next hour's files too, word for word.
        """
        hour = start.astimezone(UTC)
        batch = self._usage.uploaded_on(hour.date())
        if hour.hour == 0:
            batch = concatenate([self._usage.uploaded_on((hour - timedelta(hours=1)).date()), batch])
        upload, opens = batch.upload_ms, ms(hour)
        edge = (
            (upload >= opens - _EDGE_MS)
            & (upload < opens)
            & ((batch.serial % 5 == 0) | (upload >= opens - 1000))
        )
        inside = (upload >= opens) & (upload < opens + HOUR_MS)
        chosen = batch.take((edge | inside) & (upload < ms(now)))
        return [
            self._lines.of(chosen.take(np.arange(first, min(first + _LINES_A_FILE, len(chosen)))))
            for first in range(0, len(chosen), _LINES_A_FILE)
        ]


class _Lines:
    """Writes lines from parts that are made once, so that a line costs microseconds."""

    def __init__(self, company: Company, traits: Traits, devices: list[str]) -> None:
        self._devices = [_device_part(number, name) for number, name in enumerate(devices)]
        self._users = [
            _user_parts(p.app_user_id, p.email if traits.shows_email[p.index] else None, p.index)
            for p in company.people
        ]
        self._nobody = ('"user_id":null,"amplitude_id":900000000000,"user_properties":{}',) * 3
        self._zero = (f'"user_id":"{ZERO_UUID}","amplitude_id":900000000001,"user_properties":{{}}',) * 3
        self._accounts = [f'{{"account":["{account.app_account_id}"]}}' for account in company.accounts]
        self._kinds = [[_kind_part(kind, agent) for agent in AGENTS] for kind in KINDS]
        self._clock = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]
        self._dates: dict[int, str] = {}

    def of(self, batch: Batch) -> bytes:
        """One JSON object a line, in the order of the batch."""
        ids = _mixed(batch.serial)
        times, uploads = self._stamps(batch.time_ms), self._stamps(batch.upload_ms)
        received = self._stamps(batch.upload_ms - RECEIVED_BEFORE_UPLOAD_MS)
        devices, users, accounts, kinds = self._devices, self._users, self._accounts, self._kinds
        out = []
        for time, upload, receipt, device, user, account, kind, agent, session, serial, insert, (high, low) in zip(
            times, uploads, received, batch.device.tolist(), batch.user.tolist(), batch.account.tolist(),
            batch.kind.tolist(), batch.agent.tolist(), batch.session_ms.tolist(), batch.serial.tolist(),
            batch.insert.tolist(), ids, strict=True,
        ):  # fmt: skip
            who = (self._nobody if user == ANONYMOUS else self._zero if user == ZERO_USER else users[user])[
                serial % 3
            ]
            groups = (
                accounts[account] if account >= 0 else "{}" if account == -1 else '{"account":["acct_9999"]}'
            )
            out.append(
                f'{{"$insert_id":"i{insert:x}-{device:x}","uuid":"{high[:8]}-{high[8:12]}-4{high[13:]}-'
                f'8{low[1:4]}-{low[4:]}",{kinds[kind][agent]},"event_id":{serial % 20_000_000},"event_time":"{time}",'
                f'"client_event_time":"{time}","client_upload_time":"{receipt}","server_received_time":"{receipt}",'
                f'"server_upload_time":"{upload}","processed_time":"{upload}","session_id":{session},{devices[device]},'
                f'{who},"groups":{groups},"group_properties":{{}},"data":{{}}}}\n'
            )
        return "".join(out).encode()

    def _stamps(self, moments: np.ndarray) -> list[str]:
        clock, dates = self._clock, self._dates
        result = []
        for moment in moments.tolist():
            day, rest = divmod(moment, DAY_MS)
            date = dates.get(day)
            if date is None:
                date = dates[day] = str(np.datetime64(day, "D"))
            second, milli = divmod(rest, 1000)
            result.append(f"{date} {clock[second]}.{milli:03d}000")
        return result


def _device_part(number: int, name: str) -> str:
    platform, os_name, library = _SYSTEMS[(number * 7 + number // 5) % len(_SYSTEMS)]
    country, language = _PLACES[number * 3 % len(_PLACES)]
    return (
        f'"device_id":"{name}","platform":"{platform}","os_name":"{os_name}","library":"{library}",'
        f'"country":"{country}","language":"{language}",'
        f'"version_name":"4.{number % 7}.{number % 3}",'
        f'"ip_address":"203.0.113.{number % 250 + 1}"'
    )


def _user_parts(user_id: str, email: str | None, index: int) -> tuple[str, str, str]:
    """Three ways in which clients write the same person's address."""
    parts = []
    for written in (email, email and email.title(), email and email.upper()):
        properties = f'{{"email":"{written}"}}' if written else "{}"
        parts.append(
            f'"user_id":"{user_id}","amplitude_id":{510_000_000_000 + index},"user_properties":{properties}'
        )
    return parts[0], parts[1], parts[2]


def _kind_part(kind: Kind, agent: str) -> str:
    name, given = kind.event_type, kind.properties
    if name == RAGE_CLICK:
        ((_, page),) = given
        name, given = (
            "[Amplitude] Rage Click",
            (("[Amplitude] Page URL", f"https://app.acmeflow.example{page}?tab=1"),),
        )
    properties = "".join(f'"{key}":"{value}",' for key, value in given)
    return f'"event_type":"{name}","event_properties":{{{properties}"user_agent":"{agent}"}}'


def _mixed(serial: np.ndarray) -> list[tuple[str, str]]:
    """Two texts of 16 hexadecimal digits a number, as good as random and different for different numbers."""
    high = serial.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    low = serial.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        low = (low ^ (low >> np.uint64(shift))) * np.uint64(factor)
    return [(f"{a:016x}", f"{b:016x}") for a, b in zip(high.tolist(), low.tolist(), strict=True)]
