"""What the code host is about, as plain objects: every moment is aware UTC in whole seconds, as the host keeps it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.company.delivery.model import Issue

MAIN = "main"


def sha(text: str) -> str:
    """A commit's name: the same text always has the same one."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def whole(moment: datetime) -> datetime:
    """`moment` without its fraction of a second."""
    return moment.replace(microsecond=0)


@dataclass(frozen=True)
class Engineer:
    """A user of the code host; a bot opens, reviews and deploys without being anybody, and has no address."""

    id: int
    login: str
    name: str
    email: str | None
    is_bot: bool = False


@dataclass(eq=False)
class Repository:
    """`team_id` is None for code that no team owns; `cadence` says when it is deployed, None: never."""

    id: int
    name: str
    team_id: str | None
    engineers: tuple[Engineer, ...]
    created_at: datetime
    cadence: str | None = None
    production: str = "production"


@dataclass(frozen=True)
class Commit:
    """`authored_at` is what the author's own clock said, `committed_at` when the commit was made as it is now."""

    sha: str
    author: Engineer
    message: str
    authored_at: datetime
    committed_at: datetime


@dataclass(eq=False)
class Review:
    author: Engineer
    state: str
    submitted_at: datetime
    id: int = 0


@dataclass(eq=False)
class PullRequest:
    """`issue`: the tracker's issue that it is for, whether or not title or branch name it."""

    repository: Repository
    author: Engineer
    title: str
    branch: str
    opened_at: datetime
    commits: tuple[Commit, ...]
    reviews: list[Review] = field(default_factory=list)
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    base: str = MAIN
    issue: Issue | None = None
    id: int = 0
    number: int = 0

    @property
    def merge_sha(self) -> str:
        return sha(f"merge {self.repository.name} {self.branch} {self.opened_at.isoformat()}")

    @property
    def head_sha(self) -> str:
        return self.commits[-1].sha

    def updated_at(self, now: datetime) -> datetime:
        """When something last happened to it by `now`."""
        moments = [self.opened_at, *(review.submitted_at for review in self.reviews)]
        moments += [commit.committed_at for commit in self.commits]
        moments += [moment for moment in (self.merged_at, self.closed_at) if moment is not None]
        return max(moment for moment in moments if moment <= now)


@dataclass(frozen=True)
class MainCommit:
    """What stands on the main branch from `at` on: a merged pull request, or a commit that was pushed directly."""

    sha: str
    at: datetime
    author: Engineer
    message: str


@dataclass(eq=False)
class Deployment:
    """A deployment of a commit to an environment. `statuses`: (moment, state), oldest first; none: nobody reported."""

    repository: Repository
    environment: str
    commit: MainCommit
    created_at: datetime
    statuses: list[tuple[datetime, str]] = field(default_factory=list)
    id: int = 0

    @property
    def is_production(self) -> bool:
        return self.environment == self.repository.production

    def succeeded_at(self, before: datetime) -> datetime | None:
        """The first success reported before a moment."""
        return next((at for at, state in self.statuses if state == "success" and at < before), None)

    def updated_at(self, now: datetime) -> datetime:
        return max([self.created_at, *(at for at, _ in self.statuses if at <= now)])


@dataclass(eq=False)
class WorkflowRun:
    repository: Repository
    name: str
    branch: str
    commit: MainCommit
    event: str
    created_at: datetime
    ended_at: datetime
    conclusion: str
    id: int = 0
    number: int = 0


@dataclass(eq=False)
class Release:
    """A draft until `published_at` (None: for ever); `renamed_at`: when its text was edited."""

    repository: Repository
    tag: str
    author: Engineer
    created_at: datetime
    published_at: datetime | None
    renamed_at: datetime | None = None
    deleted_at: datetime | None = None
    is_prerelease: bool = False
    id: int = 0

    def exists(self, now: datetime) -> bool:
        return self.created_at <= now and (self.deleted_at is None or now < self.deleted_at)


@dataclass(eq=False)
class Incident:
    """An issue of the repository that carries the incident label; `page_id`: the on-call tool's id of it, where it has one."""

    repository: Repository
    author: Engineer
    title: str
    label: str
    created_at: datetime
    closed_at: datetime | None = None
    id: int = 0
    number: int = 0
    page_id: str | None = None

    def updated_at(self, now: datetime) -> datetime:
        is_closed = self.closed_at is not None and self.closed_at <= now
        return self.closed_at if is_closed and self.closed_at is not None else self.created_at


def minutes(count: float) -> timedelta:
    """A length of time in whole seconds."""
    return timedelta(seconds=round(count * 60))
