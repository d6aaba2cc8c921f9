"""The make-believe company's products, features, teams, funnels and plans: what `sandbox/registry/` says of them, as constants."""

from dataclasses import dataclass
from datetime import date

REPORTING_TIME_ZONE = "Europe/Berlin"
HISTORY_START = date(2026, 5, 18)
HISTORY_END = date(2026, 12, 20)

SEGMENTS = ("smb", "mid_market", "enterprise")


@dataclass(frozen=True)
class Product:
    id: str
    name: str


@dataclass(frozen=True)
class Team:
    """A delivery team; it owns the tracker's projects with these keys and the code repositories of these names."""

    id: str
    name: str
    project_keys: tuple[str, ...]
    repositories: tuple[str, ...]


@dataclass(frozen=True)
class EventRule:
    """An event that is a use of a feature; `kind` is the value its property `kind` must have, None for any."""

    event: str
    kind: str | None = None


@dataclass(frozen=True)
class Feature:
    """No `events`: not instrumented. No `eligible_plans`: everybody may use it. Both live dates are inclusive."""

    id: str
    name: str
    product: str
    team: str
    live_from: date
    launched_on: date
    events: tuple[EventRule, ...]
    epics: tuple[str, ...]
    ticket_tags: tuple[str, ...]
    adoption_target: float
    live_until: date | None = None
    eligible_plans: tuple[str, ...] = ()

    @property
    def is_instrumented(self) -> bool:
        return bool(self.events)


@dataclass(frozen=True)
class Funnel:
    """Steps are event names, in order; the window in days is inclusive and starts at the entry."""

    id: str
    name: str
    product: str
    window_days: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Activation:
    """A new person of the product is activated who sent each event, in any order, within so many days of the first one."""

    product: str
    within_days: int
    events: tuple[str, ...]


@dataclass(frozen=True)
class Launch:
    """What was expected of a launch: that a rate of a feature reaches a bound some days later. `written_on`: when they said so."""

    id: str
    feature: str
    launched_on: date
    written_on: date
    metric: str
    at_least: float
    window_days: int


@dataclass(frozen=True)
class Stage:
    """A delivery stage and the tracker's statuses that mean it, compared without case."""

    id: str
    name: str
    flow: str
    statuses: tuple[str, ...]


PRODUCTS = (Product("studio", "Studio"), Product("insights", "Insights"), Product("connect", "Connect"))

TEAMS = (
    Team("atlas", "Atlas", ("ATL",), ("studio-web", "studio-api")),
    Team("borealis", "Borealis", ("BOR",), ("insights-web", "insights-engine")),
    Team("cosmos", "Cosmos", ("COS",), ("connect-gateway", "connect-workers")),
    Team("draco", "Draco", ("DRA",), ("growth-onboarding",)),
)

STAGES = (
    Stage("idea", "Idea", "waiting", ("Idea", "Backlog")),
    Stage("discovery", "Discovery", "active", ("Discovery",)),
    Stage("ready", "Ready", "waiting", ("To Do", "Ready", "Selected for Development")),
    Stage("build", "Build", "active", ("In Progress",)),
    Stage("review", "Review", "waiting", ("In Review", "Code Review", "QA")),
    Stage("released", "Released", "active", ("Done", "Released", "Closed")),
)

