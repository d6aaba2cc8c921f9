"""What sources.yml may say of each tool, found by values that tools share and by what the values are; with the evidence."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors import connector_class, vendor_of
from connectors.registry.money import CODES
from connectors.storage import literal
from pops.onboarding.names import plain_letters
from pops.onboarding.raw import Held
from pops.onboarding.writing import scalar

# Of the values of a property so many must be found in another tool.
ENOUGH = 0.5
FEWEST = 3
_ID = r"(^|[^a-z])(id|ids|key|code|nr|ref|uuid|account|workspace|tenant|compte|client|customer|company|org|organization)([^a-z]|$)"
_PLAN = r"plan|offre|formule|tarif|tier|package|abonnement|subscription|edition|licen[sc]e|paket"
_PLAN_VALUES = (
    r"free|gratuit|trial|essai|starter|basic|standard|pro\b|premium|business|team|enterprise|entreprise"
)
_SEGMENT = r"segment|size|taille|grosse|tier|category|categorie"
_SEGMENT_VALUES = r"smb|small|mid|enterprise|pme|eti|tpe|grand compte|large|kmu|corporate|startup"
_REVENUE = r"\b(arr|mrr|acv|tcv)\b|revenue|recurring|recurrent|chiffre|umsatz|subscription_amount|montant"
_PERIODS = {
    "month": r"mrr|month|mensuel|monat",
    "quarter": r"quarter|trimest|quartal",
    "year": r"arr|annual|annuel|year|jahr",
}
_TEST = r"test|demo|internal|interne|sandbox"
_CHURN = r"churn|resili|cancel|kundig|lost|perdu|departed"
_BOUGHT_ELSEWHERE = r"annualrevenue|^annual_revenue$"
_POINTS = r"point|estimat|charge|complexit|aufwand|effort"


@dataclass(frozen=True)
class Setting:
    """A setting of a source's entry, as YAML, and the sentence that proves it."""

    source: str
    key: str
    value: str
    evidence: str


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
        yield from _company_facts(held, source)
    for source in held.sources:
        if vendor_of(source) == "jira":
            yield from _points(held, source)


def _accounts_and_users(held: Held, families: Mapping[str, str], crms: list[str]) -> Iterator[Setting]:
    named_accounts: dict[str, tuple[int, str, str]] = {}
    named_users: dict[str, tuple[int, str, str]] = {}
    for source, family in families.items():
        if family == "product_analytics":
            if best := _best(held, source, ("group", "user_property", "event_property"), "companies"):
                yield Setting(
                    source, "account", f"{{{best['place']}: {scalar(best['name'])}}}", _shared(best)
                )
                _keep(named_accounts, best)
            own = _best(held, source, ("person",), "people")
            other = _best(held, source, ("user_property", "event_property"), "people", but="email")
            if own and own["id_name"] != "email":
                _keep(named_users, own)
            elif other and not own:
                yield Setting(
                    source, "user", f"{{{other['place']}: {scalar(other['name'])}}}", _shared(other)
                )
                _keep(named_users, other)
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
                _keep(named_accounts, field)
            elif external:
                _keep(named_accounts, external)
    for source in crms:
        if source in named_accounts:
            yield Setting(source, "account", scalar(named_accounts[source][1]), named_accounts[source][2])
        if source in named_users:
            yield Setting(source, "user", scalar(named_users[source][1]), named_users[source][2])


def _keep(named: dict[str, tuple[int, str, str]], best: Mapping[str, Any]) -> None:
    """Of the fields of a CRM that others name, the one that most values are found in."""
    if best["matched"] > named.get(best["id_source"], (0, "", ""))[0]:
        named[best["id_source"]] = (best["matched"], best["id_name"], _shared(best))


