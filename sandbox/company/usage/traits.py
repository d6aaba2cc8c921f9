"""What makes each person use the app the way they do, as arrays with one row a person, and the kinds of events."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sandbox.company.catalogue import FEATURE_BY_ID, FEATURES, HISTORY_END, HISTORY_START, REPORTING_TIME_ZONE
from sandbox.company.experiments.catalogue import CONTROL, EXPERIMENTS, EXPOSURE_EVENT, TREATMENT
from sandbox.company.population import Population

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BERLIN = ZoneInfo(REPORTING_TIME_ZONE)


# What a tool's library sends when somebody clicks in rage; the names of the event and of its page are each tool's own.
RAGE_CLICK = "rage click"
# By page: the feature after whose use people click there in rage, and after how many uses one does.
RAGE_CLICKS_AFTER = {
    "/w/7/timeline": ("timeline", 15),
    "/w/7/boards/42": ("board", 90),
    "/w/7/settings": ("comments", 120),
}


@dataclass(frozen=True)
class Kind:
    """An event type, with the value of its property `kind` if it has one, and what else it says.

    No feature: the registry does not map it.
    """

    event_type: str
    prop: str | None
    feature_id: str | None
    further: tuple[tuple[str, str], ...] = ()

    @property
    def properties(self) -> tuple[tuple[str, str], ...]:
        return ((("kind", self.prop),) if self.prop else ()) + self.further


def _kinds() -> tuple[Kind, ...]:
    mapped = [Kind(rule.event, rule.kind, feature.id) for feature in FEATURES for rule in feature.events]
    unmapped = [
        Kind("search_used", None, None),
        Kind("experiment_seen", None, None),
        Kind("tooltip_closed", None, None),
        Kind("pricing_viewed", None, None),
        Kind("report_viewed", "draft", None),
    ]
    passive = [Kind("push_received", None, None), Kind("email_opened", None, None)]
    shown = [
        Kind(EXPOSURE_EVENT, None, None, (("experiment_id", each.id), ("variation_id", variant)))
        for each in EXPERIMENTS
        for variant in (CONTROL, TREATMENT)
    ]
    clicked = [Kind(RAGE_CLICK, None, None, (("page", page),)) for page in RAGE_CLICKS_AFTER]
    return (*mapped, *unmapped, *passive, *shown, *clicked)


KINDS = _kinds()
KIND_OF = {(kind.event_type, kind.prop): number for number, kind in enumerate(KINDS) if not kind.further}
FUNNEL_KINDS = tuple(KIND_OF[rule.event, None] for rule in FEATURE_BY_ID["onboarding"].events)
PASSIVE_KINDS = (KIND_OF["push_received", None], KIND_OF["email_opened", None])
# By experiment and variant; nobody does anything when they are shown something.
EXPOSURE_KINDS = {
    (kind.further[0][1], kind.further[1][1]): number
    for number, kind in enumerate(KINDS)
    if kind.event_type == EXPOSURE_EVENT
}
RAGE_KINDS = {
    kind.further[0][1]: number for number, kind in enumerate(KINDS) if kind.event_type == RAGE_CLICK
}

# Feature: share of the people who may use it and ever do, weight among their events, mean days until they find it.
_HABITS = {
    "board": (1.0, 5.0, 0.0),
    "automation": (0.42, 1.3, 14.0),
    "templates": (0.34, 0.7, 10.0),
    "comments": (0.58, 1.8, 5.0),
    "timeline": (0.88, 2.2, 6.0),
    "dashboards": (0.62, 2.4, 6.0),
    "custom_reports": (0.3, 1.0, 20.0),
    "forecasts": (0.34, 1.0, 15.0),
    "audit_log": (0.85, 3.0, 8.0),
    "api_access": (0.28, 0.9, 16.0),
    "slack_sync": (0.38, 1.3, 10.0),
    "jira_sync": (0.34, 1.2, 30.0),
    "webhooks": (0.14, 0.8, 20.0),
}
_KIND_WEIGHT = {
    "board_edited": 0.7,
    "automation_created": 0.4,
    "report_created": 0.4,
    "api_token_created": 0.25,
    "search_used": 0.35,
    "experiment_seen": 0.12,
    "tooltip_closed": 0.12,
    "pricing_viewed": 0.05,
}
_WEEKDAY = (1.0, 1.06, 1.05, 1.0, 0.84, 0.17, 0.13)
_HOLIDAYS = {date(2026, 5, 25), date(2026, 10, 3)}
_ENTERPRISE_ONLY = "audit_log"
NEVER = HISTORY_END.toordinal() + 10_000


def season(day: date) -> float:
    """How much of a normal day's activity a day has."""
    factor = _WEEKDAY[day.weekday()]
    if day in _HOLIDAYS:
        factor *= 0.3
    return factor * (0.86 if day.month == 8 else 1.0)


def local_ordinal(moment: datetime) -> int:
    """The date of a moment in the reporting time zone, as its ordinal."""
    return moment.astimezone(BERLIN).toordinal()


