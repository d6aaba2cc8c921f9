"""The company's roadmap: products, components, features, initiatives, objectives and releases, and their links.

What is counted of an item changes only before `SETTLED` or between the demo's nights, so that what the first night
reads is how it was all the weeks before.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np

from sandbox.company.catalogue import FEATURE_BY_ID, PRODUCTS, STAGES, TEAMS
from sandbox.company.decks import Deck
from sandbox.company.delivery.model import Issue
from sandbox.company.delivery.tracker import Delivery
from sandbox.company.population import Population
from sandbox.company.roadmap.catalogue import (
    OTHER_COMPONENTS,
    OTHER_PRODUCT,
    ROADMAP_ITEMS,
    STATUSES,
    UNMAPPED_STATUS,
)
from sandbox.company.roadmap.feedback import Feedback
from sandbox.company.roadmap.model import Connection, Item, ItemState
from sandbox.company.roadmap.nights import plant
from sandbox.company.work_time import awake, local, local_date, next_work

FEATURE_COUNTS = {"small": 60, "demo": 220, "large": 700}
OPENED = local("2025-03-03 10:00")
# The reported weeks begin later.
SETTLED = local("2026-09-14 00:00")
# The plan is made of what the tracker shows on this day.
TODAY = local("2026-11-13 12:00")
LINKS = {"connected": 560, "imported": 100, "unlinked": 260, "unknown_issue": 40, "two_issues": 40}
TRUTHFULNESS = {"agrees": 700, "behind": 160, "ahead": 100, "unmapped": 40}
# How many days the roadmap's end lies after what the tracker promises; None: the roadmap has no end.
GAPS = {"0": 400, "3": 120, "-7": 120, "21": 160, "45": 80, "none": 120}
SHARE_OF_DONE = 0.4
_WORDS = ("Faster", "Shared", "Bulk", "Offline", "Smart", "Nested", "Private", "Weekly", "Guided", "Custom")
_THINGS = ("views", "filters", "exports", "permissions", "search", "digest", "shortcuts", "history", "themes")


class Roadmap:
    """Items, links to the tracker, notes and customers, with everything that ever happens to them."""

    def __init__(self, company: Population, delivery: Delivery) -> None:
        self.company = company
        self.delivery = delivery
        self.rng = company.rng("roadmap")
        self._free = self._issues_to_link()
        self.products, self.components = self._hierarchy()
        self.objectives = [self._plan("objective", name, 365) for name in _OBJECTIVES]
        self.initiatives = [self._initiative(place) for place in range(8)]
        self.releases = self._releases()
        self.connections: list[Connection] = []
        self.features: list[Item] = []
        plant(self)
        self._add_features(FEATURE_COUNTS[company.scale])
        self.feedback = Feedback(company, [*self.features, *self.components])

    @property
    def items(self) -> list[Item]:
        """Items of every type."""
        plans = [*self.objectives, *self.initiatives, *self.releases]
        return [*self.products, *self.components, *self.features, *plans]

    def new_id(self) -> str:
        return new_id(self.rng)

    def component(self, name: str) -> Item:
        return next(each for each in self.components if each.first.name == name)

    def issue(self, key: str) -> Issue:
        return next(each for each in self.delivery.issues if each.key == key)

    def take_issue(self, project_key: str, *stages: str) -> Issue:
        """An issue that no item is linked with, in the first of the stages, on the day the plan was made, that has one.

        A small tracker may have none left in any of them: then whatever is free.
        """
        free = self._free[project_key]
        wanted = (each for stage in stages for each in free if stage_of(each.at(TODAY).status) == stage)
        found = next(wanted, free[0])
        free.remove(found)
        return found

    def connect(self, item: Item, issue: Issue, made_at: datetime | None = None) -> Connection:
        """Link an item to an issue, by default as soon as there are both."""
        moment = made_at or max(item.created_at, issue.created_at)
        connection = Connection(item, issue, str(issue.id), issue.key, moment)
        self.connections.append(connection)
        return connection

    def _issues_to_link(self) -> dict[str, list[Issue]]:
        """By project: epics of the last year, then stories, each in the order of chance."""
        free: dict[str, list[Issue]] = {}
        for project in self.delivery.projects:
            issues = [
                each
                for each in self.delivery.issues
                if each.project is project
                and each.level >= 0
                and each.kind != "planted"
                and OPENED <= each.created_at < TODAY
            ]
            order = self.rng.permutation(len(issues))
            free[project.key] = sorted((issues[place] for place in order), key=lambda each: -each.level)
        return free

    def _hierarchy(self) -> tuple[list[Item], list[Item]]:
        products = {each.id: self._part("product", each.name, None, each.id, None) for each in PRODUCTS}
        other = self._part("product", OTHER_PRODUCT, None, None, None)
        components = []
        for feature_id, names in ROADMAP_ITEMS.items():
            product_id = FEATURE_BY_ID[feature_id].product
            names = names[:1] if feature_id == "onboarding" else names
            components += [
                self._part("component", name, products[product_id], product_id, feature_id) for name in names
            ]
        for place, names in OTHER_COMPONENTS.items():
            parent = products[place] if place else other
            components += [self._part("component", name, parent, place, None) for name in names]
        return [*products.values(), other], components

    def _part(
        self, kind: str, name: str, parent: Item | None, product_id: str | None, feature_id: str | None
    ) -> Item:
        return Item(self.new_id(), kind, OPENED, ItemState(name), parent, product_id, feature_id)

    def _plan(self, kind: str, name: str, days: int, start: date = date(2026, 1, 1)) -> Item:
        state = ItemState(
            name, "In progress", start, start + timedelta(days=days - 1), "quarter", int(self.rng.integers(6))
        )
        return Item(self.new_id(), kind, OPENED + timedelta(days=int(self.rng.integers(90))), state)

    def _initiative(self, place: int) -> Item:
        start = date(2026, 1 + 3 * (place % 4), 1)
        initiative = self._plan("initiative", f"Initiative {place + 1}", 182, start)
        initiative.links.append(self.objectives[place % len(self.objectives)])
        return initiative

    def _releases(self) -> list[Item]:
        result = []
        for product in PRODUCTS:
            for month in range(7, 13):
                start = date(2026, month, 1)
                release = self._plan("release", f"{product.name} {start:%Y.%m}", 28, start)
                release.product_id = product.id
                result.append(release)
        return result

    def _add_features(self, count: int) -> None:
        links = Deck(LINKS, self.company.rng("roadmap.links"))
        truthfulness = Deck(TRUTHFULNESS, self.company.rng("roadmap.statuses"))
        gaps = Deck(GAPS, self.company.rng("roadmap.gaps"))
        for place in range(count):
            component = self.components[place % len(self.components)]
            name = f"{_WORDS[place % len(_WORDS)]} {_THINGS[place % len(_THINGS)]} {place + 1}"
            if component.first.name == "Platform" and not any(
                each.first.name == "Guided trial for teams" for each in self.features
            ):
                name = "Guided trial for teams"
            self.features.append(
                self._feature(component, name, links.draw(), truthfulness.draw(), gaps.draw())
            )
        parents = [each for each in self.features if each.first.status == "In progress"]
        for place, parent in enumerate(parents[: count // 10]):
            state = ItemState(f"{parent.first.name}: step {place + 1}", "Planned", owner=parent.first.owner)
            step = Item(
                self.new_id(), "subfeature", parent.created_at + timedelta(hours=2), state, parent,
                parent.product_id, parent.feature_id,
            )  # fmt: skip
            self.features.append(step)

    def _feature(self, component: Item, name: str, link: str, truthfulness: str, gap: str) -> Item:
        issues: list[Issue] = []
        if link in ("connected", "imported", "two_issues"):
            issues = self._draw(_project_of(component), 2 if link == "two_issues" else 1)
        if issues:
            created_at = issues[0].created_at - timedelta(days=int(self.rng.integers(3, 60)))
            if link == "imported":
                created_at = issues[0].created_at + timedelta(hours=5)
        else:
            created_at = OPENED + timedelta(days=int(self.rng.integers(0, (TODAY - OPENED).days - 40)))
        created_at = awake(max(created_at, OPENED)) + timedelta(microseconds=int(self.rng.integers(10**6)))
        status = self._status(issues, truthfulness)
        starts_on, ends_on = self._timeframe(issues, gap)
        granularity = ("month", "quarter", "day")[int(self.rng.integers(3))]
        state = ItemState(name, status, starts_on, ends_on, granularity, int(self.rng.integers(6)))
        item = Item(
            self.new_id(), "feature", created_at, state, component, component.product_id,
            "onboarding" if name == "Guided trial for teams" else component.feature_id,
        )  # fmt: skip
        self._give_a_past(item)
        item.links.append(self.initiatives[int(self.rng.integers(len(self.initiatives)))])
        if self.rng.random() < 0.5:
            item.links.append(self.releases[int(self.rng.integers(len(self.releases)))])
        if link == "imported" and issues:
            item.imported_from = issues[0]
        elif link == "unknown_issue":
            number = 4000 + len(self.connections)
            self.connections.append(
                Connection(item, None, str(900_000 + number), f"OPS-{number}", item.created_at)
            )
        else:
            for issue in issues:
                self.connect(item, issue)
        return item

    def _draw(self, project_key: str, count: int) -> list[Issue]:
        """Issues that no item is linked with, more often open ones: what is done is seldom still on a roadmap."""
        free = self._free[project_key]
        drawn: list[Issue] = []
        while free and len(drawn) < count:
            is_done = self.rng.random() < SHARE_OF_DONE
            fitting = [each for each in free if (stage_of(each.at(TODAY).status) == "released") is is_done]
            drawn.append((fitting or free)[0])
            free.remove(drawn[-1])
        return drawn

    def _status(self, issues: Sequence[Issue], truthfulness: str) -> str:
        names = [each.name for each in STATUSES]
        if truthfulness == "unmapped":
            return UNMAPPED_STATUS
        if not issues:
            return names[int(self.rng.integers(len(names)))]
        stage = stage_of(issues[0].at(TODAY).status)
        fitting = [place for place, each in enumerate(STATUSES) if stage in each.agrees_with] or [1]
        shift = {"agrees": 0, "behind": -1 - int(self.rng.integers(2)), "ahead": 1}[truthfulness]
        return names[min(max(fitting[-1] + shift, 0), len(names) - 1)]

    def _timeframe(self, issues: Sequence[Issue], gap: str) -> tuple[date | None, date | None]:
        if gap == "none":
            return None, None
        promised = None
        if issues:
            state = issues[0].at(TODAY)
            dates = [each.release_date(TODAY) for each in state.versions]
            promised = issues[0].first.due or max((day for day in dates if day), default=None)
        end = promised or local_date(TODAY) + timedelta(days=int(self.rng.integers(-60, 120)))
        end += timedelta(days=int(gap))
        return end - timedelta(days=int(self.rng.integers(14, 90))), end

    def _give_a_past(self, item: Item) -> None:
        """Earlier changes of what is counted, and later ones of what is not."""
        if item.created_at < SETTLED - timedelta(days=60):
            planned = item.first
            item.first = ItemState(planned.name, "New idea", owner=planned.owner)
            moment = next_work(self.rng, item.created_at, 1 + 30 * self.rng.random(), own_hours=0)
            item.change(
                min(moment, SETTLED - timedelta(days=1)),
                status=planned.status,
                starts_on=planned.starts_on,
                ends_on=planned.ends_on,
                granularity=planned.granularity,
            )
        if self.rng.random() < 0.4:
            later = next_work(self.rng, max(item.created_at, SETTLED), 40 * self.rng.random(), own_hours=0)
            item.change(later, owner=int(self.rng.integers(6)))


_OBJECTIVES = (
    "Win larger customers",
    "Be quick to learn",
    "Connect with everything",
    "Answer within seconds",
)


def stage_of(status: str) -> str | None:
    """The delivery stage of a status of the tracker."""
    return next((each.id for each in STAGES if status in each.statuses), None)


def _project_of(component: Item) -> str:
    team = FEATURE_BY_ID[component.feature_id].team if component.feature_id else "draco"
    return next(each.project_keys[0] for each in TEAMS if each.id == team)


def new_id(rng: np.random.Generator) -> str:
    return str(UUID(bytes=rng.bytes(16), version=4))
