"""What people call the things that they see in the UI: vendors, families of tools, streams, areas."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors import connector_class

FAMILIES: Mapping[str, str] = {
    "product_analytics": "product analytics",
    "crm": "CRM",
    "support": "support",
    "delivery": "delivery",
    "roadmap": "roadmap",
    "surveys": "surveys",
    "files": "dropped files",
    "registry": "the organisation's own registry",
}
_TITLES: Mapping[str, str] = {
    "hubspot": "HubSpot",
    "github": "GitHub",
    "files": "files",
    "registry": "the registry",
}
# Where a person looks a record up. Zendesk, Jira and Salesforce have an address of their own for each customer.
_CONSOLES: Mapping[str, str] = {
    "amplitude": "https://app.amplitude.com",
    "mixpanel": "https://mixpanel.com/project",
    "hubspot": "https://app.hubspot.com",
    "salesforce": "https://login.salesforce.com",
    "zendesk": "https://www.zendesk.com/login",
    "jira": "https://id.atlassian.com",
    "github": "https://github.com",
    "intercom": "https://app.intercom.com",
    "productboard": "https://app.productboard.com",
    "typeform": "https://admin.typeform.com",
}
_STREAMS: Mapping[str, str] = {
    "amplitude/events": "What people did in the products: one event an action, with the person, the time and the properties",
    "mixpanel/events": "What people did in the products: one event an action, with the person, the time and the properties",
    "mixpanel/profiles": "The people that Mixpanel knows, with the properties that it keeps of them",
    "hubspot/companies": "Customers and prospects: plan, segment, owner, and what is paid",
    "hubspot/contacts": "People at customers and prospects",
    "hubspot/deals": "Sales opportunities: amount, stage, and when they closed",
    "hubspot/owners": "The colleagues who look after customers",
    "hubspot/associations": "Which contact and which deal belongs to which company",
    "salesforce/accounts": "Customers and prospects: plan, segment, owner, and what is paid",
    "salesforce/contacts": "People at customers and prospects",
    "salesforce/opportunities": "Sales opportunities: amount, stage, and when they closed",
    "salesforce/opportunity_history": "Each stage that a sales opportunity went through, and when",
    "salesforce/leads": "People who showed interest and are not yet a customer's contact",
    "salesforce/users": "The colleagues who look after customers",
    "zendesk/tickets": "Requests for help: status, priority, tags, who asked, how fast they were answered",
    "zendesk/ticket_events": "Everything that happened to a request for help: replies, changes of status, assignments",
    "zendesk/users": "People who ask for help, and the agents who answer",
    "zendesk/organizations": "The customers to which the people who ask for help belong",
    "zendesk/satisfaction_ratings": "How satisfied people were with the help they got",
    "jira/projects": "The delivery projects, one for each team or product",
    "jira/statuses": "The statuses that work can have, and the category of each",
    "jira/fields": "The fields that this Jira knows, its own ones included",
    "jira/issues": "Pieces of work: epics, stories, bugs, with their state of now",
    "jira/changelogs": "Every change of a piece of work: from here come times in each stage",
    "jira/sprints": "The sprints of the teams, with their begin and end",
    "jira/versions": "Planned and released versions, with their dates",
    "github/repositories": "The code repositories",
    "github/pull_requests": "Proposed changes of code: opened, reviewed, merged",
    "github/reviews": "Reviews of proposed changes, with their verdict",
    "github/pull_request_commits": "The commits of each proposed change: when the work on it began",
    "github/releases": "Releases as they were announced",
    "github/deployments": "Deployments to each environment",
    "github/deployment_statuses": "How each deployment went, and when",
    "github/issues": "Issues that are kept in GitHub, incidents among them",
    "github/workflow_runs": "Runs of the automatic builds and tests",
    "intercom/conversations": "Conversations with people who ask for help, their parts and rating",
    "intercom/contacts": "People who ask for help, and visitors",
    "intercom/companies": "The customers to which the people who ask for help belong",
    "intercom/admins": "The colleagues who answer",
    "productboard/notes": "Feedback of customers as it was noted down",
    "productboard/features": "Features and ideas on the roadmap, with their status and time frame",
    "productboard/initiatives": "Initiatives that features of the roadmap serve",
    "productboard/objectives": "Objectives that the roadmap serves",
    "productboard/releases": "Planned releases of the roadmap",
    "productboard/components": "Products and components that the roadmap is cut into",
    "productboard/companies": "Customers who gave feedback",
    "productboard/users": "People who gave feedback",
    "productboard/jira_connections": "Which feature of the roadmap is which epic in Jira",
    "typeform/forms": "The surveys, with their questions",
    "typeform/responses": "The answers to the surveys",
    "files/survey_responses": "Answers to surveys from exported files",
    "files/feedback": "Feedback of customers from exported files",
    "files/meetings": "Meetings of the teams from exported calendars",
    "files/tool_activity": "Activity in work tools from exported files",
    "registry/organisation": "The organisation itself: its name, reporting time zone and working week",
    "registry/products": "The products, and the team that owns each",
    "registry/features": "The features: the events that show their use, their epics, tags, launch and owner",
    "registry/teams": "The teams, and the projects and repositories they work in",
    "registry/stages": "Which status of the delivery tool belongs to which stage, from idea to customer",
    "registry/roadmap_statuses": "What each status of the roadmap tool means",
    "registry/feedback_sources": "Where feedback comes from, and how it is counted",
    "registry/owners": "Who answers for which area of this platform",
    "registry/targets": "What good looks like: the values that metrics should reach",
    "registry/calendar": "Holidays and working hours",
    "registry/exclusions": "What must not be counted: test accounts, own staff, robots",
    "registry/delivery": "How delivery is measured: kinds of work, commitments, incidents",
    "registry/funnels": "The funnels and the events that are their steps",
    "registry/surveys": "The surveys: what each asks, and how its answers are scored",
}


def vendor_title(source: str) -> str:
    """A source's name as its vendor writes it."""
    return _TITLES.get(source, source.capitalize())


def console_of(source: str) -> str | None:
    """Where a person signs in to the vendor's tool; None for what is no tool."""
    return _CONSOLES.get(source)


def stream_words(source: str, stream: str) -> str:
    """What a stream holds, as a clause without its full stop; of a new one, its name in words."""
    return _STREAMS.get(f"{source}/{stream}") or stream.replace("_", " ").capitalize()


def family_tags(families: Iterable[str]) -> dict[str, str]:
    """Tags by which the UI filters: `family/crm` finds what CRM data go into, from the vendor to the metric."""
    return {f"family/{family}": "" for family in sorted(families)}


def families_upstream(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """By node of dbt's manifest, the families of the sources it is made of; the registry, which is in all, is left out."""
    found: dict[str, frozenset[str]] = {
        name: frozenset({connector_class(node["source_name"].removeprefix("raw_")).family}) - {"registry"}
        for name, node in manifest["sources"].items()
    }

    def of(name: str) -> frozenset[str]:
        if name not in found:
            parents = manifest["nodes"].get(name, {}).get("depends_on", {}).get("nodes", [])
            found[name] = frozenset().union(*(of(parent) for parent in parents))
        return found[name]

    for name in manifest["nodes"]:
        of(name)
    return found
