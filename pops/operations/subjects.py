"""Who is meant by an address or an id: all the other names that the tools know the same person or account by.

The warehouse's identity says which ids are one person's. It knows addresses and the product's ids as hashes only; what they
stand for is found in raw, where the streams declare which paths identify.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb

from connectors import SOURCES, connector_class
from connectors.contract import Stream
from connectors.forgetting import as_name, texts_at, typed
from connectors.forgotten import PSEUDONYM_KEY
from connectors.instances import held_sources, instance_and_id
from connectors.storage import literal, open_duckdb, quoted
from orchestration.rebuilding import IDENTITY_TABLES, identity_tables
from settings.home import Home

UNKNOWN = "(unknown)"
_ROUNDS = 5
_NOBODY_KNOWN = "Nothing is built that says who is who: run `pops nightly`, and ask again."


@dataclass
class Subject:
    """`texts`: addresses and ids that name it in every tool. `names`: as it is called in texts. `records`: its records, as
    `connectors.forgetting.typed` writes them. `built`: its ids above raw.
    """

    kind: str
    texts: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    built: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)

    @property
    def all_names(self) -> set[str]:
        return self.texts | self.names | self.records

    @property
    def needles(self) -> set[str]:
        """Plain texts of which each record that names it holds one."""
        return self.texts | self.names | {each.split(":", 2)[2] for each in self.records}

    @property
    def shown(self) -> set[str]:
        """Texts by which what was built, published or logged names it."""
        told = {f"{source}:{_one(stream)}:{key}" for source, stream, key in map(_parts, self.records)}
        long_names = {each for each in self.names if " " in each}
        return (
            {each for each in self.texts if not each.startswith("@")}
            | long_names
            | self.built
            | told
            | self.hashes
        )


def person(home: Home, value: str, env: Mapping[str, str] = os.environ) -> Subject:
    """Who has an address or an id. Raises ValueError when it is an id of several people, and for records of which no night
    has told whose they are."""
    found = Subject("person")
    hashes = {_hash(value, env), _hash(value.strip().lower(), env)}
    # By an address alone most of what is somebody's would stay.
    if home.warehouse.exists() or any((home.root / "raw").glob("*.duckdb")):
        with _identity(home) as built:
            people = _people(built, value, hashes)
            if len(people) > 1 and "@" not in value:
                raise ValueError(
                    f"{len(people)} people have the id {value}: say whose it is, such as hubspot:contact:{value}."
                )
            _add_people(built, people, found)
    if not value.isdigit() and ":" not in value:
        found.texts.add(value.strip())
    found.hashes |= hashes
    _name_in_raw(home, found, env)
    return found


def account(home: Home, value: str, env: Mapping[str, str] = os.environ) -> Subject:
    """The account of an id, of the product's or a tool's, or of a domain, with the people who are of no other.

    Raises ValueError where nothing is known of it, and where no night has told who is who.
    """
    found = Subject("account")
    with _identity(home) as built:
        rows = built.execute(
            "select distinct account_id from int_identity__accounts "
            "where account_id is not null and (account_key in ($value, 'app:' || $value) or account_id = $value) "
            "union select account_id from int_crm__account_domains "
            "where domain = lower($value) and not is_ambiguous",
            {"value": value.strip()},
        ).fetchall()
        if not rows:
            raise ValueError(
                f"No account has the id or domain {value}: mart.dim_account has their names and ids."
            )
        accounts = [each for (each,) in rows]
        found.built |= set(accounts)
        for (key,) in built.execute(
            f"select account_key from int_identity__accounts where account_id in {_listed(accounts)}"
        ).fetchall():
            _add_key(found, key)
        domains = built.execute(
            f"select domain from int_crm__account_domains where account_id in {_listed(accounts)} and not is_ambiguous"
        ).fetchall()
        found.texts |= {f"{at}{domain}" for (domain,) in domains for at in ("", "@")}
        found.records |= set(_records_of(built, accounts))
        people = built.execute(
            f"select person_id from dim_person where account_id in {_listed(accounts)}"
        ).fetchall()
        _add_people(built, {each for (each,) in people}, found)
    _name_in_raw(home, found, env)
    return found


@contextmanager
def _identity(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Who is who by the last night, each table as a view of its name. Raises ValueError where no night has told."""
    if not home.warehouse.exists():
        raise ValueError(_NOBODY_KNOWN)
    with open_duckdb(home.warehouse, read_only=True) as built:
        tables = dict(identity_tables(built))
        if not set(IDENTITY_TABLES) <= tables.keys():
            raise ValueError(_NOBODY_KNOWN)
        for table, place in tables.items():
            built.execute(f"create temp view {table} as select * from {place}")
        yield built