@dataclass(frozen=True)
class Traits:
    """One row a person of `company.people`. Ordinals are of dates in the reporting time zone, `end` is exclusive.

    `kind_open[person, kind]` is the day from which the person uses the feature of that kind. `device` columns: first,
    second (or the first again). `names_account`: 0 never, 1 mostly, 2 always.
    """

    start: Ints
    end: Ints
    activity: Floats
    intensity: Floats
    weights: Floats
    kind_open: Ints
    device: Ints
    account: Ints
    second_account: Ints
    names_account: Ints
    is_internal: Flags
    is_robot: Flags
    shares_device: Flags
    shows_email: Flags
    devices: list[str]


def make_traits(company: Population) -> Traits:
    """Draw the traits of everybody."""
    people, accounts = company.people, company.accounts
    rng = company.rng("usage.traits")
    count = len(people)
    start = np.array([local_ordinal(p.joined_at) if p.devices else NEVER for p in people])
    end = np.array([local_ordinal(p.churned_at) if p.churned_at else NEVER for p in people])
    devices: list[str] = []
    number_of: dict[str, int] = {}
    columns = np.zeros((count, 2), dtype=np.int64)
    owners: dict[str, int] = {}
    for person in people:
        for name in person.devices:
            owners[name] = owners.get(name, 0) + 1
            if name not in number_of:
                number_of[name] = len(devices)
                devices.append(name)
        if person.devices:
            columns[person.index] = [number_of[person.devices[0]], number_of[person.devices[-1]]]

    account = np.array([-1 if p.account_index is None else p.account_index for p in people])
    second = np.array([-1 if p.second_account_index is None else p.second_account_index for p in people])
    is_internal = np.array([p.is_internal for p in people])
    is_robot = np.array([p.is_bot for p in people])
    is_merged = {p.merged_into for p in people} | {p.index for p in people if p.merged_into is not None}
    names_account = np.ones(count, dtype=np.int64)
    for person in people:
        if person.second_account_index is not None or person.index in is_merged:
            names_account[person.index] = 2
        elif person.index % 23 == 5:
            names_account[person.index] = 0
    # Without an address in the app, the CRM must know the app's own id of the person.
    shows_email = np.array(
        [not (p.contact_has_app_user_id and (p.is_internal or p.index % 5 == 0)) for p in people]
    )

    activity = np.clip(rng.beta(1.5, 2.2, count), 0.02, 0.92)
    activity[is_internal] = 0.5
    activity[is_robot] = 0.7
    segments = [accounts[a].segment if a >= 0 else "smb" for a in account]
    plans = [accounts[a].plan if a >= 0 else "(unknown)" for a in account]
    weights, kind_open = _preferences(rng, start, segments, plans)
    return Traits(
        start=start,
        end=end,
        activity=activity,
        intensity=rng.lognormal(-0.1, 0.45, count),
        weights=weights,
        kind_open=kind_open,
        device=columns,
        account=account,
        second_account=second,
        names_account=names_account,
        is_internal=is_internal,
        is_robot=is_robot,
        shares_device=np.array([any(owners[name] > 1 for name in p.devices) for p in people]),
        shows_email=shows_email,
        devices=devices,
    )


def _preferences(
    rng: np.random.Generator, start: Ints, segments: list[str], plans: list[str]
) -> tuple[Floats, Ints]:
    """Weights of kinds among a person's events, and the day from which each kind is used."""
    count = len(start)
    weights = np.zeros((count, len(KINDS)))
    kind_open = np.zeros((count, len(KINDS)), dtype=np.int64)
    for feature_id, (share, weight, lag) in _HABITS.items():
        feature = FEATURE_BY_ID[feature_id]
        uses = rng.random(count) < share
        if feature.eligible_plans:
            uses &= np.array([plan in feature.eligible_plans for plan in plans])
        if feature_id == _ENTERPRISE_ONLY:
            uses &= np.array([segment == "enterprise" for segment in segments])
        liking = weight * rng.lognormal(0.0, 0.5, count)
        first_day = np.maximum(start, feature.live_from.toordinal()) + rng.exponential(
            max(lag, 0.01), count
        ).astype(int)
        for rule in feature.events:
            number = KIND_OF[rule.event, rule.kind]
            weights[:, number] = np.where(uses, liking * _KIND_WEIGHT.get(rule.event, 1.0), 0.0)
            kind_open[:, number] = first_day
    for number, kind in enumerate(KINDS):
        if kind.feature_id is None and number not in PASSIVE_KINDS and not kind.further:
            weights[:, number] = _KIND_WEIGHT.get(kind.event_type, 0.1)
    return weights, kind_open


def kinds_live_on(day: date) -> Flags:
    """Which kinds people still use on a day: none of a retired feature."""
    last = [FEATURE_BY_ID[kind.feature_id].live_until if kind.feature_id else None for kind in KINDS]
    return np.array([until is None or day <= until for until in last])


def expected_person_days(traits: Traits, until: date) -> float:
    """How many active person-days the traits make from the start of history to a day, roughly."""
    total = 0.0
    for ordinal in range(HISTORY_START.toordinal(), until.toordinal()):
        alive = (traits.start <= ordinal) & (traits.end > ordinal)
        total += float((traits.activity * alive).sum()) * season(date.fromordinal(ordinal))
    return total
