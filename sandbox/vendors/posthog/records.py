"""Shows what the Connect team looks at as PostHog does: events and persons of an export, flags with their log, trials, a survey."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.company.company import Company
from sandbox.company.connect import (
    BY_ACCOUNT,
    CONTROL,
    DELETED_AT,
    DRAFTED_SURVEYS,
    FLAGS,
    SPLIT,
    SURVEY_FROM,
    SURVEY_MADE_AT,
    SURVEY_UNTIL,
    TEST,
    TRIALS,
    Moment,
    Trial,
)
from sandbox.company.flags import PRODUCTION, Flag, FlagState
from sandbox.company.usage.days import AGENTS, Batch
from sandbox.company.usage.plan import HOUR_MS, ms
from sandbox.company.usage.traits import KINDS
from sandbox.company.work_time import at_local
from sandbox.vendors.record import Record

SURVEY_ID = "0192f1c4-5a80-0000-8c1e-7f6b2a9d4c11"
SCORE_ID, COMMENT_ID = "b0c7e5d2-score", "b0c7e5d2-comment"
# Events of this remainder stand in the vendor's store twice until it has merged its rows.
_TWICE = 97
_TWICE_AFTER_MS = 5_000
_SPACE = uuid.UUID("01930000-0000-7000-8000-000000000000")
_FIRST_FLAG = 31
Json = dict[str, Any]


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    flags = [(number, each) for number, each in enumerate(FLAGS, _FIRST_FLAG) if each.created_at <= now]
    if stream == "feature_flags":
        return [
            Record(str(number), each.updated_at(now), _flag(number, each, now))
            for number, each in flags
            if not each.is_archived(now)
        ]
    if stream == "flag_activity":
        return [entry for number, each in flags for entry in _entries(number, each, now)]
    if stream == "experiments":
        return [_experiment(each, now) for each in TRIALS if each.planned_at <= now]
    if stream == "surveys":
        return [*([_survey(now)] if now >= SURVEY_MADE_AT else []), *_drafted_surveys(now)]
    if stream == "persons":
        return list(_persons(company, now))
    return []


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _of_ms(at_ms: int) -> str:
    return _iso(datetime.fromtimestamp(at_ms / 1000, UTC))


def _by() -> Json:
    return {"id": 7, "first_name": "Ada", "last_name": "Flag", "email": "ada.flag@acmeflow.example"}


def _filters(flag: Flag, state: FlagState) -> Json:
    """Whom a flag would reach if it were on."""
    group: Json = {"properties": [], "rollout_percentage": round(state.share * 100), "variant": None}
    filters: Json = {"groups": [group], "payloads": {}, "multivariate": None}
    if flag.key in SPLIT:
        variants = [{"key": key, "name": "", "rollout_percentage": 50} for key in (CONTROL, TEST)]
        filters["multivariate"] = {"variants": variants}
        filters["payloads"] = {TEST: '{"hints": 3}'}
    if flag.key in BY_ACCOUNT:
        filters["aggregation_group_type_index"] = 0
    return filters


def _flag(number: int, flag: Flag, now: datetime) -> Json:
    state = flag.state(PRODUCTION, now)
    return {
        "id": number,
        "key": flag.key,
        "name": flag.name,
        "filters": _filters(flag, state),
        "active": state.is_on,
        "deleted": False,
        "created_by": _by(),
        "created_at": _iso(flag.created_at),
        "version": 1 + sum(each.at <= now for each in flag.changes),
        "last_modified_by": _by(),
        "is_simple_flag": flag.key not in SPLIT,
        "rollout_percentage": None if flag.key in SPLIT else round(state.share * 100),
        "ensure_experience_continuity": False,
        "experiment_set": [each.number for each in TRIALS if each.key == flag.key],
        "tags": [],
    }


def _entries(number: int, flag: Flag, now: datetime) -> Iterator[Record]:
    """The log of a flag, with what it was before and after."""
    yield _entry(number, flag, flag.created_at, "created", [])
    before = flag.state(PRODUCTION, flag.created_at)
    for after in flag.changed(PRODUCTION, now):
        changes = [
            _change(field, *values)
            for field, values in (
                ("active", (before.is_on, after.is_on)),
                ("filters", (_filters(flag, before), _filters(flag, after))),
            )
            if values[0] != values[1]
        ]
        yield _entry(number, flag, after.at, "updated", changes)
        before = after
    if flag.archived_at is not None and flag.archived_at <= now:
        yield _entry(number, flag, flag.archived_at, "deleted", [_change("deleted", False, True)])


def _change(field: str, before: Any, after: Any) -> Json:
    return {"type": "FeatureFlag", "action": "changed", "field": field, "before": before, "after": after}


def _entry(number: int, flag: Flag, at: datetime, activity: str, changes: list[Json]) -> Record:
    key = str(uuid.uuid5(_SPACE, f"{flag.key} {at.isoformat()} {activity}"))
    body = {
        "id": key,
        "user": _by(),
        "unread": False,
        "is_system": False,
        "activity": activity,
        "item_id": str(number),
        "scope": "FeatureFlag",
        "detail": {"name": flag.key, "short_id": None, "type": None, "trigger": None, "changes": changes},
        "created_at": _iso(at),
    }
    return Record(key, at, body)


def _experiment(trial: Trial, now: datetime) -> Record:
    started, ended = trial.started_at, trial.ended_at
    moments = [each for each in (trial.planned_at, started, ended) if each is not None and each <= now]
    is_over = ended is not None and ended <= now
    number = next(
        (number for number, each in enumerate(FLAGS, _FIRST_FLAG) if each.key == trial.key), _FIRST_FLAG - 1
    )
    body = {
        "id": trial.number,
        "name": trial.name,
        "description": f"{trial.name}: more is synced",
        "start_date": _iso(started) if started is not None and started <= now else None,
        "end_date": _iso(ended) if ended is not None and is_over else None,
        "feature_flag_key": trial.key,
        "feature_flag": {"id": number, "key": trial.key, "active": not is_over},
        "parameters": {
            "feature_flag_variants": [{"key": key, "rollout_percentage": 50} for key in (CONTROL, TEST)],
            "recommended_sample_size": 200,
            "minimum_detectable_effect": 30,
        },
        "metrics": [
            {"kind": "ExperimentMetric", "metric_type": "funnel", "name": "Synced", "series": []},
        ],
        "archived": trial.is_archived and is_over,
        "deleted": False,
        "created_by": _by(),
        "created_at": _iso(trial.planned_at),
        "updated_at": _iso(max(moments)),
        "type": "product",
        "conclusion": "inconclusive" if is_over else None,
        "conclusion_comment": "Nothing is to be seen." if is_over else None,
    }
    return Record(str(trial.number), max(moments), body)


def _survey(now: datetime) -> Record:
    opens, closes = at_local(SURVEY_FROM, 0), at_local(SURVEY_UNTIL + timedelta(days=1), 0)
    body = {
        "id": SURVEY_ID,
        "name": "Satisfaction with syncing",
        "description": "",
        "type": "popover",
        "schedule": "once",
        "linked_flag_id": None,
        "questions": [
            {
                "id": SCORE_ID,
                "type": "rating",
                "question": "How well does it sync?",
                "display": "number",
                "scale": 5,
            },
            {"id": COMMENT_ID, "type": "open", "question": "Why?", "optional": True},
        ],
        "conditions": None,
        "created_at": _iso(SURVEY_MADE_AT),
        "created_by": _by(),
        "start_date": _iso(opens) if opens <= now else None,
        "end_date": _iso(closes) if closes <= now else None,
        "archived": False,
    }
    return Record(SURVEY_ID, max(each for each in (SURVEY_MADE_AT, opens, closes) if each <= now), body)


def _drafted_surveys(now: datetime) -> Iterator[Record]:
    for name, made_at in DRAFTED_SURVEYS.items():
        if made_at <= now:
            key = str(uuid.uuid5(_SPACE, name))
            dates = {"created_at": _iso(made_at), "start_date": None, "end_date": None}
            yield Record(
                key,
                made_at,
                {"id": key, "name": name, "type": "popover", "questions": [], "archived": False, **dates},
            )


def _person_id(name: str) -> str:
    return str(uuid.uuid5(_SPACE, name))


def _persons(company: Company, now: datetime) -> Iterator[Record]:
    """A row an id by which somebody was seen: a device is a person of its own until the first log-in there."""
    connect, devices = company.connect, company.usage.devices
    shared = company.usage.traits.shares_device
    for person, arrival in connect.first_uses.items():
        who = company.people[person]
        seen = datetime.fromtimestamp(arrival / 1000, UTC)
        if seen > now:
            continue
        is_gone = connect.is_deleted(person, now)
        device = devices[int(company.usage.traits.device[person, 0])]
        ids = [who.app_user_id, *([] if shared[person] else [device]), *filter(None, [connect.alias(person)])]
        for number, distinct_id in enumerate(ids):
            at = DELETED_AT if is_gone else seen + timedelta(seconds=number)
            email = who.email if company.usage.traits.shows_email[person] else None
            body = {
                "team_id": 1,
                "distinct_id": distinct_id,
                "person_id": _person_id(who.app_user_id),
                "properties": {}
                if is_gone
                else {"name": f"{who.first_name} {who.last_name}", "email": email},
                "person_distinct_id_version": 0 if number == 0 else 1,
                "person_version": 101 if is_gone else 1,
                "created_at": _iso(seen),
                "_inserted_at": _iso(at),
                "is_deleted": is_gone,
            }
            yield Record(distinct_id, at, body)


class Export:
    """Events by the hour in which they came in."""

    def __init__(self, company: Company) -> None:
        self._company, self._usage, self._connect = company, company.usage, company.connect
        self._by_hour: dict[int, list[Moment]] = {}
        for each in self._connect.moments:
            self._by_hour.setdefault(_arrival(each) // HOUR_MS, []).append(each)

    def files(self, start: datetime, now: datetime) -> list[bytes]:
        """One file of NDJSON of what came in in the UTC hour from `start` on and before `now`; [] when nothing did."""
        opens, before = ms(start), min(ms(start) + HOUR_MS, ms(now))
        found: list[tuple[int, Json]] = []
        days = {
            moment.astimezone(UTC).date()
            for moment in (start, start - timedelta(milliseconds=_TWICE_AFTER_MS))
        }
        for day in sorted(days):
            found += self._uses(self._connect.uploaded_on(day))
        found += [self._only_here(each) for each in self._by_hour.get(opens // HOUR_MS, [])]
        shown = sorted(
            (each for each in found if opens <= each[0] < before), key=lambda each: (each[0], each[1]["uuid"])
        )
        return ["".join(f"{json.dumps(event)}\n" for _, event in shown).encode()] if shown else []

    def _uses(self, batch: Batch) -> Iterator[tuple[int, Json]]:
        rows = zip(
            batch.time_ms.tolist(), batch.upload_ms.tolist(), batch.device.tolist(), batch.user.tolist(),
            batch.account.tolist(), batch.kind.tolist(), batch.agent.tolist(), batch.serial.tolist(),
            batch.insert.tolist(), strict=True,
        )  # fmt: skip
        for at_ms, upload, device, user, account, kind, agent, serial, insert in rows:
            properties = self._sender(device, user, serial) | dict(KINDS[kind].properties)
            properties |= {
                "$insert_id": f"i{insert:x}-{device:x}",
                "$raw_user_agent": AGENTS[agent],
                "$lib": "web",
            }
            if account != -1:
                named = self._company.accounts[account].app_account_id if account >= 0 else "acct_9999"
                properties |= {"$groups": {"account": named}, "$group_0": named}
            key = str(uuid.uuid5(_SPACE, str(serial)))
            event = self._event(key, KINDS[kind].event_type, user, properties, at_ms)
            yield upload, event | _came_in(upload)
            if serial % _TWICE == 0:
                yield upload + _TWICE_AFTER_MS, event | _came_in(upload + _TWICE_AFTER_MS)

    def _only_here(self, moment: Moment) -> tuple[int, Json]:
        properties = (
            {"$lib": "posthog-node"} if moment.device < 0 else self._sender(moment.device, moment.person, 1)
        )
        properties |= _survey_answer(moment) if moment.event == "survey sent" else moment.properties
        key = str(uuid.uuid5(_SPACE, moment.key))
        event = self._event(key, moment.event, moment.person, properties, moment.at_ms)
        if moment.sender:
            event |= {"distinct_id": moment.sender}
        return _arrival(moment), event | _came_in(_arrival(moment))

    def _sender(self, device: int, user: int, serial: int) -> Json:
        """What the SDK says of who sends; older ones do not say whether somebody has logged in."""
        name = self._usage.devices[device]
        said: Json = {
            "$device_id": name,
            "$os": ("Windows", "Mac OS X", "Linux")[device % 3],
            "$ip": "203.0.113.9",
        }
        said |= {"$is_identified": user >= 0} if serial % 2 else {}
        return said | (
            {"$user_id": self._company.people[user].app_user_id} if user >= 0 and serial % 3 else {}
        )

    def _event(self, key: str, name: str, user: int, properties: Json, at_ms: int) -> Json:
        who = self._company.people[user] if user >= 0 else None
        sender = who.app_user_id if who else str(properties["$device_id"])
        shows = who is not None and self._usage.traits.shows_email[who.index]
        email = (who.email, who.email.title(), who.email.upper())[who.index % 3] if who and shows else None
        return {
            "uuid": key,
            "event": name,
            "distinct_id": sender,
            "person_id": _person_id(sender),
            "properties": properties,
            "person_properties": {"email": email} if who else {},
            "elements_chain": "",
            "timestamp": _of_ms(at_ms),
        }


def _arrival(moment: Moment) -> int:
    return moment.at_ms + 900


def _came_in(at_ms: int) -> Json:
    return {"created_at": _of_ms(at_ms), "_inserted_at": _of_ms(at_ms)}


def _survey_answer(moment: Moment) -> Json:
    said = moment.properties
    return {
        "$survey_id": SURVEY_ID,
        "$survey_submission_id": str(uuid.uuid5(_SPACE, f"submission {moment.person}")),
        "$survey_completed": said["is_whole"],
        f"$survey_response_{SCORE_ID}": said["score"],
        f"$survey_response_{COMMENT_ID}": said["comment"],
        "$survey_questions": [
            {"id": SCORE_ID, "question": "How well does it sync?", "response": said["score"]}
        ],
    }
