"""The make-believe company states for itself what the registry says of it: both must say the same."""

from typing import Any

import yaml

from sandbox.company import catalogue
from sandbox.company.flags import FEATURE_OF_FLAG
from sandbox.company.roadmap.catalogue import FEEDBACK_SOURCES, ROADMAP_ITEMS, STATUSES
from sandbox.serving.environment import REGISTRY


def registry(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load((REGISTRY / f"{name}.yml").read_text())[name]
    return entries


def test_the_catalogue_says_what_the_registry_says() -> None:
    assert [entry["id"] for entry in registry("features")] == [feature.id for feature in catalogue.FEATURES]
    for entry, feature in zip(registry("features"), catalogue.FEATURES, strict=True):
        assert [(rule["event"], rule.get("where", {}).get("kind")) for rule in entry["events"]] == [
            (rule.event, rule.kind) for rule in feature.events
        ]
        assert (entry["product"], entry["team"], entry["live_from"]) == (
            feature.product,
            feature.team,
            feature.live_from,
        )
        assert (entry.get("live_until"), entry["launched_on"]) == (feature.live_until, feature.launched_on)
        assert tuple(entry.get("eligible_plans", ())) == feature.eligible_plans
        assert (tuple(entry["epics"]), tuple(entry["ticket_tags"])) == (feature.epics, feature.ticket_tags)
        assert tuple(entry.get("roadmap_items", ())) == ROADMAP_ITEMS.get(feature.id, ())
        assert entry.get("flags", []) == [flag for flag, of in FEATURE_OF_FLAG.items() if of == feature.id]
        assert (entry["name"], entry["adoption_target"]) == (feature.name, feature.adoption_target)
    assert [
        (entry["id"], tuple(entry["jira_projects"]), tuple(entry["repositories"]))
        for entry in registry("teams")
    ] == [(team.id, team.project_keys, team.repositories) for team in catalogue.TEAMS]
    assert [(entry["id"], tuple(entry["statuses"])) for entry in registry("stages")] == [
        (stage.id, stage.statuses) for stage in catalogue.STAGES
    ]
    assert [
        (entry["id"], entry["window_days"], tuple(step["event"] for step in entry["steps"]))
        for entry in registry("funnels")
    ] == [(funnel.id, funnel.window_days, funnel.steps) for funnel in catalogue.FUNNELS]
    assert [
        (
            entry["id"],
            entry["activation"]["within_days"],
            tuple(step["event"] for step in entry["activation"]["steps"]),
        )
        for entry in registry("products")
        if "activation" in entry
    ] == [(each.product, each.within_days, each.events) for each in catalogue.ACTIVATIONS]
    exclusions = {entry["id"]: tuple(entry["values"]) for entry in registry("exclusions")}
    assert exclusions == {
        "internal_email_domains": catalogue.INTERNAL_EMAIL_DOMAINS,
        "bot_user_agents": catalogue.BOT_USER_AGENTS,
        "passive_events": catalogue.PASSIVE_EVENTS,
        "issue_resolutions": catalogue.EXCLUDED_ISSUE_RESOLUTIONS,
    }
    delivery = {entry["id"]: tuple(entry["values"]) for entry in registry("delivery")}
    assert delivery["production_environments"] == catalogue.PRODUCTION_ENVIRONMENTS
    assert delivery["incident_labels"] == catalogue.INCIDENT_LABELS
    assert [
        (entry["id"], entry["stage"], tuple(entry["agrees_with"]), entry.get("is_active", True))
        for entry in registry("roadmap_statuses")
    ] == [(status.name, status.stage, status.agrees_with, status.is_active) for status in STATUSES]
    assert {entry["id"]: entry["kind"] for entry in registry("feedback_sources")} == FEEDBACK_SOURCES
    assert [entry["id"] for entry in registry("products")] == [product.id for product in catalogue.PRODUCTS]