def _people(built: duckdb.DuckDBPyConnection, value: str, hashes: set[str]) -> set[str]:
    rows = built.execute(
        f"""
        select person_id from int_identity__person_keys
        where identity_key in {_listed([value, *hashes])} or person_id = $value
            or source || ':' || identity_type || ':' || identity_key = $value
        union select person_id from int_identity__person_emails
        where email_hash in {_listed(hashes)} and person_id is not null
        union select keys.person_id from int_crm__contact_emails as addresses
        inner join int_identity__person_keys as keys
            on addresses.contact_key = keys.source || ':' || keys.identity_type || ':' || keys.identity_key
        where addresses.email_hash in {_listed(hashes)}
        """,
        {"value": value.strip()},
    ).fetchall()
    return {each for (each,) in rows}


def _add_people(built: duckdb.DuckDBPyConnection, people: set[str], found: Subject) -> None:
    found.built |= people
    if not people:
        return
    keys = built.execute(
        f"select source, identity_type, identity_key from int_identity__person_keys where person_id in {_listed(people)}"
    ).fetchall()
    contacts = [f"{source}:{kind}:{key}" for source, kind, key in keys]
    for (source, _, key), contact in zip(keys, contacts, strict=True):
        if source == "app":
            found.hashes.add(key)
        else:
            _add_key(found, contact)
    users = [key for source, kind, key in keys if source == "app" and kind == "user"]
    for (each,) in built.execute(
        f"select email_hash from int_identity__user_emails where user_hash in {_listed(users)} "
        f"union select email_hash from int_crm__contact_emails where contact_key in {_listed(contacts)} "
        f"union select email_hash from int_support__source_requesters where requester_key in {_listed(contacts)}"
    ).fetchall():
        if each is not None:
            found.hashes.add(each)


def _add_key(found: Subject, key: str) -> None:
    source, kind, rest = (*key.split(":", 2), "", "")[:3]
    if source == "app" and kind and not rest:
        found.texts.add(kind)
    elif (stream := _stream_of(source, kind)) is not None:
        found.records.add(_typed(source, stream, rest))


def _records_of(built: duckdb.DuckDBPyConnection, accounts: list[str]) -> Iterator[str]:
    """Tickets, deals, feedback: what a table of facts says to be of an account."""
    tables = built.execute(
        "select table_name, list(column_name) from duckdb_columns() "
        "where schema_name = 'main' and starts_with(table_name, 'fct_') group by 1"
    ).fetchall()
    for table, columns in tables:
        own = f"{table.rsplit('_', 1)[-1]}_id"
        if not {own, "account_id"} <= set(columns):
            continue
        for (key,) in built.execute(
            f"select distinct {quoted(own)} from {quoted(table)} where account_id in {_listed(accounts)}"
        ).fetchall():
            source, kind, rest = (*str(key).split(":", 2), "", "")[:3]
            if (stream := _stream_of(source, kind)) is not None:
                yield _typed(source, stream, rest)


def _name_in_raw(home: Home, found: Subject, env: Mapping[str, str]) -> None:
    """Add what the hashes stand for, and the addresses and names of the records that are the subject's own."""
    for source in held_sources(home.root, env):
        for stream, raw in _streams(home, source):
            found.texts |= set(_unhashed(raw, source, stream, found.hashes, env))
    for _ in range(_ROUNDS):
        known = len(found.texts) + len(found.records)
        for source in held_sources(home.root, env):
            for stream, raw in _streams(home, source):
                if stream.subject:
                    _add_own_records(raw, source, stream, found)
        if known == len(found.texts) + len(found.records):
            return


def _streams(home: Home, source: str) -> Iterator[tuple[Stream, duckdb.DuckDBPyConnection]]:
    file = home.root / "raw" / f"{source}.duckdb"
    if not file.exists():
        return
    with open_duckdb(file, read_only=True) as raw:
        there = raw.execute("select table_name from information_schema.tables").fetchall()
        for stream in connector_class(source).streams:
            if (stream.name,) in there:
                yield stream, raw


