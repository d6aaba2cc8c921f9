"""The company's code host: repositories, pull requests from the tracker's stories, and how they reach users."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from sandbox.company import catalogue
from sandbox.company.delivery.model import Member
from sandbox.company.delivery.tracker import Delivery
from sandbox.company.engineering.model import (
    Commit,
    Engineer,
    Incident,
    PullRequest,
    Release,
    Repository,
    Review,
    minutes,
    sha,
    whole,
)
from sandbox.company.engineering.nights import planted_incidents, planted_pull_requests
from sandbox.company.engineering.paging import Page, pages
from sandbox.company.engineering.shipping import LAST_DAY, Shipping, checks
from sandbox.company.engineering.story import BOTS, FIRST_DAY, Coding, buildings
from sandbox.company.population import Population
from sandbox.company.work_time import at_local, local

CADENCES = {"atlas": "daily", "borealis": "twice_a_week", "cosmos": "fortnightly", "draco": "on_merge"}
PRODUCTION = {"cosmos": "prod-eu", "draco": "Production"}
# Code and issues that no team owns, and that nobody deploys.
UNOWNED = ("design-tokens", "operations")
WITHDRAWN_AT = local("2026-11-15 12:00")


class Engineering:
    """Repositories and what happens in them; the lists hold all that will ever happen."""

    def __init__(self, company: Population, delivery: Delivery) -> None:
        self.repositories = _repositories(delivery)
        by_name = {repository.name: repository for repository in self.repositories}
        coding = Coding(company.rng("engineering.coding"), [r for r in self.repositories if r.team_id])
        self.pull_requests: list[PullRequest] = [
            pull for building in buildings(delivery.issues) for pull in coding.pull_requests(building)
        ]
        self.pull_requests += _updates(self.repositories, company.rng("engineering.updates"))
        self.pull_requests += _aside(self.pull_requests)
        scripts = planted_pull_requests(by_name)
        shipping = Shipping(company.rng("engineering.shipping"))
        for repository in self.repositories:
            if repository.cadence is not None:
                own = [pull for pull in self.pull_requests if pull.repository is repository]
                shipping.ship(
                    repository, own, [script for script in scripts if script[0].repository is repository]
                )
        self.pull_requests += [pull for pull, _, _ in scripts]
        self.deployments = shipping.deployments
        self.incidents: list[Incident] = [*shipping.incidents, *planted_incidents(by_name)]
        self.pages: list[Page] = pages(company.rng("engineering.paging"), self.incidents, self.repositories)
        self.runs = [*shipping.runs, *checks(self.pull_requests)]
        self.releases = list(_releases(delivery, by_name))
        self._number()

    def _number(self) -> None:
        """Ids in the order in which things came to be; pull requests and issues of a repository share their numbers."""
        numbers = {repository.name: 0 for repository in self.repositories}
        numbered: list[tuple[datetime, str, PullRequest | Incident]] = [
            *((pull.opened_at, pull.branch, pull) for pull in self.pull_requests),
            *((incident.created_at, incident.title, incident) for incident in self.incidents),
        ]
        for place, (_, _, each) in enumerate(sorted(numbered, key=lambda row: row[:2])):
            numbers[each.repository.name] += 1
            each.number = numbers[each.repository.name]
            each.id = 1_800_000_000 + 7 * place
        reviews = [review for pull in self.pull_requests for review in pull.reviews]
        for place, review in enumerate(sorted(reviews, key=lambda review: review.submitted_at)):
            review.id = 2_400_000_000 + 3 * place
        for place, deployment in enumerate(sorted(self.deployments, key=lambda each: each.created_at)):
            deployment.id = 1_100_000_000 + 11 * place
        for place, release in enumerate(sorted(self.releases, key=lambda each: (each.created_at, each.tag))):
            release.id = 170_000_000 + place
        for place, run in enumerate(sorted(self.runs, key=lambda each: (each.created_at, each.name))):
            run.id, run.number = 9_500_000_000 + 5 * place, place + 1


def _repositories(delivery: Delivery) -> list[Repository]:
    members = {project.team_id: project.members for project in delivery.projects}
    everybody = tuple(
        _engineer(member, 100 * place + number)
        for place, team in enumerate(catalogue.TEAMS)
        for number, member in enumerate(members[team.id])
    )
    result: list[Repository] = []
    for place, team in enumerate(catalogue.TEAMS):
        for name in team.repositories:
            result.append(
                Repository(
                    700_000_000 + len(result),
                    name,
                    team.id,
                    tuple(each for each in everybody if each.id // 100 - 50 == place),
                    at_local(FIRST_DAY - timedelta(days=10), 9 + len(result)),
                    CADENCES[team.id],
                    PRODUCTION.get(team.id, "production"),
                )
            )
    for name in UNOWNED:
        created_at = at_local(FIRST_DAY - timedelta(days=9), 9 + len(result) - 6)
        result.append(Repository(700_000_000 + len(result), name, None, everybody, created_at))
    return result


def _engineer(member: Member, number: int) -> Engineer:
    login = member.name.lower().replace(" ", "-")
    return Engineer(5_000 + number, f"{login}-{number}", member.name, member.email)


def _updates(repositories: list[Repository], rng: np.random.Generator) -> Iterator[PullRequest]:
    """A bot brings a library up to date in every repository now and then; no issue asks for it."""
    for repository in repositories:
        day = FIRST_DAY + timedelta(days=int(rng.integers(3, 20)))
        while day <= LAST_DAY and repository.name != "operations":
            opened_at = whole(at_local(day, 6.5))
            bot = BOTS["dependabot"]
            title = f"Bump numpy from 2.{day.month}.0 to 2.{day.month}.{day.day}"
            commit = Commit(sha(f"{repository.name} {day}"), bot, title, opened_at, opened_at)
            pull = PullRequest(
                repository, bot, title, f"dependabot/pip/numpy-2.{day.month}.{day.day}", opened_at, (commit,)
            )
            reviewer = repository.engineers[int(rng.integers(len(repository.engineers)))]
            merged_at = whole(at_local(day + timedelta(days=int(rng.integers(1, 4))), 9.5))
            pull.reviews = [Review(reviewer, "APPROVED", merged_at - minutes(3))]
            pull.merged_at = pull.closed_at = merged_at
            yield pull
            day += timedelta(days=int(rng.integers(25, 45)))


def _aside(pulls: list[PullRequest]) -> Iterator[PullRequest]:
    """Pull requests that went into another branch than the main one: no deployment contains them by themselves."""
    for place, pull in enumerate(pulls):
        if place % 40 != 7 or pull.merged_at is None or pull.author.is_bot:
            continue
        opened_at = pull.opened_at + minutes(30)
        commit = Commit(
            sha(f"aside {pull.branch} {place}"), pull.author, "Try another way", opened_at, opened_at
        )
        aside = PullRequest(
            pull.repository, pull.author, f"{pull.title}: preparation", f"{pull.branch}-preparation", opened_at,
            (commit,), base=pull.branch, issue=pull.issue,
        )  # fmt: skip
        aside.merged_at = aside.closed_at = opened_at + minutes(15)
        yield aside


def _releases(delivery: Delivery, by_name: dict[str, Repository]) -> Iterator[Release]:
    """A release of each repository of a team for each of its versions; drafted a day before, some edited after."""
    since = at_local(FIRST_DAY, 0)
    for team in catalogue.TEAMS:
        own = [v for v in delivery.versions if v.project.team_id == team.id and v.released_at]
        for name in team.repositories:
            repository = by_name[name]
            for place, version in enumerate(own):
                if version.released_at is None or version.released_at < since:
                    continue
                published_at = whole(version.released_at)
                release = Release(
                    repository,
                    f"v{version.name.split()[-1]}",
                    repository.engineers[place % len(repository.engineers)],
                    published_at - timedelta(days=1),
                    published_at,
                    is_prerelease=place % 5 == 0,
                )
                if place % 3 == 1:
                    release.renamed_at = published_at + timedelta(days=2)
                yield release
    web = by_name["studio-web"]
    yield Release(web, "v2026.11-beta", web.engineers[0], local("2026-11-12 10:00"), None)
    yield Release(
        web, "v2026.10-hotfix", web.engineers[1], local("2026-10-29 10:00"), local("2026-10-29 11:00"),
        deleted_at=WITHDRAWN_AT,
    )  # fmt: skip