def _best(
    held: Held, source: str, places: tuple[str, ...], ids: str, *, but: str = "", only: str = ""
) -> dict[str, Any] | None:
    """The field of a source at some places most of whose values are ids of companies or people; None where none has enough."""
    listed = ", ".join(f"'{each}'" for each in places)
    found = held.rows(
        f"""
        select place, name, id_source, id_place, id_name, matched, total, id_total from shared_values
        where source = ? and place in ({listed}) and id_place = ? and id_name <> ? and (? = '' or id_name = ?)
            and matched >= {FEWEST} and matched >= {ENOUGH} * least(total, id_total)
        order by matched desc, matched / least(total, id_total) desc, place = 'group' desc, name, id_name limit 1
        """,
        source, ids, but, only, only,
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


def _company_facts(held: Held, source: str) -> Iterator[Setting]:
    """What fields of companies are, by their names and by their values."""
    rows = held.rows(
        """
        select name, sum(records), count(*), list(value order by records desc)[:12],
            sum(case when try_cast(value as double) is not null then records else 0 end) / sum(records),
            sum(case when try_cast(left(value, 10) as date) is not null then records else 0 end) / sum(records),
            sum(case when value in ('true', 'false', 'yes', 'no', '0', '1', 'oui', 'non') then records else 0 end) / sum(records),
            sum(coalesce(try_cast(value as double), 0) * records),
            (select count(distinct value) from field_values as paid where paid.source = fields.source and paid.place = 'companies'
                and paid.name = fields.name and try_cast(paid.value as double) > 0 and try_cast(paid.value as double) in
                (select try_cast(amount as double) from deals)),
            (select count(distinct value) from field_values as paid where paid.source = fields.source and paid.place = 'companies'
                and paid.name = fields.name and try_cast(paid.value as double) > 0 and try_cast(paid.value as double) * 12 in
                (select try_cast(amount as double) from deals))
        from field_values as fields where source = ? and place = 'companies' group by source, name order by 2 desc, 1
        """,
        source,
    )
    keys = ("name", "records", "values", "samples", "numbers", "dates", "truths", "sum", "as_paid", "as_paid_monthly")  # fmt: skip
    fields = [dict(zip(keys, row, strict=True)) for row in rows]
    ((companies,),) = held.rows("select count(*) from companies where source = ?", source)
    used = _in_events(held, source)
    yield from _choice(source, "plan", fields, companies, _PLAN, _PLAN_VALUES, used)
    yield from _choice(source, "segment", fields, companies, _SEGMENT, _SEGMENT_VALUES, {})
    yield from _revenue(held, source, fields, companies)
    for field in fields:
        if field["truths"] == 1 and re.search(_TEST, plain_letters(field["name"])):
            told = ", ".join(f"`{each}`" for each in field["samples"])
            yield Setting(
                source,
                "test",
                scalar(field["name"]),
                f"{field['records']:,} of {companies:,} companies: {told}",
            )
            break
    for field in fields:
        if field["dates"] == 1 and re.search(_CHURN, plain_letters(field["name"])):
            yield Setting(
                source, "churned_on", scalar(field["name"]), f"{field['records']:,} of {companies:,} companies have a date"
            )  # fmt: skip
            break


def _in_events(held: Held, source: str) -> dict[str, str]:
    """By field of companies with few values, the evidence that a property of events has the same ones."""
    rows = held.rows(
        """
        select fields.name, props.source, props.name, count(distinct props.value)
        from field_values as fields
        inner join field_values as props
            on fields.value = props.value and props.place in ('group', 'user_property', 'event_property')
        where fields.source = ? and fields.place = 'companies' and try_cast(fields.value as double) is null
            and fields.value not in ('true', 'false')
        group by all having count(distinct props.value) >= 2 order by 4, 3
        """,
        source,
    )
    return {
        name: f"{number} of the values are also those of `{prop}` in {other}"
        for name, other, prop, number in rows
    }


def _choice(
    source: str,
    key: str,
    fields: list[dict[str, Any]],
    companies: int,
    names: str,
    values: str,
    in_events: Mapping[str, str],
) -> Iterator[Setting]:
    """The field of few values that is most likely a plan or a segment."""
    best: tuple[float, dict[str, Any]] | None = None
    for field in fields:
        few = 2 <= field["values"] <= 12 and field["values"] < field["records"]
        if not few or field["numbers"] > 0.5 or field["dates"] > 0.5 or field["truths"] > 0.5:
            continue
        likely = [each for each in field["samples"] if re.search(values, plain_letters(each))]
        score = (
            2 * bool(re.search(names, plain_letters(field["name"])))
            + 2 * len(likely) / len(field["samples"])
            + (field["name"] in in_events)
            + field["records"] / max(companies, 1)
        )
        if score >= 2 and (best is None or score > best[0]):
            best = score, field
    if best is not None:
        field = best[1]
        told = ", ".join(f"`{each}`" for each in field["samples"][:6])
        more = f"; {in_events[field['name']]}" if field["name"] in in_events else ""
        yield Setting(
            source,
            key,
            scalar(field["name"]),
            f"{field['records']:,} of {companies:,} companies: {told}{more}",
        )


def _revenue(held: Held, source: str, fields: list[dict[str, Any]], companies: int) -> Iterator[Setting]:
    best: tuple[float, dict[str, Any]] | None = None
    for field in fields:
        name = plain_letters(field["name"])
        if field["numbers"] < 1 or field["values"] < 3 or re.search(_BOUGHT_ELSEWHERE, name):
            continue
        paid = max(field["as_paid"], field["as_paid_monthly"]) / field["values"]
        score = 2 * bool(re.search(_REVENUE, re.sub("[^a-z]+", " ", name))) + 2 * paid
        if score >= 2 and (best is None or score > best[0]):
            best = score, field
    if best is None:
        return
    field = best[1]
    name = plain_letters(field["name"])
    # A name tells more than amounts that are alike by chance.
    periods = [period for period, pattern in _PERIODS.items() if re.search(pattern, name)]
    pays_monthly = field["as_paid_monthly"] > max(field["as_paid"], ENOUGH * field["values"])
    period = periods[0] if periods else "month" if pays_monthly else "year"
    evidence = f"{field['records']:,} of {companies:,} companies have a number, {field['sum']:,.0f} together"
    if paid := field["as_paid_monthly"] if period == "month" else field["as_paid"]:
        evidence += f"; {paid:,} of {field['values']:,} values{' times 12' if period == 'month' else ''} are amounts of deals"
    currency, told = _currency(held, source, name)
    value = f"{{property: {scalar(field['name'])}, period: {period}{currency}}}"
    yield Setting(source, "revenue", value, f"{evidence}{told}")


def _currency(held: Held, source: str, name: str) -> tuple[str, str]:
    """The currency of a field of that name as a part of YAML, and where it is from; nothing where only the home currency is left."""
    in_name = [part.upper() for part in re.split("[^a-z]+", name) if part.upper() in CODES]
    if in_name:
        return f", currency: {in_name[0]}", f"; its name says {in_name[0]}"
    deals = held.rows(
        "select currency, count(*), sum(count(*)) over () from deals where source = ? and currency <> '' group by 1 order by 2 desc limit 1",
        source,
    )
    if deals and deals[0][0] in CODES and deals[0][1] >= 0.9 * deals[0][2]:
        currency, number, total = deals[0]
        return f", currency: {currency}", f"; {number:,} of {total:,} deals are in {currency}"
    return "", ""


def _points(held: Held, source: str) -> Iterator[Setting]:
    """A custom field of points, where none is of the tracker's own kind."""
    fields = held.rows("select field_id, name, kind from tracker_fields where source = ? order by 1", source)
    if any("story-points" in str(kind) for *_, kind in fields):
        return
    for field_id, name, kind in fields:
        if str(kind).endswith(":float") and re.search(_POINTS, plain_letters(name)):
            yield Setting(source, "points", f"[{scalar(field_id)}]", f"the numeric field `{name}`")
            return
