"""What fields of a CRM's companies are: plan, segment, revenue, test and churn, by their values and by their names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.nearest import plain_letters
from connectors.registry.money import CODES
from connectors.storage import literal
from pops.onboarding.names import own_domains
from pops.onboarding.raw import Held
from pops.onboarding.settings_found import MOST_CANDIDATES, Setting
from pops.onboarding.writing import scalar

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
_RENEWAL = r"renew|renouvel|verlanger|contract_?end|fin_de_contrat|vertragsende|expir"
_TEST = r"test|demo|internal|interne|sandbox"
_CHURN = r"churn|resili|cancel|kundig|lost|perdu|departed"
_BOUGHT_ELSEWHERE = r"annualrevenue|^annual_revenue$"
# What vendors keep of companies themselves.
_VENDORS_OWN = r"^(hs_|hubspot_|num_|SystemModstamp|CreatedDate|Last[A-Z])|(_id|Id)$"
# Of companies with a date of leaving so many days later nothing is heard; of all companies fewer than this share left.
_AFTERMATH = 7
# Of the days on which contracts renew most are still to come.
_TO_COME = 0.5
_LEFT = 0.6
Field = dict[str, Any]


def company_facts(held: Held, source: str, in_events: Mapping[str, Any] | None) -> Iterator[Setting]:
    """Settings of a CRM's companies, after `prepare_values`.

    `in_events`: where events name a company (`source`, `place`, `name`) and by which of its fields (`id_name`); None where none does.
    """
    fields = _fields(held, source)
    ((companies,),) = held.rows("select count(*) from companies where source = ?", source)
    taken: set[str] = set()
    found = (
        ("plan", _choice(source, "plan", fields, companies, _PLAN, _PLAN_VALUES, _also_in_events(held, source))),
        ("segment", _choice(source, "segment", fields, companies, _SEGMENT, _SEGMENT_VALUES, {})),
        ("revenue", _revenue(held, source, fields, companies)),
        ("test", _test(held, source, fields, companies)),
        ("renews_on", _renews_on(held, source, fields, companies)),
        ("churned_on", _churned_on(held, source, fields, companies, in_events)),
    )  # fmt: skip
    proven = {key: list(each) for key, each in found}
    for settings in proven.values():
        taken |= {each["name"] for each in fields if any(_names(one, each["name"]) for one in settings)}
        yield from settings
    for key, settings in proven.items():
        # A date that is past says nothing of a renewal.
        if not settings and key != "renews_on":
            yield from _candidates(source, key, fields, companies, taken)


def _names(setting: Setting, field: str) -> bool:
    return scalar(field) in re.split(r"[{}:, ]+", setting.value)


def _fields(held: Held, source: str) -> list[Field]:
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
    return [dict(zip(keys, row, strict=True)) for row in rows]


def _candidates(
    source: str, key: str, fields: Iterable[Field], companies: int, taken: set[str]
) -> Iterator[Setting]:
    """The fields that have the shape of what is looked for, an organisation's own first."""
    free = [
        each for each in fields if each["name"] not in taken and not re.search(_VENDORS_OWN, each["name"])
    ]
    likely = [each for each in free if _has_shape(key, each, companies)]
    likely.sort(key=lambda each: (not each["name"].endswith("__c"), -each["records"]))
    for each in likely[:MOST_CANDIDATES]:
        value = scalar(each["name"])
        if key == "revenue":
            value = f"{{property: {value}, period: year}}"
        yield Setting(source, key, value, _told(each, companies), is_candidate=True)


def _has_shape(key: str, field: Field, companies: int) -> bool:
    is_number, is_date, is_truth = (field[each] > 0.5 for each in ("numbers", "dates", "truths"))
    if key == "test":
        return bool(field["truths"] == 1 and field["values"] <= 2)
    if key == "renews_on":
        return bool(field["dates"] == 1 and not is_number)
    if key == "churned_on":
        return bool(field["dates"] == 1 and not is_number and field["records"] < _LEFT * companies)
    if key == "revenue":
        return (
            field["numbers"] == 1
            and field["values"] >= 3
            and not re.search(_BOUGHT_ELSEWHERE, plain_letters(field["name"]))
        )
    return _is_choice(field) and not (is_number or is_date or is_truth or _are_currencies(field))


