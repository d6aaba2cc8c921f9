"""Which issues wait for issues of other teams: the first epic of some features does."""

from collections.abc import Sequence
from datetime import timedelta

from sandbox.company.catalogue import FEATURE_BY_ID
from sandbox.company.delivery.model import Issue, category
from sandbox.company.work_time import at_local

# Whether what the feature's epic waits for was done when the feature came out; what was not never will be.
WAITING = {"timeline": True, "jira_sync": False}


def blocking(issues: Sequence[Issue]) -> list[tuple[Issue, Issue]]:
    """Each issue that waits, with the one that it waits for."""
    by_key = {issue.key: issue for issue in issues}
    found = []
    for feature, is_done in WAITING.items():
        launched_on = FEATURE_BY_ID[feature].launched_on
        epic = by_key[FEATURE_BY_ID[feature].epics[0]]
        assert launched_on is not None
        day_after = at_local(launched_on + timedelta(days=1), 0)
        others = [
            each
            for each in issues
            if each.level == 0
            and each.project is not epic.project
            and each.created_at < day_after
            and (
                category(each.at(day_after).status) == "done"
                if is_done
                else category(each.last().status) != "done"
            )
        ]
        found.append((epic, max(others, key=lambda each: (each.created_at, each.id))))
    return found
