"""What `sandbox/registry/` says of the roadmap, as constants: statuses, which items mean which feature, sources of feedback."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """A status of the roadmap: the delivery stage it means, the tracker's stages that agree with it."""

    name: str
    stage: str
    agrees_with: tuple[str, ...]
    is_active: bool = True


STATUSES = (
    Status("New idea", "idea", ("idea",), is_active=False),
    Status("Candidate", "discovery", ("idea", "discovery")),
    Status("Planned", "ready", ("idea", "discovery", "ready")),
    Status("In progress", "build", ("build", "review")),
    Status("Released", "released", ("released",), is_active=False),
)
STATUS_BY_NAME = {status.name: status for status in STATUSES}
# Used on the roadmap, and mapped to no stage by anybody.
UNMAPPED_STATUS = "On hold"

# Feature -> names of the components, or single items, that belong to it.
ROADMAP_ITEMS: dict[str, tuple[str, ...]] = {
    "board": ("Board",),
    "automation": ("Automation", "Automation triggers"),
    "templates": ("Templates",),
    "comments": ("Comments",),
    "timeline": ("Timeline",),
    "gantt_export": ("Gantt export",),
    "mobile_app": ("Mobile app",),
    # One item of a component that belongs to no feature.
    "onboarding": ("Onboarding", "Guided trial for teams"),
    "dashboards": ("Dashboards",),
    "custom_reports": ("Custom reports",),
    "forecasts": ("Forecasts",),
    "audit_log": ("Audit log",),
    "data_alerts": ("Data alerts",),
    "api_access": ("API access",),
    "slack_sync": ("Slack sync",),
    "jira_sync": ("Jira sync",),
}
# Product -> names of components that no feature lists. None: a product that the registry does not have.
OTHER_COMPONENTS: dict[str | None, tuple[str, ...]] = {"studio": ("Platform",), None: ("Experiments",)}
OTHER_PRODUCT = "Labs"

# Where feedback comes from -> its kind.
FEEDBACK_SOURCES = {
    "email": "voice",
    "call": "voice",
    "website": "web",
    "in_app_widget": "product",
    "session_replay": "experience",
    "ticket_rating": "voice",
    "survey": "experience",
}
NOTE_SOURCES = ("email", "call", "website", "in_app_widget", "session_replay")
# A source of notes that nobody has mapped.
UNMAPPED_SOURCE = "event_booth"
