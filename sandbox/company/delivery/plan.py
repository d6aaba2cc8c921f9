"""The frame of the tracker's work: projects, boards, sprints, versions, and the epics with their dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company import catalogue
from sandbox.company.delivery.model import Issue, IssueState, Member, Project, Sprint, Version
from sandbox.company.work_time import at_local, local, local_date, next_work

FIRST_DAY = date(2025, 10, 1)
LAST_DAY = date(2026, 12, 20)
# How many days an epic of a team usually takes from its acceptance to its launch.
EPIC_DAYS = {"atlas": 95.0, "borealis": 120.0, "cosmos": 190.0, "draco": 80.0}
# Written down in the tracker only after the launch.
EPICS_AFTER_LAUNCH = ("BOR-6",)
# Epics of launched features without a version: only their children say when they were released.
EPICS_WITHOUT_VERSION = ("ATL-6", "COS-4")
_FIRST_NAMES = ("Ada", "Bela", "Cem", "Dana", "Emil", "Fara", "Gero", "Hanna", "Ivo", "Jule", "Kian", "Lene")
_LAST_NAMES = ("Albers", "Brandt", "Conrad", "Drews", "Ebert", "Faber", "Gerlach", "Hinz")


@dataclass(frozen=True)
class EpicPlan:
    """An epic, and between which moments its children are worked on (None: it has no children)."""

    issue: Issue
    work: tuple[datetime, datetime] | None
    must_finish: bool


def projects() -> list[Project]:
    """One project a team; the growth team works without sprints."""
    result = []
    for place, team in enumerate(catalogue.TEAMS):
        key = team.project_keys[0]
        members = tuple(
            Member(
                f"70121:0000{place}{number:03d}-5a3e-4c9b-9d21-c0ffee0{place}{number:03d}",
                f"{_FIRST_NAMES[(5 * place + number) % 12]} {_LAST_NAMES[(3 * place + number) % 8]}",
                f"{_FIRST_NAMES[(5 * place + number) % 12]}.{_LAST_NAMES[(3 * place + number) % 8]}"
                f"@{catalogue.INTERNAL_EMAIL_DOMAINS[0]}".lower(),
            )
            for number in range(6)
        )
        result.append(
            Project(
                id=str(10000 + place),
                key=key,
                name=team.name,
                team_id=team.id,
                board_id=place + 1,
                has_sprints=key != "DRA",
                members=members,
                created_at=local("2023-06-01 09:00") + timedelta(days=place),
            )
        )
    return result


def sprints(project: Project) -> list[Sprint]:
    """Two-week sprints from Monday to the second Friday, planned two weeks ahead."""
    if not project.has_sprints:
        return []
    result = []
    monday = date(2025, 9, 29)
    number = 1
    while monday <= date(2027, 1, 10):
        start = at_local(monday, 9.5)
        end = at_local(monday + timedelta(days=11), 17)
        result.append(
            Sprint(
                id=project.board_id * 1000 + number,
                project=project,
                name=f"{project.key} Sprint {number}",
                goal="" if number % 3 else "Finish what was begun",
                created_at=at_local(monday - timedelta(days=14), 10),
                starts_at=start,
                ends_at=end,
                completed_at=end + timedelta(hours=3 * (number % 4)),
            )
        )
        monday += timedelta(days=14)
        number += 1
    return result


def versions(project: Project, rng: np.random.Generator) -> list[Version]:
    """A version a month, some released later than planned; one given up, one without a date."""
    result = []
    for place in range(17):
        year, month = divmod(2025 * 12 + 9 + place, 12)
        planned = date(year, month + 1, 18 + int(rng.integers(8)))
        if (project.key, year, month) == ("COS", 2026, 10):
            planned = date(2026, 11, 12)
        version = Version(
            id="",
            project=project,
            name=f"{project.key} {year}.{month + 1:02d}",
            created_at=at_local(planned - timedelta(days=420), 10),
            dates=[(at_local(planned - timedelta(days=420), 10), planned)],
        )
        slips = (
            int(rng.integers(3, 13)) if rng.random() < (0.7 if project.team_id == "cosmos" else 0.2) else 0
        )
        if planned == date(2026, 11, 12) and project.key == "COS":
            slips = 3
        if slips:
            version.dates.append((at_local(planned, 11), planned + timedelta(days=slips)))
        given_up = place == 4
        if not given_up:
            version.released_at = at_local(planned + timedelta(days=slips), 15)
        result.append(version)
    result.append(Version("", project, f"{project.key} Later", project.created_at, []))
    return result


def new_state(created_at: datetime, status: str, **fields: object) -> IssueState:
    """The fields of an issue as it is created."""
    state = IssueState(status, None, (), (), None, None, "Medium", created_at, created_at)
    for name, value in fields.items():
        setattr(state, name, value)
    return state


def feature_epics(project: Project, own: Sequence[Version], rng: np.random.Generator) -> list[EpicPlan]:
    """The epics that the registry links to features, in the order of their keys."""
    plans = {}
    for feature in catalogue.FEATURES:
        for place, key in enumerate(feature.epics):
            if key.split("-")[0] != project.key:
                continue
            accepted = feature.launched_on - timedelta(days=int(rng.integers(110, 231)) - 25 * place)
            if key in EPICS_AFTER_LAUNCH:
                accepted = feature.launched_on + timedelta(days=6)
            plans[int(key.split("-")[1])] = (key, feature, accepted)
    result = []
    for number, (key, feature, accepted) in sorted(plans.items()):
        created_at = at_local(accepted, 9 + 8 * rng.random())
        launch = at_local(feature.launched_on, 11)
        epic = Issue(
            project, "Epic", f"{feature.name}: part {number}", created_at, new_state(created_at, "Idea"),
            project.members[0], number=number, kind="feature",
        )  # fmt: skip
        if key in EPICS_AFTER_LAUNCH:
            epic.change(created_at + timedelta(hours=2), project.members[0], status="Done", resolution="Done")
            result.append(EpicPlan(epic, None, False))
            continue
        version = _version_near(own, feature.launched_on)
        if version is not None and key not in EPICS_WITHOUT_VERSION:
            epic.first.versions = (version,)
        _walk(epic, launch, rng, ends="Released" if number % 2 else "Done")
        recent = accepted >= FIRST_DAY
        work = (_between(created_at, launch, 0.42), _between(created_at, launch, 0.78)) if recent else None
        result.append(EpicPlan(epic, work, must_finish=True))
    return result


def other_epics(
    project: Project, own: Sequence[Version], count: int, rng: np.random.Generator, start: int = 0
) -> list[EpicPlan]:
    """Epics of no feature: launched with their version, still open, given up, or without a version.

    `start`: the place in the cycle of fates, so that few epics over all teams still meet every fate.
    """
    result = []
    span = (date(2026, 10, 20) - FIRST_DAY).days
    for place in range(count):
        fate = ("launched", "launched", "out_of_order", "open", "no_version", "launched", "given_up")[
            (start + place) % 7
        ]
        days = EPIC_DAYS[project.team_id] * float(rng.lognormal(0, 0.35))
        if fate in ("launched", "out_of_order"):
            launched = date(2026, 6, 20) + timedelta(days=int(rng.integers(0, 150)))
            if place >= 4:
                launched -= timedelta(days=int(rng.integers(0, 130)))
            accepted = max(launched - timedelta(days=int(days)), FIRST_DAY)
        elif fate == "open":
            accepted = date(2026, 11, 10) - timedelta(days=int(rng.integers(10, 200)))
        else:
            accepted = FIRST_DAY + timedelta(days=int(rng.integers(0, span - 60)))
        created_at = at_local(accepted, 9 + 8 * rng.random())
        launch = created_at + timedelta(days=days)
        first = new_state(created_at, "Idea", priority="High" if place % 4 == 0 else "Medium")
        epic = Issue(
            project,
            "Epic",
            f"{project.name} initiative {place + 1}",
            created_at,
            first,
            project.members[1],
            kind=fate,
        )
        version = next(
            (v for v in own if (v.release_date(created_at) or date.min) >= local_date(launch)), None
        )
        version = version or next(
            (v for v in own if v.dates and v.dates[0][1] and v.dates[0][1] >= local_date(launch)), None
        )
        if version is not None and fate not in ("no_version", "given_up"):
            first.versions = (version,)
            if version.released_at is not None:
                launch = version.released_at
        if fate == "given_up":
            epic.change(next_work(rng, created_at, 12), project.members[1], status="Discovery")
            epic.change(
                next_work(rng, created_at, 40), project.members[1], status="Closed", resolution="Won't Do"
            )
            result.append(EpicPlan(epic, None, False))
            continue
        _walk(epic, launch, rng, ends=None if fate == "open" else "Done")
        work = (_between(created_at, launch, 0.4), _between(created_at, launch, 1.0))
        result.append(EpicPlan(epic, work, must_finish=False))
    return result


def _walk(epic: Issue, launch: datetime, rng: np.random.Generator, ends: str | None) -> None:
    """The epic's own way through the stages; `ends`: its last status, None when it stays in progress."""
    author = epic.project.members[0]
    shares = [("Discovery", 0.12), ("Ready", 0.3), ("In Progress", 0.42), ("In Review", 0.86), ("Done", 0.95)]
    if epic.kind == "out_of_order":
        # Work was called ready before anybody explored it.
        shares[0], shares[1] = ("Ready", 0.12), ("Discovery", 0.3)
    elif rng.random() < 0.2:
        shares.pop(0)
    for status, share in shares if ends else shares[:-2]:
        moment = _between(epic.created_at, launch, share + 0.04 * float(rng.random()))
        resolution = "Done" if status == "Done" else None
        epic.change(next_work(rng, moment, 0.01, own_hours=0), author, status=status, resolution=resolution)
    if ends == "Released":
        epic.change(launch + timedelta(hours=1), author, status="Released")


def _between(start: datetime, end: datetime, share: float) -> datetime:
    return start + (end - start) * share


def _version_near(own: Sequence[Version], launched_on: date) -> Version | None:
    """The version with the last release in the month before the launch, if there is one."""
    near = [
        version
        for version in own
        if version.released_at is not None
        and launched_on - timedelta(days=35) <= local_date(version.released_at) <= launched_on
    ]
    return near[-1] if near else None
