"""What a check says of the data, what its failure means for readers, and what to do then: for people who do not code."""

import re
from collections.abc import Mapping

HELD = "Nothing of this night is published: report and BI keep the last sound mart until this is mended."
_HOLDS = f"{HELD} Dagster calls this check non-blocking, as the steps between run on: the publication itself refuses."
_WARNS = "The night is published all the same; numbers that touch these rows are less certain than they look."
NOT_READ_CONSEQUENCE = "The night goes on with the last good records: every number made of them is as old as that reading, and says so."
_AFTER = "Then run the night again."

_BY_KIND: Mapping[str, str] = {
    "not_null": "Look up the failing keys in the vendor's tool. If the value is missing there, have it filled in; if it is there, "
    "the staging model no longer reads it: ask the asset's owner.",
    "no_nulls": "Look up the failing keys in the vendor's tool. If the value is missing there, have it filled in; if it is there, "
    "the staging model no longer reads it: ask the asset's owner.",
    "unique": "The same thing is there twice. Look up the failing keys: a duplicate in the vendor's tool is merged there; "
    "one that only the model makes is a join that doubles rows, for the asset's owner.",
    "unique_rows": "The same thing is there twice. Look up the failing keys: a duplicate in the vendor's tool is merged there; "
    "one that only the model makes is a join that doubles rows, for the asset's owner.",
    "whole_rows": "A row is there twice, or lacks a value that it must have. Look up the failing keys in the vendor's tool: merge "
    "a duplicate or fill the value in there; if the tool is right, ask the asset's owner to mend the model.",
    "accepted_values": "A value turned up that nobody has described. If it is meant, add it to the model's list (and to the "
    "registry's mapping, if it is a status or a stage); if not, correct it in the vendor's tool.",
    "relationships": "Rows point to something that is not there. See in the checks of the other side whether its source was read; "
    "if it was, the record was deleted there, or two tools write its id differently: ask the asset's owner.",
}
_SINGULAR = (
    "Open the failed evaluation: `failing_keys` names rows, `query` finds them all. Compare them with the vendor's tool and the "
    "registry; correct them there, or ask the asset's owner to mend the model."
)
_BY_SUITE: Mapping[str, str] = {
    "volume": "Compare the count with the vendor's own. If the vendor has more, read the days again with the job `backfill_source`; "
    "if the vendor has the same, ask the product's team what they released.",
    "distribution": "Ask the feature's owner whether an event was renamed or something was launched, and bring the feature's events "
    "in `registry/features.yml` up to date.",
    "plausibility": "Look up the failing keys in the vendor's tool. Correct the times or statuses there, or list the records in "
    "`registry/exclusions.yml`; a status that is new belongs in the staging model's mapping.",
    "mapping": "Complete `registry/stages.yml` (statuses) or the features' event rules in `registry/features.yml`.",
    "headlines": "Ask the platform's owner to look at the metric's groupings in its `sem_` file: one row must be left for the whole.",
    "freshness": "See which source's check `arrived` is red, and follow its remedy; if none is, see whether the schedule `nightly` "
    "is on and the daemon running.",
    "schema_drift": "Ask the vendor's administrator what changed, and the source's owner to adapt the staging model; raw keeps every "
    "record, so nothing is lost meanwhile.",
}
_BY_STEP: Mapping[str, str] = {
    "fetched_is_in_raw": "Read the source again (materialise its raw assets). If the counts still differ, restore the source's raw file "
    "from a copy, or delete it: the next night reads the whole history again.",
    "raw_is_in_staging": "Ask the asset's owner: the staging model drops or doubles records while it parses them.",
    "created_before_as_of": "Look up the failing keys in the vendor's tool and correct when they were created: a wrong clock or an import "
    "has moved it.",
    "staging_is_in_mart": "Ask the asset's owner: a join between staging and mart drops or doubles rows.",
    "vendor_count_is_in_raw": "Ask the vendor's administrator whether our credentials may see every record, and read the missing time "
    "again with the job `backfill_source`.",
}
_ARRIVED_REMEDY = (
    "Read `observed` in the failed evaluation: it names the remedy. `pops check {source}` asks the vendor about our "
    "credentials. Then materialise the source's raw assets, or wait for the next night: it reads on where the last stopped."
)
GATE_REMEDY = "Open the failed checks that the evaluation names; each says what to do. " + _AFTER

