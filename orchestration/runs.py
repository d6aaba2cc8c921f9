"""Which night a run of Dagster belongs to: the one place where a run looks at the clock."""

from datetime import UTC, date, datetime

import dagster as dg

from settings.night import Night

AS_OF_TAG = "pops/as_of"


def night_of_run(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Night:
    """The night of a run: its `pops/as_of` tag, else the day on which it was created.

    Every step of a run gets the same answer, also when the run crosses midnight.
    """
    record = context.instance.get_run_record_by_id(context.run.run_id)
    return night_of_record(record) if record else Night.of(_tagged(context.run), datetime.now(UTC))


def night_of_record(record: dg.RunRecord) -> Night:
    """The night of a run that Dagster keeps."""
    return Night.of(_tagged(record.dagster_run), record.create_timestamp.astimezone(UTC))


def _tagged(run: dg.DagsterRun) -> date | None:
    tag = run.tags.get(AS_OF_TAG)
    try:
        return date.fromisoformat(tag) if tag else None
    except ValueError:
        raise ValueError(
            f"The tag {AS_OF_TAG} of the run is {tag!r}: write a date such as 2026-11-16."
        ) from None
