"""The same events as the lines of a Mixpanel export, and the profiles of who sent them."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

import numpy as np

from sandbox.company.catalogue import HISTORY_START
from sandbox.company.company import Company
from sandbox.company.people import Person
from sandbox.company.usage.days import AGENTS, ANONYMOUS, ZERO_USER, ZERO_UUID, Batch, concatenate
from sandbox.company.usage.events import Usage
from sandbox.company.usage.plan import ms
from sandbox.company.usage.traits import KINDS, RAGE_CLICK, Kind, Traits, local_ordinal
from sandbox.vendors.record import Record

# Events of this remainder stand in the export twice, word for word.
_TWICE = 211
# One person of so many has the address on the events too, not in the profile only.
_ADDRESS_ON_EVENTS = 4
# The profile of a device on which nobody logged in is cleaned up after so many days.
_ANONYMOUS_DAYS = 30
_CITIES = ("Berlin", "Vienna", "Utrecht", "Lyon", "Valencia")


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of `profiles` at `now`: everybody who may have used the app by now, and devices on which nobody has
    logged in of late; none for an unknown stream.
    """
    if stream != "profiles":
        return []
    usage, today = company.usage, local_ordinal(now)
    people = [person for person in company.people if usage.traits.start[person.index] <= today]
    return [
        *(_profile(person, usage.traits, now) for person in people),
        *(_anonymous_profile(device, seen) for device, seen in _visits(usage, now)),
    ]


class Export:
    """A day of events by the time that they claim, as the vendor has them at a moment."""

    def __init__(self, company: Company) -> None:
        self._usage: Usage = company.usage
        usage = self._usage
        self._devices = [_device_parts(number, name) for number, name in enumerate(usage.devices)]
        self._users = [_user_parts(person, usage.traits) for person in company.people]
        self._zero = (f'"distinct_id":"{ZERO_UUID}","$user_id":"{ZERO_UUID}",',) * 3
        self._accounts = [f'"account":["{account.app_account_id}"],' for account in company.accounts]
        self._kinds = [[_kind_parts(kind, agent) for agent in AGENTS] for kind in KINDS]

    def files(self, start: datetime, now: datetime) -> list[bytes]:
        """One file of NDJSON: the events that claim the day that begins with `start`, and were processed before `now`.

        Times are milliseconds of the clock on the wall of `start`'s zone, as if that clock showed UTC.
        """
        day, zone = start.date(), start.tzinfo
        opens, closes = (
            ms(datetime.combine(which, time(), zone)) for which in (day, day + timedelta(days=1))
        )
        found = concatenate(list(self._usage.claiming(day)))
        inside = (found.time_ms >= opens) & (found.time_ms < closes) & (found.upload_ms < ms(now))
        batch = found.take(inside)
        batch = batch.take(np.lexsort((batch.serial, batch.time_ms)))
        return [self._lines(batch, _offsets(batch.time_ms, zone))]

    def _lines(self, batch: Batch, offsets: "np.ndarray[Any, Any]") -> bytes:
        out = []
        rows = zip(
            (batch.time_ms + offsets).tolist(), batch.upload_ms.tolist(), batch.device.tolist(), batch.user.tolist(),
            batch.account.tolist(), batch.kind.tolist(), batch.agent.tolist(), batch.serial.tolist(),
            batch.insert.tolist(), strict=True,
        )  # fmt: skip
        for moment, upload, device, user, account, kind, agent, serial, insert in rows:
            anonymous, facts = self._devices[device]
            who = (
                anonymous
                if user == ANONYMOUS
                else (self._zero if user == ZERO_USER else self._users[user])[serial % 3]
            )
            group = (
                self._accounts[account]
                if account >= 0
                else ""
                if account == -1
                else '"account":["acct_9999"],'
            )
            name, properties = self._kinds[kind][agent]
            line = (
                f'{{"event":"{name}","properties":{{"time":{moment},{who}"$insert_id":"i{insert:x}-{device:x}",'
                f'{facts},{group}{properties},"mp_processing_time_ms":{upload}}}}}\n'
            )
            out.append(line * 2 if serial % _TWICE == 0 else line)
        return "".join(out).encode()


def _visits(usage: Usage, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Devices of visitors, with the moment from which each is known."""
    for number, name in enumerate(usage.devices):
        if "visitor" in name:
            seen = datetime.combine(HISTORY_START, time(9), UTC) + timedelta(days=number * 37 % 190)
            if seen <= now < seen + timedelta(days=_ANONYMOUS_DAYS):
                yield name, seen


def _offsets(moments: "np.ndarray[Any, Any]", zone: tzinfo | None) -> "np.ndarray[Any, Any]":
    """Milliseconds by which the zone's clock is ahead of UTC, for each moment."""
    if not len(moments):
        return np.zeros(len(moments), dtype=np.int64)
    hours, place = np.unique(moments // 3_600_000, return_inverse=True)
    ahead = []
    for hour in hours.tolist():
        offset = datetime.fromtimestamp(hour * 3600, zone).utcoffset()
        ahead.append(0 if offset is None else int(offset.total_seconds() * 1000))
    return np.array(ahead, dtype=np.int64)[place]


def _device_parts(number: int, name: str) -> tuple[str, str]:
    """Who an event without a user is by, and what every event of the device says."""
    facts = (
        f'"$device_id":"{name}","$os":"{("Windows", "Mac OS X", "Linux", "iOS")[number % 4]}",'
        f'"$city":"{_CITIES[number % len(_CITIES)]}","mp_country_code":"{("DE", "AT", "NL", "FR", "ES")[number % 5]}",'
        f'"mp_lib":"web","$lib_version":"2.{number % 7}.{number % 3}","$mp_api_endpoint":"api-js.mixpanel.com"'
    )
    return f'"distinct_id":"$device:{name}",', facts


def _user_parts(person: Person, traits: Traits) -> tuple[str, str, str]:
    """Three ways in which clients write the same person's address."""
    on_events = traits.shows_email[person.index] and person.index % _ADDRESS_ON_EVENTS == 0
    address = person.email if on_events else None
    who = f'"distinct_id":"{person.app_user_id}","$user_id":"{person.app_user_id}",'
    first, second, third = (
        f'{who}"$email":"{text}",' if text else who
        for text in (address, address and address.title(), address and address.upper())
    )
    return first, second, third


def _kind_parts(kind: Kind, agent: str) -> tuple[str, str]:
    name, given = kind.event_type, kind.properties
    if name == RAGE_CLICK:
        ((_, page),) = given
        name, given = (
            "$mp_rage_click",
            (("$pathname", page), ("$current_url", f"https://app.acmeflow.example{page}")),
        )
    properties = "".join(f'"{key}":"{value}",' for key, value in given)
    return name, f'{properties}"user_agent":"{agent}"'


def _profile(person: Person, traits: Traits, now: datetime) -> Record:
    properties: dict[str, Any] = {
        "$name": f"{person.first_name} {person.last_name}",
        "$created": person.joined_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "$city": _CITIES[person.index % len(_CITIES)],
    }
    if traits.shows_email[person.index]:
        address = person.email
        properties["$email"] = (address, address.title(), address.upper())[person.index % 3]
    body = {"$distinct_id": person.app_user_id, "$properties": properties}
    return Record(person.app_user_id, min(person.joined_at, now), body)


def _anonymous_profile(device: str, seen: datetime) -> Record:
    properties = {"$created": seen.strftime("%Y-%m-%dT%H:%M:%S"), "$city": "Berlin"}
    return Record(f"$device:{device}", seen, {"$distinct_id": f"$device:{device}", "$properties": properties})
