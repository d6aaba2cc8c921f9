"""GitHub's streams: what each holds, and by what its records are known."""

from datetime import timedelta
from typing import Any

from connectors.contract import Stream, Words

# Stream -> the stream of whose records it is asked for.
CHILDREN = {
    "reviews": "pull_requests",
    "pull_request_commits": "pull_requests",
    "deployment_statuses": "deployments",
}
# Before, a list of commits was known by the name of its repository and the number of its pull request. Where a name was used
# again, what was stored is that of the repository which has it now.
OLDER_COMMITS_KEY = """coalesce(
    (
        select arg_max(pulls.record_id, pulls.extracted_at)
        from {schema}.pull_requests as pulls
        where
            json_extract_string(pulls.record, '$.number')
                = json_extract_string(pull_request_commits.record, '$.pull_number')
            and split_part(split_part(json_extract_string(pulls.record, '$.url'), '/repos/', 2), '/', 2)
                = json_extract_string(pull_request_commits.record, '$.repository')
    ),
    pull_request_commits.record_id
)"""
# Before, a status was known by its number, which GraphQL does not tell.
OLDER_STATUSES_KEY = "coalesce(json_extract_string(record, '$.node_id'), record_id)"
SERVER_ID = "REST API: `id` is unique among all of its kind on the server; `number` only in its repository."


def _stream(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    cursor = "per repository: moment of the last reading, and the ETag or the last record that was asked for"
    options: dict[str, Any] = {"cursor": cursor, "look_back": timedelta(hours=1), "key_source": SERVER_ID}
    return Stream(name, holds, personal_data, **options | more)


STREAMS = (
    Stream(
        "repositories",
        Words("The code repositories", "Les dépôts de code"),
        (),
        key_source=SERVER_ID,
        version="updated_at",
    ),
    _stream(
        "pull_requests",
        Words(
            "Proposed changes of code: opened, reviewed, merged",
            "Changements de code proposés : ouverts, relus, fusionnés",
        ),
        "user",
        "title",
        "body",
        "head.label",
        "assignees",
        version="updated_at",
    ),
    _stream(
        "reviews",
        Words(
            "Reviews of proposed changes, with their verdict",
            "Relectures des changements proposés, avec leur verdict",
        ),
        "user",
        "body",
    ),
    _stream(
        "pull_request_commits",
        Words(
            "The commits of each proposed change: when the work on it began",
            "Les commits de chaque changement proposé : quand le travail a commencé",
        ),
        "commits",
        key="id of the pull request",
        key_source="REST API: `id` of a pull request is unique on the server; its commits are one record here.",
        key_version=2,
        older_key=OLDER_COMMITS_KEY,
    ),
    _stream(
        "releases",
        Words("Releases as they were announced", "Versions telles qu'elles ont été annoncées"),
        "author",
        "body",
        deletes="vanish",
    ),
    _stream(
        "deployments",
        Words("Deployments to each environment", "Déploiements vers chaque environnement"),
        "creator",
        "description",
        "payload",
        version="updated_at",
        look_back=timedelta(days=3),
    ),
    _stream(
        "deployment_statuses",
        Words("How each deployment went, and when", "Comment chaque déploiement s'est passé, et quand"),
        "creator",
        "description",
        key="node_id",
        key_source="GraphQL API: `id`, the REST API's `node_id`, is unique among all objects of the server.",
        key_version=2,
        older_key=OLDER_STATUSES_KEY,
        version="created_at",
        look_back=timedelta(days=3),
    ),
    _stream(
        "issues",
        Words(
            "Issues that are kept in GitHub, incidents among them",
            "Tickets tenus dans GitHub, incidents compris",
        ),
        "user",
        "title",
        "body",
        "assignees",
        "closed_by",
        version="updated_at",
    ),
    _stream(
        "workflow_runs",
        Words("Runs of the automatic builds and tests", "Exécutions des compilations et tests automatiques"),
        "actor",
        "triggering_actor",
        "head_commit",
        "display_title",
        version="updated_at",
        look_back=timedelta(days=3),
        optional=True,
    ),
)
