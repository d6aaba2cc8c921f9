"""What sources.yml may say of each tool, found by values that tools share and by what the values are; with the evidence."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors import connector_class, vendor_of
from connectors.nearest import plain_letters
from connectors.registry.mapping import SupportNames
from connectors.storage import literal
from pops.onboarding.company_facts import company_facts
from pops.onboarding.names import deal_kinds
from pops.onboarding.raw import Held
from pops.onboarding.settings_found import MOST_CANDIDATES, Setting
from pops.onboarding.writing import scalar

# Of the values of a property so many must be found in another tool.
ENOUGH = 0.5
FEWEST = 3
_ID = r"(^|[^a-z])(id|ids|key|code|nr|ref|uuid|account|workspace|tenant|compte|client|customer|company|org|organization)([^a-z]|$)"
_OF_EVENTS = ("group", "user_property", "event_property")
_SPAM = r"spam|junk|phish|indesirable|mull\b|smiec|basura|lixo"
_MERGED = r"merge|fusion|duplica|doublon|zusammengef|polacz|scalon"
_RENEWAL = r"renew|renouv|reconduction|verlanger|renov|odnowien|更新"
_FIRST_DEAL = r"\bnew|nouve|\bneu|nuev|\bnov|nowy|新規"
_POINTS = r"point|estimat|charge|complexit|aufwand|effort"


def prepare_overlaps(held: Held) -> None:
    """A table `shared_values`, after `prepare_values`: which values of a field of events, desk or CRM are ids in the CRM or desk.

    An id is a field of companies or people that hardly any two of them share. `matched` of `total` distinct values.
    """
    held.connection.execute(f"set variable id = {literal(_ID)}")
    held.connection.execute(
        """
        create temp table ids as
        with fields as (
            select source, place, name, value, records from field_values
            where place = 'companies' or (place = 'people' and lower(name) <> 'email')
            union all
            select source, 'people', 'email', lower(trim(email)), count(*) from people where email like '%@%' group by all
        )
        select source, place, name, value, count(*) over (partition by source, place, name) as total from fields
        where (source, place, name) in (
            select (source, place, name) from fields group by source, place, name
            having count(distinct value) >= 3 and count(distinct value) >= 0.8 * sum(records)
        );
        create temp table asked as
        select distinct source, place, name, value from field_values where place <> 'people'
        union select distinct source, 'person', 'user id', lower(trim(person)) from events where person <> ''
        union select distinct source, 'external', 'external id', lower(trim(external_id)) from organizations where external_id <> ''
        """
    )
    # Small numbers are in many fields: only what is called an id is one with them.
    held.connection.execute(
        """
        create temp table shared_values as
        select
            asked.source, asked.place, asked.name, ids.source as id_source, ids.place as id_place, ids.name as id_name,
            count(*) as matched, any_value(totals.total) as total, any_value(ids.total) as id_total
        from asked
        inner join ids using (value)
        inner join (select source, place, name, count(*) as total from asked group by all) as totals
            on (totals.source, totals.place, totals.name) = (asked.source, asked.place, asked.name)
        where asked.source <> ids.source and (
            not regexp_full_match(value, '[0-9.]{1,5}')
            or (regexp_matches(lower(asked.name), getvariable('id')) and regexp_matches(lower(ids.name), getvariable('id')))
        )
        group by all
        """
    )


def source_settings(held: Held) -> Iterator[Setting]:
    """All that was found, by source."""
    families = {source: connector_class(source).family for source in held.sources}
    crms = [source for source, family in families.items() if family == "crm"]
    yield from _accounts_and_users(held, families, crms)
    for source in crms:
        yield from company_facts(held, source, _in_events(held, families, source))
        yield from _renewal_deals(held, source)
    for source, family in families.items():
        if family == "support":
            yield from _tags(held, source)
        if vendor_of(source) == "jira":
            yield from _points(held, source)


def _accounts_and_users(held: Held, families: Mapping[str, str], crms: list[str]) -> Iterator[Setting]:
    named_accounts: dict[str, tuple[int, str, str]] = {}
    named_users: dict[str, tuple[int, str, str]] = {}
    for source, family in families.items():
        if family == "product_analytics":
            if best := _best(held, source, _OF_EVENTS, "companies"):
                yield Setting(
                    source, "account", f"{{{best['place']}: {scalar(best['name'])}}}", _shared(best)
                )
            _keep(named_accounts, [_best(held, source, _OF_EVENTS, "companies", of=crm) for crm in crms])
            own = _best(held, source, ("person",), "people")
            other = _best(held, source, ("user_property", "event_property"), "people", but="email")
            _keep(
                named_users, [_best(held, source, ("person",), "people", but="email", of=crm) for crm in crms]
            )
            if other and not own:
                yield Setting(
                    source, "user", f"{{{other['place']}: {scalar(other['name'])}}}", _shared(other)
                )
                places = ("user_property", "event_property")
                _keep(
                    named_users, [_best(held, source, places, "people", but="email", of=crm) for crm in crms]
                )
            mail = _best(held, source, ("user_property", "event_property"), "people", only="email")
            if mail and (mail["place"], mail["name"]) not in (
                ("user_property", "email"),
                ("user_property", "$email"),
            ):
                yield Setting(source, "email", f"{{{mail['place']}: {scalar(mail['name'])}}}", _shared(mail))
        elif family == "support":
            external = _best(held, source, ("external",), "companies")
            field = _best(held, source, ("organizations",), "companies")
            if field and (not external or field["matched"] > external["matched"]):
                yield Setting(source, "account", scalar(field["name"]), _shared(field))
                _keep(named_accounts, [field])
            elif external:
                _keep(named_accounts, [external])
    for source in crms:
        if source in named_accounts:
            yield Setting(source, "account", scalar(named_accounts[source][1]), named_accounts[source][2])
        if source in named_users:
            yield Setting(source, "user", scalar(named_users[source][1]), named_users[source][2])


def _keep(named: dict[str, tuple[int, str, str]], found: Iterable[Mapping[str, Any] | None]) -> None:
    """Of the fields of each CRM that others name, the one that most values are found in. A desk may hold the same ids."""
    for best in found:
        if best and best["matched"] > named.get(best["id_source"], (0, "", ""))[0]:
            named[best["id_source"]] = (best["matched"], best["id_name"], _shared(best))


def _best(
    held: Held,
    source: str,
    places: tuple[str, ...],
    ids: str,
    *,
    but: str = "",
    only: str = "",
    of: str = "",
) -> dict[str, Any] | None:
    """The field of a source at some places most of whose values are ids of companies or people; None where none has enough.

    `but`, `only`: a field of these that does not count, or alone does; `of`: the one source whose they are.
    """
    listed = ", ".join(f"'{each}'" for each in places)
    found = held.rows(
        f"""
        select place, name, id_source, id_place, id_name, matched, total, id_total from shared_values
        where source = ? and place in ({listed}) and id_place = ? and id_name <> ? and (? = '' or id_name = ?)
            and (? = '' or id_source = ?)
            and matched >= {FEWEST} and matched >= {ENOUGH} * least(total, id_total)
        order by matched desc, matched / least(total, id_total) desc, place = 'group' desc, name, id_name limit 1
        """,
        source, ids, but, only, only, of, of,
    )  # fmt: skip
    keys = ("place", "name", "id_source", "id_place", "id_name", "matched", "total", "id_total")
    return dict(zip(keys, found[0], strict=True)) | {"source": source} if found else None


def _shared(best: Mapping[str, Any]) -> str:
    what = {
        "person": "users of events",
        "external": "external ids of organisations",
    }.get(best["place"], f"values of `{best['name']}`")
    ids = f"`{best['id_name']}` of {best['id_place']} in {best['id_source']}"
    if best["matched"] >= ENOUGH * best["total"]:
        return f"{best['matched']:,} of {best['total']:,} {what} in {best['source']} are {ids}"
    return f"{best['matched']:,} of {best['id_total']:,} {ids} are {what} in {best['source']}"


def _in_events(held: Held, families: Mapping[str, str], crm: str) -> dict[str, Any] | None:
    """Where events name a CRM's companies, as `_best` has it."""
    for source, family in families.items():
        if family == "product_analytics":
            best = _best(held, source, _OF_EVENTS, "companies")
            if best and best["id_source"] == crm:
                return best
    return None


