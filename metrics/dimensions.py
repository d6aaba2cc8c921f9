"""The dimensions of the published numbers, in the order of their columns: what SQL, views, report and queries cut by."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Dimension:
    """A column of `metrics.metric_values`; null stands for all of it.

    `comment`: what the column holds. `label`: the column that names it for readers, and `label_comment` what that holds;
    none where members are called as they are. `relation`: SQL of the published mart that gives the label, by `keys`.
    `families`: kinds of tools that say to which member something belongs, beside those whose records are counted.
    """

    name: str
    comment: str
    label: str = ""
    label_comment: str = ""
    relation: str = ""
    keys: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


_ALL = (
    Dimension(
        "product_id",
        "Product; null: all products.",
        "product_name",
        "Name of the product; null: all products.",
        "(select product_id, min(product_name) as product_name from mart.dim_feature group by 1)",
        ("product_id",),
    ),
    Dimension(
        "feature_id",
        "Feature; null: all features.",
        "feature_name",
        "Name of the feature; null: all features.",
        "(select feature_id, feature_name from mart.dim_feature)",
        ("feature_id",),
    ),
    Dimension(
        "team_id",
        "Team; null: all teams.",
        "team_name",
        "Name of the team; null: all teams.",
        "(select team_id, team_name from mart.dim_team)",
        ("team_id",),
    ),
    Dimension("segment", "Customer segment; null: all segments.", families=("crm",)),
    Dimension("stage", "Stage of delivery; null: all stages."),
    Dimension(
        "funnel_id",
        "Funnel; null where the metric knows no funnels.",
        "funnel_name",
        "Name of the funnel.",
        "(select funnel_id, min(funnel_name) as funnel_name from mart.dim_funnel_step group by 1)",
        ("funnel_id",),
    ),
    Dimension(
        "step",
        "Step of the funnel; null where the metric knows no funnels.",
        "step_name",
        "Name of the step.",
        "(select funnel_id, step, step_name from mart.dim_funnel_step)",
        ("step", "funnel_id"),
    ),
    Dimension(
        "theme_id",
        "Theme of a ticket; null: all themes.",
        "theme_name",
        "Name of the theme; null: all themes.",
        "(select theme_id, theme_name from mart.dim_theme)",
        ("theme_id",),
    ),
    Dimension("priority", "Priority of a ticket, in lower case; null: all priorities."),
    Dimension(
        "policy_id",
        "Policy that promised a time for a ticket; null: all policies.",
        "policy_name",
        "Title of the policy.",
        "(select policy_id, max(policy_name) as policy_name from mart.fct_sla_instance group by 1)",
        ("policy_id",),
    ),
    Dimension(
        "days",
        "Number of days that the row speaks of, or the first and last of them; null where the metric knows none.",
    ),
)
DIMENSIONS: Mapping[str, Dimension] = {each.name: each for each in _ALL}
# SQL: whether a row of `metrics.metric_values` stands for the whole.
IS_WHOLE = f"coalesce({', '.join(DIMENSIONS)}) is null"