def _is_choice(field: Field) -> bool:
    return bool(2 <= field["values"] <= 12 and field["values"] < field["records"])


def _are_currencies(field: Field) -> bool:
    return all(each.upper() in CODES for each in field["samples"])


def _told(field: Field, companies: int) -> str:
    samples = ", ".join(f"`{each}`" for each in field["samples"][:6])
    return f"{field['records']:,} of {companies:,} companies: {samples}"


def _also_in_events(held: Held, source: str) -> dict[str, str]:
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
    fields: list[Field],
    companies: int,
    names: str,
    values: str,
    in_events: Mapping[str, str],
) -> Iterator[Setting]:
    """The field of few values that is most likely a plan or a segment."""
    best: tuple[float, Field] | None = None
    for field in fields:
        if not _has_shape(key, field, companies):
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
        more = f"; {in_events[field['name']]}" if field["name"] in in_events else ""
        yield Setting(source, key, scalar(field["name"]), f"{_told(field, companies)}{more}")


def _revenue(held: Held, source: str, fields: list[Field], companies: int) -> Iterator[Setting]:
    best: tuple[float, Field] | None = None
    for field in fields:
        name = plain_letters(field["name"])
        if not _has_shape("revenue", field, companies):
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
    pays_monthly = field["as_paid_monthly"] > max(field["as_paid"], 0.5 * field["values"])
    period = periods[0] if periods else "month" if pays_monthly else "year"
    evidence = f"{field['records']:,} of {companies:,} companies have a number, {field['sum']:,.0f} together"
    if paid := field["as_paid_monthly"] if period == "month" else field["as_paid"]:
        evidence += f"; {paid:,} of {field['values']:,} values{' times 12' if period == 'month' else ''} are amounts of deals"
    currency, told = _currency(held, source, name, fields, field["records"])
    value = f"{{property: {scalar(field['name'])}, period: {period}{currency}}}"
    yield Setting(source, "revenue", value, f"{evidence}{told}")


def _currency(held: Held, source: str, name: str, fields: list[Field], paying: int) -> tuple[str, str]:
    """The currency of a field of that name as a part of YAML, and where it is from; nothing where only the home currency is left."""
    in_name = [part.upper() for part in re.split("[^a-z]+", name) if part.upper() in CODES]
    if in_name:
        return f", currency: {in_name[0]}", f"; its name says {in_name[0]}"
    own = next((each for each in fields if _are_currencies(each) and each["records"] >= 0.5 * paying), None)
    if own is not None:
        codes = ", ".join(each.upper() for each in own["samples"])
        return (
            f", currency_property: {scalar(own['name'])}",
            f"; `{own['name']}` of {own['records']:,} companies says {codes}",
        )
    deals = held.rows(
        "select currency, count(*), sum(count(*)) over () from deals where source = ? and currency <> '' group by 1 order by 2 desc limit 1",
        source,
    )
    if deals and deals[0][0] in CODES and deals[0][1] >= 0.9 * deals[0][2]:
        currency, number, total = deals[0]
        return f", currency: {currency}", f"; {number:,} of {total:,} deals are in {currency}"
    return "", ""