OWN_CODE_MEANING = "The organisation's own code runs: this model could be built, or this metric computed."
OWN_CODE_CONSEQUENCE = "The night is published without this model, or with this metric's numbers of the night before; what is made of it fails too."
OWN_CODE_REMEDY = (
    "Read `observed`: it is what the engine says. `pops model NAME` builds a model on the last night's data and shows the whole "
    "error; after an upgrade, CHANGELOG.md says what took the place of what is gone."
)

LAUNCH_METRICS_MEANING = "Every metric of a launch can be measured: by the cut that launches.yml names, and as a change where it asks for one."
LAUNCH_METRICS_REMEDY = (
    "`pops check registry` names file and line of a cut that a metric does not have. A target that is a change needs a metric that "
    "counts facts with their account: give the launch another one, or a bound of the value."
)
NORTH_STAR_MEANING = "The North Star that the registry declares has a number a week: each metric that it is made of is known by week and by the cut that it names."
NORTH_STAR_REMEDY = (
    "`pops check registry` names file and line of a metric that has no weekly number or is not cut so: name another in north_star.yml, "
    "and count its `version` up."
)
GUARDED_MEANING = "Every check of the tables that this number is made of holds, up to the tools' records."
GUARDED_CONSEQUENCE = (
    "The checks that it lists say whether the night was published and how far the number is right."
)
GUARDED_REMEDY = "Open the failed checks that the evaluation lists; each says whom to ask and what to do."
SPLIT_MEANING = "People are split over the variants of each running experiment as it was planned: chance makes a split as uneven once in a thousand."
SPLIT_REMEDY = (
    "Ask the experiment's owner what keeps people of one variant from being counted: a page that fails before it tells, a redirect, a "
    "robot, a change of the weights on the way. What is split wrongly is not repaired by counting: begin it anew."
)
_SERVED_REMEDY = (
    "Read `observed` in the failed evaluation: it names the remedy. `pops check` asks {title} whether it can be published "
    "to. Then materialise this asset again: it takes the published file as it is."
)


def check_description(meaning: str, holds: bool, remedy: str, consequence: str | None = None) -> str:
    """The description of a check, as Markdown: meaning, what its failure means, what to do."""
    return f"{meaning}\n\n**If it fails:** {consequence or (_HOLDS if holds else _WARNS)}\n\n**What to do:** {remedy}"


def arrived_remedy(source: str) -> str:
    """What to do when a stream of a source was not read."""
    return _ARRIVED_REMEDY.format(source=source)


def served_remedy(title: str) -> str:
    """What to do when a target does not serve the published mart."""
    return _SERVED_REMEDY.format(title=title)


def dbt_remedy(kind: str | None, holds: bool) -> str:
    """What to do about a failed dbt test, by the kind of the test (None: one of its own)."""
    return f"{_BY_KIND.get(kind or '', _SINGULAR)} {_AFTER if holds else ''}".strip()


# What the libraries of engines on other machines say of a line that broke.
_LOST_LINE = re.compile(
    r"TSocket|TTransport|thrift transport|Broken pipe|Connection (reset|refused|aborted)|Could not connect|Session does not exist"
    r"|Remote end closed|Failed to (connect|execute request)|timed out",
    re.IGNORECASE,
)


def engine_remedy(model: str, told: str) -> str:
    """What to do about a model or test that could not be run, by what its engine told: a line that broke says nothing of the model."""
    if _LOST_LINE.search(told):
        return "The line to the engine broke: look whether it runs, and run the job `nightly` again. Nothing is read or written twice."
    return model_remedy(model)


def model_remedy(model: str) -> str:
    """What to do when a model cannot be built, or a test of it not be run."""
    return (
        f"Run `pops model {model}`: it builds the model on the last night's data and shows the engine's whole error. A value that "
        f"it cannot take must become unknown in the model; a full disk needs room. {_AFTER}"
    )


# What to do when somebody, or the machine, ended a step.
INTERRUPTED = "Run the night again: what was read stays read, and what is published stays published."


def step_remedy(step: str) -> str:
    """What to do when a step of the night fails without saying so itself."""
    return f"Open the run in the UI, or `dagster/logs` under POPS_HOME: the step `{step}` has its whole error there. {_AFTER}"


def audit_remedy(check: str, holds: bool) -> str:
    """What to do about a failed rule of the audit, by the name of its check: `<suite>__<rule>`, `reconciliation__<step>`."""
    suite, _, rule = check.partition("__")
    found = _BY_SUITE.get(suite) or next(
        (remedy for step, remedy in _BY_STEP.items() if rule.endswith(step)), _SINGULAR
    )
    return f"{found} {_AFTER if holds else ''}".strip()
