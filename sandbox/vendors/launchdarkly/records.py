"""Shows the company's flags as LaunchDarkly's API does. `project_key` is not the vendor's: it stands in addresses there."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.company import Company
from sandbox.company.engineering.model import sha
from sandbox.company.flags import ENVIRONMENTS, FLAGS, PRODUCTION, TRIALS, Flag, FlagState, FlagTrial
from sandbox.vendors.record import Record

PROJECT = "web"
ALL = 100_000


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    shown = [each for each in FLAGS if each.created_at <= now]
    if stream == "flags":
        return [
            Record(
                f"{PROJECT}:{each.key}", each.updated_at(now), {"project_key": PROJECT, **_flag(each, now)}
            )
            for each in shown
        ]
    if stream == "audit_log":
        return [entry for each in shown for entry in _entries(each, now)]
    if stream == "experiments":
        return [_experiment(each, now) for each in TRIALS if each.planned_at <= now]
    return []


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _href(path: str) -> dict[str, str]:
    return {"href": f"/api/v2/{path}", "type": "application/json"}


def _maintainer() -> dict[str, Any]:
    return {
        "_id": "569f183514f4432160000007",
        "_links": {"self": _href("members/569f183514f4432160000007")},
        "firstName": "Ada",
        "lastName": "Flag",
        "role": "writer",
        "email": "ada.flag@acmeflow.example",
    }


def _flag(flag: Flag, now: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": flag.name,
        "kind": "boolean",
        "description": "",
        "key": flag.key,
        "_version": 1 + sum(each.at <= now for each in flag.changes),
        "creationDate": _ms(flag.created_at),
        "includeInSnippet": False,
        "clientSideAvailability": {"usingMobileKey": False, "usingEnvironmentId": True},
        "variations": [
            {"_id": sha(f"{flag.key} on")[:24], "value": True},
            {"_id": sha(f"{flag.key} off")[:24], "value": False},
        ],
        "temporary": flag.is_temporary,
        "tags": [],
        "_links": {"self": _href(f"flags/{PROJECT}/{flag.key}")},
        "maintainerId": "569f183514f4432160000007",
        "_maintainer": _maintainer(),
        "experiments": {"baselineIdx": 0, "items": []},
        "customProperties": {},
        "archived": flag.is_archived(now),
        "deprecated": flag.is_deprecated,
        "defaults": {"onVariation": 0, "offVariation": 1},
        "environments": {name: _environment(flag, name, now) for name in ENVIRONMENTS},
    }
    if flag.archived_at is not None and flag.is_archived(now):
        body["archivedDate"] = _ms(flag.archived_at)
    return body


def _environment(flag: Flag, name: str, now: datetime) -> dict[str, Any]:
    state = flag.state(name, now)
    given = round(state.share * ALL)
    served: dict[str, Any] = {"variation": 0}
    if state.share < 1:
        weights = [{"variation": 0, "weight": given}, {"variation": 1, "weight": ALL - given}]
        served = {"rollout": {"variations": weights, "bucketBy": "key", "contextKind": "user"}}
    return {
        "on": state.is_on,
        "archived": flag.is_archived(now),
        "salt": sha(flag.key)[:32],
        "sel": sha(f"{flag.key} {name}")[:32],
        "lastModified": _ms(state.at),
        "version": 1 + sum(1 for _ in flag.changed(name, now)),
        "targets": [{"values": ["tester@acmeflow.example"], "variation": 0, "contextKind": "user"}],
        "contextTargets": [],
        "rules": [],
        "fallthrough": served,
        "offVariation": 1,
        "prerequisites": [],
        "_site": {"href": f"/{PROJECT}/{name}/features/{flag.key}", "type": "text/html"},
        "_environmentName": name.capitalize(),
        "trackEvents": False,
        "trackEventsFallthrough": False,
    }


def _entries(flag: Flag, now: datetime) -> Iterator[Record]:
    yield _entry(flag, flag.created_at, "*", "created the flag", ["createFlag"])
    before: dict[str, FlagState] = {}
    for state in flag.changes:
        if state.at > now:
            continue
        earlier = before.get(state.environment, FlagState(flag.created_at, state.environment, False, 1.0))
        actions = ["updateOn"] if state.is_on != earlier.is_on else []
        actions += ["updateFallthrough"] if state.share != earlier.share else []
        verb = "turned on the flag" if state.is_on and not earlier.is_on else "updated the flag"
        if earlier.is_on and not state.is_on:
            verb = "turned off the flag"
        yield _entry(flag, state.at, state.environment, verb, actions)
        before[state.environment] = state
    if flag.archived_at is not None and flag.archived_at <= now:
        yield _entry(flag, flag.archived_at, "*", "archived the flag", ["updateGlobalArchived"])


def _entry(flag: Flag, at: datetime, environment: str, verb: str, actions: list[str]) -> Record:
    """As it is asked for by its id; the list leaves the versions out."""
    resource = f"proj/{PROJECT}:env/{environment}:flag/{flag.key}"
    key = sha(f"{flag.key} {environment} {at.isoformat()}")[:24]
    link = _href(f"flags/{PROJECT}/{flag.key}")
    body = {
        "_links": {"canonical": link, "self": _href(f"auditlog/{key}"), "parent": _href("auditlog")},
        "_id": key,
        "_accountId": "561f183514f4432160000001",
        "date": _ms(at),
        "accesses": [{"action": action, "resource": resource} for action in actions],
        "kind": "flag",
        "name": flag.name,
        "description": "",
        "shortDescription": "",
        "member": {name: _maintainer()[name] for name in ("_links", "_id", "email", "firstName", "lastName")},
        "titleVerb": verb,
        "title": f"Ada Flag {verb} {flag.name}",
        "target": {"_links": {"canonical": link}, "name": flag.name, "resources": [resource]},
        "currentVersion": _flag(flag, at),
    }
    if at > flag.created_at:
        body["previousVersion"] = _flag(flag, at - timedelta(seconds=1))
    return Record(key, at, body)


def _experiment(trial: FlagTrial, now: datetime) -> Record:
    """Of one iteration. What came of it is in no list of the vendor's."""
    state = trial.state(now)
    iteration: dict[str, Any] = {
        "_id": sha(f"{trial.flag} iteration")[:24],
        "hypothesis": trial.hypothesis,
        "status": state,
        "createdAt": _ms(trial.planned_at),
        "canReshuffleTraffic": False,
        "flags": {trial.flag: {"_links": {"self": _href(f"flags/{PROJECT}/{trial.flag}")}}},
        "randomizationUnit": "user",
        "treatments": [
            {
                "_id": sha(f"{trial.flag} {name}")[:24],
                "name": name,
                "allocationPercent": "50",
                "baseline": name == "Without",
                "parameters": [{"variationId": sha(f"{trial.flag} {shown}")[:24], "flagKey": trial.flag}],
            }
            for name, shown in (("Without", "off"), ("With", "on"))
        ],
    }
    if state != "not_started":
        iteration["startedAt"] = _ms(trial.started_at)
    if state == "stopped":
        iteration["endedAt"] = _ms(trial.ended_at)
        iteration["winningTreatmentId"] = iteration["treatments"][1]["_id"]
        iteration["winningReason"] = "Nobody complained"
    path = f"projects/{PROJECT}/environments/{PRODUCTION}/experiments/{trial.flag}"
    body = {
        "project_key": PROJECT,
        "_id": sha(f"{trial.flag} experiment")[:24],
        "key": trial.flag,
        "name": trial.name,
        "_maintainerId": _maintainer()["_id"],
        "_creationDate": _ms(trial.planned_at),
        "environmentKey": PRODUCTION,
        "tags": [],
        "_links": {"self": _href(path)},
        "draftIteration" if state == "not_started" else "currentIteration": iteration,
    }
    moments = [each for each in (trial.planned_at, trial.started_at, trial.ended_at) if each <= now]
    return Record(f"{PROJECT}:{PRODUCTION}:{trial.flag}", max(moments), body)
