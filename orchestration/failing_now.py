"""What fails now, in one place of the UI: a check on the published mart that lists every check whose newest result is bad.

Dagster's own pages list the checks of one asset or of one run. A check that was evaluated again since the night and holds
now is not listed.
"""

import hashlib
from collections.abc import Iterable

import dagster as dg
from dagster import DagsterInstance

from checks.contract import CheckStatus
from orchestration.check_words import CheckWords, as_event
from orchestration.evaluations import check_status, told_once
from orchestration.keys import DATA_AGE, FAILING_NOW, GATE, GUARDED, PUBLISHED_MART
from settings.owners import PLATFORM, owner_of
from settings.shown_text import in_markdown

# What only repeats others, and this check itself.
_REPEATS = {GATE, FAILING_NOW, GUARDED}


def _words() -> CheckWords:
    return CheckWords(
        "No check fails now, of any asset.",
        owner_of(PLATFORM),
        "Open what `failing` lists: each leads to its check, which says whom to ask and what to do.",
        False,
        "Those of severity `error` kept their night from being published; the others are named in the report beside their numbers.",
    )


def failing_checks(instance: DagsterInstance, keys: Iterable[dg.AssetCheckKey]) -> list[CheckStatus]:
    """The checks of these whose newest evaluation did not pass: those that hold publication first, then by asset and name."""
    asked = [key for key in keys if key.name not in _REPEATS]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(asked)
    found = [
        check_status(record.event.dagster_event)
        for record in latest.values()
        if record.event is not None and record.event.dagster_event is not None
        and record.event.dagster_event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]  # fmt: skip
    failed = sorted(
        (each for each in found if not each.passed),
        key=lambda each: (not each.blocks, each.asset, each.check),
    )
    return told_once(failed)


def evaluated(failing: list[CheckStatus]) -> dg.AssetCheckResult:
    """The check's result. `failing`: a Markdown list, each with its severity, what is wrong, what was seen, and its owner."""
    holding = sum(each.blocks for each in failing)
    observed = f"{len(failing)} fail, {holding} of them hold publication" if failing else "none"
    lines = "\n".join(line(each) for each in failing) or "None."
    more = {"failing": dg.MetadataValue.md(lines)}
    return _words().result(
        FAILING_NOW, PUBLISHED_MART, not failing, observed, more, is_red=bool(holding), told=lines
    )


def line(check: CheckStatus) -> str:
    """A failed check as a line of a Markdown list, which leads to it."""
    place = f"/assets/{check.asset}?view=checks&checkDetail={check.check}"
    # How old the mart is goes on with why, which are the other lines.
    observed = check.observed.partition(". ")[0] if check.check == DATA_AGE else check.observed
    seen = f" {in_markdown(observed.rstrip('.'))}." if observed else ""
    said = in_markdown((check.meaning or check.check.replace("_", " ")).rstrip("."))
    return f"- **{check.severity}** [{in_markdown(f'{check.asset}: {check.check}')}]({place}): {said}.{seen} Owner: {in_markdown(check.owner)}"


def build_failing_check() -> dg.AssetChecksDefinition:
    """The check, asked for by hand in the UI; else the sensor tells it."""
    words = _words()

    @dg.asset_check(
        asset=PUBLISHED_MART, name=FAILING_NOW, description=words.description, metadata=words.metadata
    )
    def nothing_fails_now(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        keys = context.repository_def.asset_graph.asset_check_keys
        return evaluated(failing_checks(context.instance, keys))

    return nothing_fails_now


@dg.sensor(
    name="failing_now",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lists on the published mart what fails now, whenever that changes.",
)
def failing_now(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """It starts no run: it only tells the check's result."""
    assert context.repository_def is not None
    result = evaluated(failing_checks(context.instance, context.repository_def.asset_graph.asset_check_keys))
    seen = hashlib.sha256(str(result.metadata["failing"].value).encode()).hexdigest()
    if seen == context.cursor:
        return dg.SkipReason("As before.")
    return dg.SensorResult(asset_events=[as_event(result)], cursor=seen)