def _test(held: Held, source: str, fields: list[Field], companies: int) -> Iterator[Setting]:
    """The flag whose name says so, else that of just the companies with an address on the web of the organisation's own."""
    flags = [each for each in fields if _has_shape("test", each, companies)]
    for field in flags:
        if re.search(_TEST, plain_letters(field["name"])):
            yield Setting(source, "test", scalar(field["name"]), _told(field, companies))
            return
    domains = list(own_domains(held))
    if not flags or not domains:
        return
    pattern = rf"(^|[/.])({'|'.join(re.escape(each) for each in domains)})(/|$)"
    for field in flags:
        ((own, flagged_own, flagged),) = held.rows(
            f"""
            with told as (
                select company_id, bool_or(entry.key = ? and lower(entry.value->>'$') in ('true', 'yes', '1')) as is_flagged,
                    bool_or(regexp_matches(lower(entry.value->>'$'), ?)) as is_own
                from (select company_id, unnest(map_entries(try_cast(fields as map(varchar, json)))) as entry
                    from companies where source = {literal(source)})
                group by 1
            )
            select count(*) filter (is_own), count(*) filter (is_own and is_flagged), count(*) filter (is_flagged) from told
            """,
            field["name"], pattern,
        )  # fmt: skip
        if own and own == flagged_own == flagged:
            yield Setting(
                source, "test", scalar(field["name"]),
                f"true of {flagged:,} of {companies:,} companies, those of the domain {', '.join(f'`{each}`' for each in domains)}",
            )  # fmt: skip
            return


def _churned_on(
    held: Held, source: str, fields: list[Field], companies: int, in_events: Mapping[str, Any] | None
) -> Iterator[Setting]:
    """The date whose name says so, else that after which those who have one send no events."""
    dates = [each for each in fields if each["dates"] == 1 and each["numbers"] < 1]
    for field in dates:
        if re.search(_CHURN, plain_letters(field["name"])):
            yield Setting(
                source, "churned_on", scalar(field["name"]), f"{field['records']:,} of {companies:,} companies have a date"
            )  # fmt: skip
            return
    dates = [each for each in dates if _has_shape("churned_on", each, companies)]
    if in_events is None or not dates:
        return
    column = {"group": "event_groups", "user_property": "user_properties"}.get(
        in_events["place"], "properties"
    )
    path = literal('$."' + in_events["name"] + '"')
    id_path = literal('$."' + in_events["id_name"] + '"')
    held.connection.execute(
        f"""
        create or replace temp table last_days as
        select companies.company_id, companies.fields, last.day
        from (select *, lower(trim(fields->>{id_path})) as account from companies where source = {literal(source)}) as companies
        inner join (
            select lower(trim(coalesce({column}->{path}->>'$[0]', {column}->>{path}))) as account, max(try_cast(day as date)) as day
            from events where source = {literal(in_events["source"])} group by 1
        ) as last using (account)
        """
    )
    for field in dates:
        left_path = literal('$."' + field["name"] + '"')
        ((left, quiet),) = held.rows(
            f"""
            select count(*), count(*) filter (day <= left_on + interval {_AFTERMATH} day)
            from (select day, try_cast(left(fields->>{left_path}, 10) as date) as left_on from last_days)
            where left_on < (select max(day) from last_days) - interval {_AFTERMATH} day
            """
        )
        if left >= 2 and quiet >= 0.9 * left:
            yield Setting(
                source, "churned_on", scalar(field["name"]),
                f"{field['records']:,} of {companies:,} companies have a date; {quiet:,} of {left:,} with events send none after it",
            )  # fmt: skip
            return


def _renews_on(held: Held, source: str, fields: list[Field], companies: int) -> Iterator[Setting]:
    """The date that is still to come for most who have one, as of the last event, or of now where there is none."""
    found = []
    for field in fields:
        if not _has_shape("renews_on", field, companies):
            continue
        ((total, to_come),) = held.rows(
            """
            select count(*), count(*) filter (try_cast(left(value, 10) as date) > coalesce(
                (select max(try_cast(day as date)) from events), current_date))
            from (select value, unnest(range(records)) from field_values where source = ? and place = 'companies' and name = ?)
            """,
            source, field["name"],
        )  # fmt: skip
        if to_come > _TO_COME * total:
            is_called_so = bool(re.search(_RENEWAL, plain_letters(field["name"])))
            found.append((is_called_so, to_come, field, total))
    if found:
        _, to_come, field, total = max(found, key=lambda each: each[:2])
        yield Setting(
            source, "renews_on", scalar(field["name"]),
            f"{total:,} of {companies:,} companies have a date, {to_come:,} of them still to come",
        )  # fmt: skip
