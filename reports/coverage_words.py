"""What a row of coverage says in a report: the sentence on what was counted, and what tells it from others of that sentence."""

import re
from collections.abc import Mapping

from markupsafe import Markup

from reports.language import N_, Language
from settings.shown_text import plain_lines

# Names of checks that one sentence explains by reason: the reason follows.
_BY_REASON = re.compile(
    r"(?:\w+_unmatched|\w+_not_counted|\w+_without_account|\w+_without_whole_history|\w+_without_person"
    r"|organizations_matched_by|events_quarantined|companies_of_this_crm_alone_|resolution_is)_(?P<reason>\w+)"
    r"|(?P<setting>\w+)_named"
)
# Names of checks of any field that a tool hands on: the field is the tool's own word.
_OF_FIELD = re.compile(r"(?P<field>\w+?)_(?:items_unreadable|unreadable|after_as_of|after_reading|no_list)")

REASONS = {
    # Why nobody, or no account, was found; or by what it was
    "external_id": N_("by the id that the tool was given"),
    "domain": N_("by its domain"),
    "app_account_id": N_("by its account in the app"),
    "external_id_of_several_companies": N_("its id is that of several companies"),
    "domain_of_several_companies": N_("its domain is that of several companies"),
    "app_account_id_of_several_companies": N_("its account in the app is that of several companies"),
    "external_id_of_no_company": N_("its id is that of no company"),
    "domain_of_no_company": N_("its domain is that of no company"),
    "app_account_id_of_no_company": N_("its account in the app is that of no company"),
    "no_external_id_and_no_domain": N_("neither an id nor a domain"),
    "no_app_account_id_and_no_domain": N_("neither an account in the app nor a domain"),
    "domain_of_another_app_account": N_("its domain is that of another account in the app"),
    "in_no_other_crm": N_("in no other CRM"),
    "no_email": N_("no e-mail address"),
    "email_of_several_contacts": N_("an e-mail address of several contacts"),
    "email_of_several_users": N_("an e-mail address of several users"),
    "email_of_several_persons": N_("an e-mail address of several people"),
    "email_of_no_app_user": N_("an e-mail address of no user of the app"),
    "email_of_nobody": N_("an e-mail address of nobody"),
    "never_logged_in": N_("never logged in"),
    "app_user_never_seen": N_("a user of the app who was never seen"),
    "anonymous": N_("anonymous"),
    "no_organization": N_("no organization"),
    "organization_not_found": N_("its organization was not found"),
    # Why something is in no number
    "deleted": N_("deleted"),
    "spam": N_("spam"),
    "merged": N_("merged into another"),
    "internal": N_("of a colleague"),
    "test_account": N_("of a test account"),
    "answered_again": N_("answered again later"),
    "too_few": N_("too few answered"),
    "no_score": N_("no score"),
    "score_out_of_scale": N_("a score outside the scale"),
    "score_not_a_number": N_("a score that is no number"),
    "score_between_points": N_("a score between the points"),
    "unmapped_form": N_("a form that the registry does not have"),
    "ticket_not_counted": N_("its ticket is not counted"),
    "open": N_("still open"),
    "cancelled": N_("taken away"),
    "unknown_status": N_("an unknown status"),
    "due_later": N_("due later"),
    "without_due_time": N_("without a due time"),
    "beginning_not_read": N_("its beginning was not read"),
    # What a history lacks
    "no_events": N_("no events"),
    "parts_cut_off": N_("parts are cut off"),
    "events_before_creation": N_("events before its creation"),
    "imported": N_("imported"),
    "beyond_reason": N_("times beyond reason"),
    # Why an event is set aside
    "future": N_("in the future"),
    "before_history": N_("before the history"),
    "nobody": N_("of nobody"),
    "no_event_time": N_("no time"),
    "no_event_type": N_("no type"),
    # What a resolution means
    "delivery": N_("delivered"),
    "no_delivery": N_("not delivered"),
    "unmapped": N_("of no known meaning"),
    # What a setting of the registry names
    "account": N_("account"),
    "plan": N_("plan"),
    "segment": N_("segment"),
    "revenue": N_("revenue"),
    "user": N_("user"),
    "points": N_("points"),
    "sprint": N_("sprint"),
    "epic_link": N_("link to the epic"),
}

# Checks of which the subject is a status, a stage, a type of event or a kind of resolution.
_OF_MEMBERS = (
    "epics_reaching_stage",
    "stays_in_unmapped_status",
    "events_of_unmapped_type",
    "resolution_is_delivery",
    "resolution_is_no_delivery",
    "resolution_is_unmapped",
)
# Checks of which the subject holds a sentence of the connector that read the records.
_TOLD_BY_CONNECTORS = ("records_quarantined", "parts_left_out")
# What a part of the records that is missing means for the numbers beside it.
EFFECTS = {
    "tickets_tagged_with_feature": N_("{source}: {rest} of the tickets bear no feature’s tag; they are in the totals and in the number of no feature."),
    "tickets_with_account": N_("{source}: {rest} of the tickets are of no known account; by segment they stand under “unknown”."),
    "events_mapped_to_feature": N_("{source}: {rest} of the events belong to no feature; who has only these is active and uses none."),
    "events_naming_account": N_("{source}: {rest} of the events name no known account; accounts seem less active than they are, people do not."),
    "persons_with_home_account": N_("{source}: {rest} of the people have no known account; by segment they stand under “unknown”."),
    "issues_with_commitment": N_("{source}: {rest} of the issues have no due date; the on-time rate says nothing of them."),
    "issues_with_cycle_time": N_("{source}: of {rest} of the delivered issues nobody knows when work began; the cycle time is that of the others."),
    "stays_mapped_to_stage": N_("{source}: {rest} of the stays are in statuses of no stage; their time stands under “other” and in no stage."),
    "stages_reached_by_epics": N_("{source}: {rest} of the stages were reached by no epic; they have no time to market (see their statuses in stages.yml)."),
    "feedback_with_feature": N_("{source}: {rest} of the feedback is on no feature of the registry; it is in the total and in the number of no feature."),
    "feedback_with_account": N_("{source}: {rest} of the feedback is of no known account; it counts for its feature and for no customer."),
}  # fmt: skip


def effect(say: Language, check: str, source: str, rest: str) -> str:
    """What it means that a share `rest` of the records of a source is left out, in one sentence."""
    return say.text(EFFECTS[check], source=source, rest=rest)


def detail(say: Language, check: str, subject: str, stages: Mapping[str, str]) -> str:
    """What tells a row from others of its sentence, in words; empty where the sentence says all.

    `stages`: what the organisation calls its stages. What tools and people call their things is told as it is; a connector's
    sentence is marked where it stays English.
    """
    parts = []
    if found := _BY_REASON.fullmatch(check):
        reason = found["reason"] or found["setting"]
        parts.append(say.text(REASONS.get(reason, reason.replace("_", " "))))
    elif found := _OF_FIELD.fullmatch(check):
        parts.append(found["field"])
    records, colon, rest = subject.partition(": ")
    if colon and check in _TOLD_BY_CONNECTORS:
        return Markup("{}{}{}").format(records, say.colon, say.said(plain_lines(rest)))
    if colon:
        parts.append(rest)
    elif check in _OF_MEMBERS:
        parts.append(stages.get(subject, subject))
    elif _OF_FIELD.fullmatch(check):
        parts.insert(0, records)
    return ", ".join(parts)
