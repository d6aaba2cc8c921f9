"""Pull requests and incidents written by hand for moments that chance would miss: the nights of the demo, the edge of
a week, and the night of the clock change on 2026-10-25. Times are local."""

from datetime import UTC, datetime

from sandbox.company.engineering.model import Commit, Incident, PullRequest, Repository, Review, sha
from sandbox.company.work_time import local

# A pull request, and when its deployment to production was created and succeeded.
Script = tuple[PullRequest, datetime | None, datetime | None]
# Repository, title, first commit, opened, first review, merged, deployed, success. "" stands for never.
_SCRIPTS = (
    # Between the demo's nights.
    ("growth-onboarding", "Ship on a Saturday", "2026-11-12 16:00", "2026-11-13 10:00", "2026-11-14 09:00",
     "2026-11-14 10:00", "2026-11-14 10:20", "2026-11-14 10:26"),
    ("connect-gateway", "Opened and merged between nights", "2026-11-14 11:00", "2026-11-14 12:00",
     "2026-11-14 13:00", "2026-11-15 15:00", "", ""),
    # Merged before the third night's midnight, in production after it.
    ("growth-onboarding", "Ship past midnight", "2026-11-13 11:00", "2026-11-13 15:00", "2026-11-15 22:00",
     "2026-11-15 23:50", "2026-11-15 23:58", "2026-11-16 00:20"),
    # Reviewed and merged after midnight.
    ("growth-onboarding", "Merge past midnight", "2026-11-14 11:30", "2026-11-15 15:00", "2026-11-16 00:20",
     "2026-11-16 00:45", "2026-11-16 01:10", "2026-11-16 01:30"),
    # The last and the first second of a week.
    ("growth-onboarding", "Ship in the last second of a week", "2026-11-05 11:00", "2026-11-06 09:00",
     "2026-11-06 12:00", "2026-11-08 23:20", "2026-11-08 23:50", "2026-11-08 23:59:59"),
    ("growth-onboarding", "Ship in the first second of a week", "2026-11-05 12:00", "2026-11-06 10:00",
     "2026-11-06 15:00", "2026-11-08 23:40", "2026-11-08 23:55", "2026-11-09 00:00:00"),
    # The night that has an hour twice.
    ("growth-onboarding", "Ship while the clock is set back", "2026-10-24 12:00", "2026-10-24 18:00",
     "2026-10-24 20:00", "2026-10-25T00:30:00+00:00", "2026-10-25T00:45:00+00:00", "2026-10-25T01:30:00+00:00"),
)  # fmt: skip
# Repository, title, created, closed.
_INCIDENTS = (
    ("growth-onboarding", "Trials cannot be started", "2026-11-14 18:00", "2026-11-15 09:00"),
    ("growth-onboarding", "Welcome mails fail past midnight", "2026-11-16 00:50", ""),
    # Of a repository that is never deployed: whatever went to production last is behind it.
    ("operations", "Nobody can log in", "2026-11-12 18:00", "2026-11-12 20:00"),
    ("operations", "Nobody could log in before the first deployment", "2026-06-01 01:00", "2026-06-01 04:00"),
)


def planted_pull_requests(repositories: dict[str, Repository]) -> list[Script]:
    """The scripts in the order of their merging."""
    scripts = []
    for place, (name, title, *texts) in enumerate(_SCRIPTS):
        first_at, opened_at, reviewed_at, merged_at, deployed_at, succeeded_at = map(_moment, texts)
        assert first_at is not None
        assert opened_at is not None
        assert reviewed_at is not None
        repository = repositories[name]
        author, reviewer = repository.engineers[place % 3], repository.engineers[3 + place % 3]
        branch = title.lower().replace(" ", "-")
        commit = Commit(sha(f"planted {branch}"), author, title, first_at, first_at)
        pull = PullRequest(repository, author, title, branch, opened_at, (commit,))
        pull.reviews = [Review(reviewer, "APPROVED", reviewed_at)]
        pull.merged_at = pull.closed_at = merged_at
        scripts.append((pull, deployed_at, succeeded_at))
    return scripts


def planted_incidents(repositories: dict[str, Repository]) -> list[Incident]:
    """The incidents, open or closed."""
    result = []
    for name, title, created, closed in _INCIDENTS:
        created_at = _moment(created)
        assert created_at is not None
        author = repositories[name].engineers[0]
        result.append(Incident(repositories[name], author, title, "incident", created_at, _moment(closed)))
    return result


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC) if text.endswith("+00:00") else local(text)