# The order decides which feature a ticket with several feature tags belongs to.
FEATURES = (
    Feature(
        "board", "Board", "studio", "atlas", date(2024, 3, 1), date(2024, 3, 5),
        (EventRule("board_opened"), EventRule("board_edited")), ("ATL-1",), ("feature_board",), 0.60,
    ),
    Feature(
        "automation", "Automation", "studio", "atlas", date(2025, 2, 3), date(2025, 2, 11),
        (EventRule("automation_created"), EventRule("automation_run_viewed")),
        ("ATL-2",), ("feature_automation", "automation_error"), 0.25,
        eligible_plans=("starter", "pro", "enterprise"),
    ),
    Feature(
        "templates", "Templates", "studio", "atlas", date(2024, 9, 16), date(2024, 9, 16),
        (EventRule("template_used"),), ("ATL-3",), ("feature_templates",), 0.15,
    ),
    Feature(
        "comments", "Comments", "studio", "atlas", date(2024, 5, 6), date(2024, 5, 6),
        (EventRule("comment_added"),), ("ATL-4",), ("feature_comments",), 0.30,
    ),
    Feature(
        "timeline", "Timeline", "studio", "atlas", date(2026, 9, 28), date(2026, 9, 29),
        (EventRule("timeline_opened"),), ("ATL-5", "ATL-6"), ("feature_timeline",), 0.20,
    ),
    Feature(
        "gantt_export", "Gantt export", "studio", "atlas", date(2025, 6, 2), date(2025, 6, 10),
        (EventRule("gantt_exported"),), ("ATL-7",), ("feature_gantt_export",), 0.10,
    ),
    Feature(
        "mobile_app", "Mobile app", "studio", "atlas", date(2025, 11, 3), date(2025, 11, 3),
        (), (), ("feature_mobile",), 0.10,
    ),
    Feature(
        "onboarding", "Guided trial", "studio", "draco", date(2025, 1, 13), date(2025, 1, 13),
        (
            EventRule("trial_started"), EventRule("project_created"), EventRule("data_imported"),
            EventRule("validation_passed"), EventRule("plan_selected"),
        ),
        ("DRA-1",), ("feature_onboarding",), 0.05,
    ),
    Feature(
        "dashboards", "Dashboards", "insights", "borealis", date(2024, 11, 4), date(2024, 11, 4),
        (EventRule("dashboard_viewed"), EventRule("report_viewed", "standard")),
        ("BOR-1",), ("feature_dashboards",), 0.40,
    ),
    Feature(
        "custom_reports", "Custom reports", "insights", "borealis", date(2026, 2, 16), date(2026, 2, 24),
        (EventRule("report_created"), EventRule("report_viewed", "custom")),
        ("BOR-2", "BOR-3"), ("feature_custom_reports",), 0.15,
    ),
    Feature(
        "forecasts", "Forecasts", "insights", "borealis", date(2026, 5, 4), date(2026, 5, 12),
        (EventRule("forecast_viewed"),), ("BOR-4",), ("feature_forecasts",), 0.20,
        eligible_plans=("pro", "enterprise"),
    ),
    Feature(
        "audit_log", "Audit log", "insights", "borealis", date(2025, 9, 1), date(2025, 9, 8),
        (EventRule("audit_log_viewed"),), ("BOR-5",), ("feature_audit_log",), 0.10,
    ),
    Feature(
        "data_alerts", "Data alerts", "insights", "borealis", date(2026, 3, 2), date(2026, 3, 10),
        (EventRule("alert_rule_created"),), ("BOR-6",), ("feature_data_alerts",), 0.10,
    ),
    Feature(
        "api_access", "API access", "connect", "cosmos", date(2024, 7, 1), date(2024, 7, 1),
        (EventRule("api_token_created"), EventRule("api_explorer_opened")), ("COS-1",), ("feature_api",), 0.10,
        eligible_plans=("pro", "enterprise"),
    ),
    Feature(
        "slack_sync", "Slack sync", "connect", "cosmos", date(2025, 4, 7), date(2025, 4, 15),
        (EventRule("slack_message_synced"),), ("COS-2",), ("feature_slack_sync",), 0.20,
    ),
    Feature(
        "jira_sync", "Jira sync", "connect", "cosmos", date(2026, 8, 17), date(2026, 8, 25),
        (EventRule("jira_issue_synced"),), ("COS-3", "COS-4"), ("feature_jira_sync",), 0.15,
    ),
    Feature(
        "webhooks", "Webhooks", "connect", "cosmos", date(2024, 10, 7), date(2024, 10, 7),
        (EventRule("webhook_delivered_viewed"),), ("COS-5",), ("feature_webhooks",), 0.05,
        live_until=date(2026, 10, 18),
    ),
)  # fmt: skip

ACTIVATIONS = (Activation("studio", 14, ("project_created", "data_imported")),)

FUNNELS = (
    Funnel(
        "trial", "Trial to plan", "studio", 7,
        ("trial_started", "project_created", "data_imported", "validation_passed", "plan_selected"),
    ),
)  # fmt: skip

# One that people took up, one that few had a use for, one that was taken back for it, one that too few were asked about, one
# that was explained afterwards. Of whatever else came out, nobody said what it was for.
LAUNCHES = (
    Launch("jira-sync", "jira_sync", date(2026, 8, 25), date(2026, 7, 6), "feature_adoption_rate", 0.15, 30),
    Launch(
        "signed-webhooks", "webhooks", date(2026, 9, 10), date(2026, 7, 6), "feature_adoption_rate", 0.15, 30
    ),
    Launch("timeline", "timeline", date(2026, 9, 29), date(2026, 9, 14), "feature_adoption_rate", 0.2, 30),
    Launch("dashboard-themes", "dashboards", date(2026, 10, 6), date(2026, 9, 14), "csat_rate", 0.8, 30),
    Launch(
        "forecast-scenarios",
        "forecasts",
        date(2026, 10, 13),
        date(2026, 11, 14),
        "feature_adoption_rate",
        0.03,
        30,
    ),
)

INTERNAL_EMAIL_DOMAINS = ("acmeflow.example",)
BOT_USER_AGENTS = ("bot", "crawler", "spider", "headless")
PASSIVE_EVENTS = ("push_received", "email_opened", "experiment_viewed", "sync_job_finished")
EXCLUDED_ISSUE_RESOLUTIONS = ("Won't Do", "Duplicate", "Cannot Reproduce", "Not planned")

# Deployments to these environments reach users; issues with these labels are incidents. Compared without case.
PRODUCTION_ENVIRONMENTS = ("production", "prod-eu")
INCIDENT_LABELS = ("incident",)

FEATURE_BY_ID = {feature.id: feature for feature in FEATURES}
