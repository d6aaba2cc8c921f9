"""Shows the company's experiments as GrowthBook does: each with a feature of its own key that splits people, and its result.

A result is what the tool reckoned the night after the last day that it took in, of people whom it saw, which are not all that
were shown something.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.company.company import Company
from sandbox.company.engineering.model import sha
from sandbox.company.experiments.catalogue import EXPERIMENTS, Experiment
from sandbox.company.work_time import at_local
from sandbox.vendors.record import Record

PRODUCTION = "production"
PLANNED_AHEAD, DECIDED_AFTER = timedelta(days=10), timedelta(days=2)
SEEN = 90
# Whose result was not made anew in its last days; and of whose numbers what people did before is taken out.
_NOT_REFRESHED, _NOT_REFRESHED_FOR = "comment-hints", timedelta(days=4)
_ADJUSTED = "dashboard-start"
_CONCLUSIONS = {
    "won": "The treatment does what was hoped for.",
    "lost": "The treatment costs more than it brings.",
    "inconclusive": "Nothing is to be seen.",
}


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    shown = [each for each in EXPERIMENTS if _planned_at(each) <= now]
    if stream == "experiments":
        return [Record(_id(each), _changed_at(each, now), _experiment(each, now)) for each in shown]
    if stream == "results":
        return [_result(each, now) for each in shown if _started_at(each) + timedelta(days=1) <= now]
    if stream == "features":
        return [Record(each.id, _changed_at(each, now), _feature(each, now)) for each in shown]
    if stream == "feature_revisions":
        return [revision for each in shown for revision in _revisions(each, now)]
    if stream == "learnings":
        return [_learning(each) for each in shown if _decided_at(each) <= now]
    return []


def _id(experiment: Experiment) -> str:
    return f"exp_{sha(experiment.id)[:16]}"


def _planned_at(experiment: Experiment) -> datetime:
    return at_local(experiment.started_on, 10) - PLANNED_AHEAD


def _started_at(experiment: Experiment) -> datetime:
    return at_local(experiment.started_on, 0)


def _ended_at(experiment: Experiment) -> datetime:
    return at_local(experiment.last_day + timedelta(days=1), 0)


def _decided_at(experiment: Experiment) -> datetime:
    return _ended_at(experiment) + DECIDED_AFTER


def _changed_at(experiment: Experiment, now: datetime) -> datetime:
    moments = (
        _planned_at(experiment),
        _started_at(experiment),
        _ended_at(experiment),
        _decided_at(experiment),
    )
    return max(each for each in moments if each <= now)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _variation(number: int) -> str:
    return f"var_{number}"


def _owner() -> dict[str, str]:
    return {"owner": "Grace Trial", "ownerEmail": "grace.trial@acmeflow.example"}


def _outcome(experiment: Experiment) -> str:
    if not experiment.planted:
        return "inconclusive"
    before, after = next(iter(experiment.planted.values()))
    return "won" if after > before else "lost"


def _experiment(experiment: Experiment, now: datetime) -> dict[str, Any]:
    started, ended = _started_at(experiment), _ended_at(experiment)
    status = "draft" if now < started else "running" if now < ended else "stopped"
    phase = {
        "name": "Main",
        "dateStarted": _iso(started),
        "dateEnded": _iso(ended) if status == "stopped" else "",
        "reasonForStopping": "Looked good" if experiment.stopped_on and status == "stopped" else "",
        "seed": experiment.id,
        "coverage": 1,
        "trafficSplit": [{"variationId": _variation(number), "weight": 0.5} for number in (0, 1)],
        "targetingCondition": "",
    }
    body: dict[str, Any] = {
        "id": _id(experiment),
        "trackingKey": experiment.id,
        "dateCreated": _iso(_planned_at(experiment)),
        "dateUpdated": _iso(_changed_at(experiment, now)),
        "name": experiment.name,
        "type": "standard",
        "project": "",
        "hypothesis": f"{experiment.variants[1]} helps",
        "description": "",
        "tags": [],
        **_owner(),
        "archived": False,
        "status": status,
        "autoRefresh": True,
        "hashAttribute": "id",
        "hashVersion": 2,
        "variations": [
            {
                "variationId": _variation(number),
                "key": str(number),
                "name": name,
                "description": "",
                "screenshots": [],
            }
            for number, name in enumerate(experiment.variants)
        ],
        "phases": [phase],
        "settings": {
            "datasourceId": "ds_1",
            "assignmentQueryId": "user_id",
            "experimentId": experiment.id,
            "segmentId": "",
            "queryFilter": "",
            "inProgressConversions": "include",
            "attributionModel": "firstExposure",
            "statsEngine": "bayesian",
            "regressionAdjustmentEnabled": experiment.id == _ADJUSTED,
            "goals": [
                {"metricId": f"met_{feature}", "overrides": {}} for feature in list(experiment.planted)[:1]
            ],
            "secondaryMetrics": [],
            "guardrails": [],
        },
        "linkedFeatures": [experiment.id],
    }
    if _decided_at(experiment) <= now:
        outcome = _outcome(experiment)
        body["resultSummary"] = {
            "status": outcome,
            "winner": _variation(1) if outcome == "won" else "",
            "conclusions": _CONCLUSIONS[outcome],
            "releasedVariationId": _variation(1) if outcome == "won" else _variation(0),
            "excludeFromPayload": True,
        }
    return body


def _last_taken_in(experiment: Experiment) -> datetime:
    """Until when a result takes in what happened."""
    ended = _ended_at(experiment)
    return ended - _NOT_REFRESHED_FOR if experiment.id == _NOT_REFRESHED else ended


def _result(experiment: Experiment, now: datetime) -> Record:
    """The latest: of the last midnight before the end."""
    last = min(now.replace(hour=0, minute=0, second=0, microsecond=0), _last_taken_in(experiment))
    reach = experiment.reaches
    users = [round(SEEN * 2 * (1 - reach)), round(SEEN * 2 * reach)]
    metrics = [
        {
            "metricId": f"met_{feature}",
            "metricName": f"Uses {feature}",
            "variations": [_reckoned(number, users[number], rates[number], rates[0]) for number in (0, 1)],
        }
        for feature, rates in experiment.planted.items()
    ]
    body = {
        "id": f"snp_{sha(experiment.id)[:16]}",
        "dateUpdated": _iso(last),
        "experimentId": _id(experiment),
        "phase": "0",
        "dateStart": _iso(_started_at(experiment)),
        "dateEnd": _iso(last),
        "dimension": {"type": "none"},
        "settings": _experiment(experiment, now)["settings"],
        "queryIds": [],
        "results": [
            {
                "dimension": "",
                "totalUsers": sum(users),
                "checks": {"srm": 0.0001 if reach != 0.5 else 0.5},
                "metrics": metrics,
            }
        ],
    }
    return Record(f"{_id(experiment)}:0", last, body)


def _reckoned(number: int, users: int, rate: float, base: float) -> dict[str, Any]:
    change = rate / base - 1
    return {
        "variationId": _variation(number),
        "users": users,
        "analyses": [
            {
                "engine": "bayesian",
                "numerator": round(users * rate),
                "denominator": users,
                "mean": rate,
                "stddev": (rate * (1 - rate)) ** 0.5,
                "percentChange": change if number else 0,
                "ciLow": change - 0.3 if number else 0,
                "ciHigh": change + 0.3 if number else 0,
                "chanceToBeatControl": (0.98 if change > 0 else 0.02) if number else 0.5,
            }
        ],
    }


def _rules(experiment: Experiment, is_split: bool) -> list[dict[str, Any]]:
    if not is_split:
        return []
    rule = {
        "id": f"fr_{sha(experiment.id)[:12]}",
        "type": "experiment-ref",
        "description": "",
        "enabled": True,
        "allEnvironments": True,
        "experimentId": _id(experiment),
        "variations": [
            {"variationId": _variation(number), "value": str(bool(number)).lower()} for number in (0, 1)
        ],
    }
    return [rule]


def _default(experiment: Experiment, at: datetime) -> str:
    return "true" if at >= _decided_at(experiment) and _outcome(experiment) == "won" else "false"


def _feature(experiment: Experiment, now: datetime) -> dict[str, Any]:
    is_on, is_split = now >= _started_at(experiment), _started_at(experiment) <= now < _ended_at(experiment)
    number = sum(1 for _ in _revisions(experiment, now))
    return {
        "id": experiment.id,
        "dateCreated": _iso(_planned_at(experiment)),
        "dateUpdated": _iso(_changed_at(experiment, now)),
        "archived": False,
        "description": experiment.name,
        "owner": "Grace Trial",
        "project": "",
        "valueType": "boolean",
        "defaultValue": _default(experiment, now),
        "tags": [],
        "rules": _rules(experiment, is_split),
        "environments": {PRODUCTION: {"enabled": is_on, "defaultValue": _default(experiment, now)}},
        "revision": {
            "version": number,
            "comment": "",
            "date": _iso(_changed_at(experiment, now)),
            "publishedBy": _by(),
        },
    }


def _by() -> dict[str, str]:
    return {"type": "dashboard", "id": "u_1", "name": "Grace Trial", "email": "grace.trial@acmeflow.example"}


def _revisions(experiment: Experiment, now: datetime) -> Iterator[Record]:
    moments = (
        _planned_at(experiment),
        _started_at(experiment),
        _ended_at(experiment),
        _decided_at(experiment),
    )
    for version, at in enumerate((each for each in moments if each <= now), 1):
        is_split = _started_at(experiment) <= at < _ended_at(experiment)
        body = {
            "id": f"frev_{sha(f'{experiment.id} {version}')[:12]}",
            "featureId": experiment.id,
            "baseVersion": version - 1,
            "version": version,
            "comment": "",
            "date": _iso(at),
            "status": "published",
            "createdBy": _by(),
            "publishedBy": _by(),
            "defaultValue": _default(experiment, at),
            "rules": _rules(experiment, is_split),
            "environmentsEnabled": {PRODUCTION: at >= _started_at(experiment)},
        }
        yield Record(f"{experiment.id}:{version}", at, body)


def _learning(experiment: Experiment) -> Record:
    at, outcome = _decided_at(experiment), _outcome(experiment)
    key = f"lrn_{sha(experiment.id)[:16]}"
    body = {
        "id": key,
        "dateCreated": _iso(at),
        "dateUpdated": _iso(at),
        **_owner(),
        "authors": ["u_1"],
        "title": f"{experiment.name}: {outcome}",
        "text": _CONCLUSIONS[outcome],
        "tags": [],
        "supportingExperimentIds": [_id(experiment)] if outcome == "won" else [],
        "contradictingExperimentIds": [] if outcome == "won" else [_id(experiment)],
        "projects": [],
        "status": "published",
        "source": "manual",
    }
    return Record(key, at, body)
