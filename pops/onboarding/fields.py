"""The properties and fields that records have, by source and place: what sources.yml may name."""

from dataclasses import dataclass

from pops.onboarding.raw import Held

# As many events are looked into; their properties repeat.
MOST_EVENTS = 50_000
_ENTRIES = "unnest(map_entries(try_cast({of} as map(varchar, json)))) as entry"
# A list stands for its first item, an account's name among several.
_TEXT = (
    "coalesce(entry.value->>'$[0]', case when json_type(entry.value) <> 'ARRAY' then entry.value->>'$' end)"
)


@dataclass(frozen=True)
class FieldOf:
    """A field: `place` is group, user_property or event_property for events, else companies, organizations or people."""

    source: str
    place: str
    name: str


def prepare_values(held: Held) -> None:
    """A table `field_values`: source, place, name, value and how many records have it, in small letters without blanks around."""
    events = " union all ".join(
        f"select source, '{place}' as place, {_ENTRIES.format(of=column)} from some_events where {column} is not null"
        for place, column in (
            ("group", "event_groups"),
            ("user_property", "user_properties"),
            ("event_property", "properties"),
        )
    )
    others = " union all ".join(
        f"select source, '{table}' as place, {_ENTRIES.format(of='fields')} from {table} where fields is not null"
        for table in ("companies", "organizations", "people")
    )
    held.connection.execute(
        f"create temp table some_events as select * from events using sample reservoir({MOST_EVENTS} rows) repeatable (1)"
    )
    held.connection.execute(
        f"""
        create temp table field_values as
        select source, place, entry.key as name, lower(trim({_TEXT})) as value, count(*) as records
        from ({events} union all {others})
        where entry.value is not null and json_type(entry.value) not in ('OBJECT', 'NULL')
        group by all having value <> ''
        """
    )


def field_counts(held: Held, source: str, *places: str) -> dict[str, int]:
    """The fields of a source at some places, each with how many records have a value there."""
    listed = ", ".join(f"'{each}'" for each in places)
    return held.counts(
        f"""
        select name, sum(records) from field_values where source = '{source}' and place in ({listed})
        group by all order by 2 desc, 1
        """
    )