def _unhashed(
    raw: duckdb.DuckDBPyConnection, source: str, stream: Stream, hashes: set[str], env: Mapping[str, str]
) -> Iterator[str]:
    if not hashes:
        return
    for path in stream.identifies:
        steps = "".join(_json_step(part) for part in path.split("."))
        value = f"json_extract_string(record, '${steps}')"
        if "[*]" in steps or ".*" in steps:
            value = f"unnest({value})"
        hashed = " or ".join(
            f"left(sha256($key || '|' || {form}), 32) in {_listed(hashes)}"
            for form in ("value", "lower(trim(value))", "replace(value, '$device:', '')")
        )
        rows = raw.execute(
            f"select value from (select distinct {value} as value from raw_{source}.{quoted(stream.name)}) where {hashed}",
            {"key": env.get(PSEUDONYM_KEY, "")},
        ).fetchall()
        yield from (each for (each,) in rows)


def _json_step(part: str) -> str:
    name = part.removesuffix("[]")
    return (".*" if name == "*" else f'."{name}"') + ("[*]" if part.endswith("[]") else "")


def _add_own_records(raw: duckdb.DuckDBPyConnection, source: str, stream: Stream, found: Subject) -> None:
    own = [each.split(":", 2)[2] for each in found.records if each.startswith(f"{source}:{stream.name}:")]
    known = {each.lower() for each in found.texts}
    emails = " or ".join(f"contains(lower(record), {literal(each)})" for each in sorted(known)) or "false"
    rows = raw.execute(
        f"select distinct record_id, record from raw_{source}.{quoted(stream.name)} where record_id in {_listed(own)} or {emails}"
    ).fetchall()
    for record_id, text in rows:
        try:
            record = json.loads(text)
        except ValueError:
            continue
        named = {each for path in stream.identifies for each in texts_at(record, path)}
        is_own = record_id in own or any(
            each.lower() in known or (found.kind == "account" and each[each.rfind("@") :].lower() in known)
            for each in named
        )
        if not is_own:
            continue
        found.records.add(typed(source, stream.name, record_id))
        if stream.subject == "person" or found.kind == "account":
            found.texts |= {each for each in named if "@" in each or stream.subject == "account"}
        found.names |= set(_names(record, stream))


def _names(record: Any, stream: Stream) -> Iterator[str]:
    """How a record's subject is called, by what it declares as personal."""
    parts: dict[str, str] = {}
    for path in stream.personal_data:
        last = path.rsplit(".", 1)[-1].lower().replace("_", "")
        if values := [str(each) for each in _values(record, path)]:
            parts[last] = values[0]
    whole = [parts.get("name", ""), f"{parts.get('firstname', '')} {parts.get('lastname', '')}"]
    for each in whole:
        name = as_name(each)
        if " " in name or (name and stream.subject == "account"):
            yield name
        if stream.subject == "person" and name.count(" ") == 1:
            # Family names stand first in half of the world.
            yield " ".join(reversed(name.split()))


def _values(record: Any, path: str) -> Iterator[str]:
    value = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, str) and value.strip():
        yield value


def _hash(text: str, env: Mapping[str, str]) -> str:
    """As the models hash."""
    return hashlib.sha256(f"{env.get(PSEUDONYM_KEY, '')}|{text}".encode()).hexdigest()[:32]


def _typed(vendor: str, stream: str, key: str) -> str:
    """The record of an id as the models write it, in the source that has it."""
    source, own = instance_and_id(vendor, key)
    return typed(source, stream, own)


def _stream_of(source: str, kind: str) -> str | None:
    """The stream whose records are of a kind, as ids name it: `company` of `companies`."""
    if source not in SOURCES or not kind:
        return None
    names = {each.name for each in connector_class(source).streams}
    return next((each for each in names if _one(each) == kind), None)


def _one(stream: str) -> str:
    return f"{stream[:-3]}y" if stream.endswith("ies") else stream.removesuffix("s")


def _parts(record: str) -> tuple[str, str, str]:
    source, stream, key = record.split(":", 2)
    return source, stream, key


def _listed(values: Iterable[str]) -> str:
    return f"({', '.join([literal(each) for each in sorted(set(values))] or ['null'])})"