def _renewal_deals(held: Held, source: str) -> Iterator[Setting]:
    """The types of deals that say so; else those that do not say that they win somebody new, to choose from."""
    kinds = deal_kinds(held, source)
    renewing = [each for each in kinds if re.search(_RENEWAL, plain_letters(each))]
    if renewing:
        told = ", ".join(f"`{each}`, {kinds[each]:,} deals" for each in renewing)
        yield Setting(source, "renewal_deals", f"[{', '.join(scalar(each) for each in renewing)}]", told)
        return
    others = [each for each in kinds if not re.search(_FIRST_DEAL, plain_letters(each))]
    for each in others[:MOST_CANDIDATES]:
        told = f"the type of {kinds[each]:,} of {sum(kinds.values()):,} deals that have one"
        yield Setting(source, "renewal_deals", f"[{scalar(each)}]", told, is_candidate=True)


def _tags(held: Held, source: str) -> Iterator[Setting]:
    """Tags of tickets that say spam or merged, beside those that the platform knows."""
    counts = held.counts(
        f"""
        select tag, count(*) from (
            select distinct ticket_id, unnest(cast(tags as varchar[])) as tag from tickets where source = {literal(source)}
        ) group by all order by 2 desc, 1
        """
    )
    usual = SupportNames(id=source)
    for key, known, words in (
        ("spam_tags", usual.spam_tags, _SPAM),
        ("merge_tags", usual.merge_tags, _MERGED),
    ):
        found = [each for each in counts if each not in known and re.search(words, plain_letters(each))]
        if found:
            told = ", ".join(f"`{each}`, {counts[each]:,} tickets" for each in found)
            yield Setting(source, key, f"[{', '.join(scalar(each) for each in [*known, *found])}]", told)


def _points(held: Held, source: str) -> Iterator[Setting]:
    """A custom field of points, where none is of the tracker's own kind."""
    fields = held.rows("select field_id, name, kind from tracker_fields where source = ? order by 1", source)
    if any("story-points" in str(kind) for *_, kind in fields):
        return
    numbers = [(str(each), str(name)) for each, name, kind in fields if str(kind).endswith(":float")]
    called = [each for each in numbers if re.search(_POINTS, plain_letters(each[1]))]
    for field_id, name in called[:1] or numbers[:MOST_CANDIDATES]:
        yield Setting(
            source, "points", f"[{scalar(field_id)}]", f"the numeric field `{name}`", is_candidate=not called
        )
