"""The tables in which a night says what launches and experiments did: their columns, and what each holds."""

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
            "change": ("double", "Where the target is a change: value over baseline less 1; of a difference in differences how much more those who "
                               "could see it changed, over what they had before. Else null."),
            "n": ("bigint", "Size of the sample behind the value."),
            "interval_low": ("double", "Lower end of the 95 % interval of the value, or of the change where the target is one."),
            "interval_high": ("double", "Upper end of the 95 % interval of the value, or of the change where the target is one."),
            "verdict": ("text", "met or missed (the whole interval is on one side of the target), inconclusive, or not_measured."),
            "reason": ("text", "Why it was not measured or has no interval: not_yet, no_whole_period, no_number, no_such_cut, "
                               "no_interval, insufficient (under two weeks, or history begins too late), few_accounts, no_baseline, "
                               "no_accounts (the metric does not know whose its cases are); else null."),
            "overlapping": ("text", "JSON: other declared launches of the product on the days that were read."),
            "method": ("text", "Of a change: before_after, or difference_in_differences (beyond that of the accounts which could not see it); "
                               "null where the target is no change, or nothing was measured."),
            "others_change": ("double", "Of a difference in differences, the change of the accounts which could not see it; else null."),
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
    "experiment_effects": (
        "One row a declared experiment, an effect by which it is read and a variant beside the control: how it differs from the control. "
        "mart.fct_experiment_effect has the bounds and the sums.",
        ("experiment_id", "effect_id", "variant_key"),
        {
            "experiment_id": ("text", "The experiment (mart.dim_experiment)."),
            "effect_id": ("text", "Role and place of the effect in the experiment's entry (mart.fct_experiment_effect)."),
            "variant_key": ("text", "The variant (mart.fct_experiment_variant)."),
            "effect_role": ("text", "primary (it decides), further (told beside it) or guardrail (a breach overrides)."),
            "measure": ("text", "Of each person: adoption, days, uses, uses_per_day or tickets (mart.fct_experiment_effect)."),
            "feature_id": ("text", "Feature that is meant; null for all."),
            "control_people": ("bigint", "People who were shown the control and nothing else."),
            "variant_people": ("bigint", "People who were shown the variant and nothing else."),
            "control_value": ("double", "Mean over the people of the control, those who did nothing included; of uses_per_day the ratio of sums."),
            "variant_value": ("double", "The same of the variant."),
            "difference": ("double", "The variant's value less the control's; null where it cannot be told."),
            "difference_low": ("double", "Lower end of its 95 % interval (of several variants wider, so that all hold together)."),
            "difference_high": ("double", "Upper end of that interval."),
            "change": ("double", "The difference over the control's value, 0.1 being a tenth more; null where that is 0."),
            "change_low": ("double", "Lower end of its 95 % interval (of several variants wider, so that all hold together)."),
            "change_high": ("double", "Upper end of that interval."),
            "p_value": ("double", "How often chance alone makes a difference as large."),
            "detectable_change": ("double", "The smallest change that so many people would show 8 times of 10, 0.1 being a tenth."),
            "adjusted_p_value": ("double", "Of a further effect, its p value with the other further ones in view (Holm); null for others."),
            "verdict": ("text", "met or missed (the whole interval of the change is on one side of the bound), inconclusive, or not_measured."),
            "reason": ("text", "Why it was not measured: few_people, all_alike (everybody did the same), nothing_under_control; else null."),
        },
    ),
    "experiments": (
        "One row an experiment: its verdict as of this night. mart.dim_experiment has the experiment itself.",
        ("experiment_id",),
        {
            "experiment_id": ("text", "The experiment (mart.dim_experiment)."),
            "verdict": ("text", "confirmed (primary effect met, no guardrail breached), refuted (missed, or a guardrail breached), inconclusive, "
                                "not_yet (before its planned end), not_trusted (people were not split as planned), stopped_early, or "
                                "undeclared (nobody said what was expected)."),
            "decides_on": ("date", "Day whose end decides: the planned end; null where nobody planned one."),
            "decided_by": ("text", "The effect that made the verdict (effect_id): a breached guardrail, else the primary one; null without one."),
            "confirmed_variant": ("text", "The variant that was confirmed (mart.fct_experiment_variant); null without one."),
            "srm_p_value": ("double", "How often chance alone splits people so unevenly, by the planned weights; under 0.001 there is no verdict; "
                                      "null where the weights are not known."),
            "is_post_hoc": ("boolean", "Was what was expected written or changed on its first day or later, as far as was read?"),
            "sample_share": ("double", "People who were shown one variant, over the planned number; null where nobody planned."),
            "days_left": ("integer", "Days that it is still to run, this one included; null where it is over."),
        },
    ),
    "signals": (
        "One row a number that lies far from what is usual for it: of the days of the last four weeks and the weeks of the last eight, "
        "in every published cut. What the report's findings say is decided by their own test (reports/usual.py).",
        ("signal_id",),
        {
            "signal_id": ("text", "Metric, members and first day of the period."),
            "metric": ("text", "Name of the metric (meta.metrics)."),
            "grain": ("text", "Length of the period: day or week."),
            "period_start": ("date", "First day of the period."),
            "product_id": ("text", "Product; null: all products."),
            "feature_id": ("text", "Feature; null: all features."),
            "team_id": ("text", "Team; null: all teams."),
            "segment": ("text", "Customer segment; null: all segments."),
            "cut": ("text", "JSON: the member by dimension, of all dimensions; {} for the whole."),
            "value": ("double", "The value, in the metric's unit."),
            "expected": ("double", "Median of the eight weeks before, of the same weekday or of the weeks, with the trend."),
            "z": ("double", "How many usual spreads the value is away; more than 3.5 either way."),
            "adjusted_p": ("double", "How often chance alone goes as far, corrected for all series of the period (Benjamini and Hochberg)."),
            "direction": ("text", "up or down."),
            "annotations": ("text", "JSON: what else happened: launches of the two weeks before (launch:id), holidays in the period (holiday:day)."),
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
