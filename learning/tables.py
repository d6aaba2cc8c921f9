"""The two tables in which a night says what launches did: their columns, and what each holds."""

from collections.abc import Iterable, Mapping, Sequence

import duckdb

SCHEMA = "metrics"
# By table: what it is, its key, and of each column its type and what it holds.
TABLES: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, tuple[str, str]]]] = {
    "launch_kpis": (
        "One row a declared launch, a metric of it and a checkpoint (days after the launch): what it was, against its target. "
        "mart.dim_launch_kpi has the target.",
        ("launch_id", "kpi_id", "checkpoint_days"),
        {
            "launch_id": ("text", "The launch (mart.dim_launch)."),
            "kpi_id": ("text", "Role and place of the metric in the launch's entry (mart.dim_launch_kpi)."),
            "kpi_role": ("text", "primary (it decides), further (told beside it) or guardrail (a breach overrides)."),
            "metric": ("text", "Name of the metric (meta.metrics)."),
            "checkpoint_days": ("integer", "Days after the launch: 1, 7, 14, 30 or 90."),
            "checkpoint_on": ("date", "The last of these days."),
            "first_day": ("date", "First day of what was read: of the last whole period of the metric, or of the span after the launch."),
            "last_day": ("date", "Last day of what was read."),
            "baseline": ("double", "The value of the last whole period, or of as many days, before the launch; null where there was none."),
            "value": ("double", "The value, in the metric's unit; null where nothing was measured."),
            "change": ("double", "Value over baseline less 1, where the target is a change; else null."),
            "n": ("bigint", "Size of the sample behind the value."),
            "interval_low": ("double", "Lower end of the 95 % interval of the value, or of the change where the target is one."),
            "interval_high": ("double", "Upper end of the 95 % interval of the value, or of the change where the target is one."),
            "verdict": ("text", "met or missed (the whole interval is on one side of the target), inconclusive, or not_measured."),
            "reason": ("text", "Why it was not measured or has no interval: not_yet, no_whole_period, no_number, no_such_cut, "
                               "no_interval, insufficient (under two weeks, or history begins too late), few_accounts, no_baseline, "
                               "no_accounts (the metric does not know whose its cases are); else null."),
            "overlapping": ("text", "JSON: other declared launches of the product on the days that were read."),
        },
    ),
    "launches": (
        "One row a launch: its verdict as of this night. mart.dim_launch has the launch itself.",
        ("launch_id",),
        {
            "launch_id": ("text", "The launch (mart.dim_launch)."),
            "verdict": ("text", "confirmed (primary metric met, no guardrail breached), refuted (missed, or a guardrail breached), "
                                "inconclusive, not_yet, or undeclared (nobody said what was expected)."),
            "decides_on": ("date", "Day whose end decides: the launch and its window; null where nobody declared it."),
            "decided_by": ("text", "The metric that made the verdict (kpi_id): a breached guardrail, else the primary one; null before."),
            "is_post_hoc": ("boolean", "Was what was expected written or changed on the day of the launch or later, as far as was read?"),
            "reached_days": ("integer", "The last checkpoint that is over; null before the first."),
            "next_checkpoint_on": ("date", "Day of the next checkpoint; null after the last."),
            "days_to_switch_off": ("integer", "Days from a refuted verdict to the day on which all its features were off; null where they are not."),
        },
    ),
}  # fmt: skip


def write_table(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Create a table of `TABLES` anew in the database in use, with rows in the order of its columns."""
    columns = TABLES[table][2]
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    connection.execute(f"create or replace table {SCHEMA}.{table} ({declared})")
    if found := list(rows):
        connection.executemany(
            f"insert into {SCHEMA}.{table} values ({', '.join('?' for _ in columns)})", found
        )
