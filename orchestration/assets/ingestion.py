"""Vendor streams and raw tables as Dagster assets: one step a source, one asset a stream."""

import os
from collections.abc import Iterator

import dagster as dg

from checks.words import NOT_READ_CONSEQUENCE, arrived_remedy
from connectors import connector_class, vendor_of
from connectors.contract import Connector, Stream
from connectors.instances import sources_of
from connectors.raw_facts import StreamFacts, stream_facts
from connectors.runner import SourceRun, run_source
from connectors.settings import load_settings
from orchestration.check_words import CheckWords
from orchestration.keys import ARRIVED, FRESH, UNCHANGED
from orchestration.readiness import ready_night
from settings.families import FAMILIES, family_tags
from settings.home import Home
from settings.owners import owner_of

_DELETES = {
    "flag": "a deleted record is marked by the vendor",
    "archived_pass": "a deleted record is found in the vendor's archive",
    "vanish": "a deleted record is one that the vendor no longer lists",
    "none": "the vendor does not tell of deletions",
}


def vendor_assets() -> list[dg.AssetSpec]:
    """What the vendors hold: the first link of the lineage, never materialised here."""
    return [
        dg.AssetSpec(
            ["vendor", source, stream.name],
            group_name=f"vendor_{source}",
            owners=[owner_of(source)],
            kinds={str(vendor_of(source)) if source != "registry" else "yaml"},
            description=(
                f"{stream.holds.en}. This is `{stream.name}` in {kind.title} itself "
                f"({FAMILIES[kind.family]}): read there every night, never written."
            ),
            tags=family_tags([kind.family]),
            metadata=_links(kind),
        )
        for source in sources_of()
        for kind in [connector_class(source)]
        for stream in kind.streams
    ]


def _links(kind: type[Connector]) -> dict[str, dg.MetadataValue]:
    return {"vendor": dg.MetadataValue.url(kind.console)} if kind.console else {}


def ingestion_assets() -> list[dg.AssetsDefinition]:
    return [_ingestion_of(source) for source in sources_of()]


def raw_description(source: str, stream: Stream) -> str:
    """What the raw table holds, what of it is personal, and how it is read, as Markdown."""
    personal = ", ".join(f"`{path}`" for path in stream.personal_data) or "none known"
    return (
        f"{stream.holds.en}. Kept exactly as {connector_class(source).title} sent it, every version that was ever "
        f"seen; nothing is changed or deleted here but for who is forgotten (`pops forget`).\n\n"
        f"**Personal data:** {personal}; it stays in raw and staging.\n\n"
        f"**How it is read:** key {stream.key}; version {stream.version}; "
        f"{f'position {stream.cursor}' if stream.cursor else 'read whole by every run'}; "
        f"{_DELETES[stream.deletes]}."
    )


def _words(source: str) -> CheckWords:
    return CheckWords(
        "The stream was read to the night's end, and every record fetched is in raw, a duplicate, or in quarantine.",
        owner_of(source),
        arrived_remedy(source),
        False,
        f"{NOT_READ_CONSEQUENCE} {connector_class(source).unread.en}",
    )


def _ingestion_of(source: str) -> dg.AssetsDefinition:
    kind = connector_class(source)
    owner = owner_of(source)
    specs = [
        dg.AssetSpec(
            ["raw", source, stream.name],
            deps=[["vendor", source, stream.name]],
            group_name=f"raw_{source}",
            owners=[owner],
            kinds={"dlt", "duckdb"},
            description=raw_description(source, stream),
            tags=family_tags([kind.family]),
            metadata={
                "dagster/table_name": f"raw_{source}.{stream.name}",
                "personal_data": ", ".join(stream.personal_data),
                **_links(kind),
            },
            freshness_policy=FRESH,
        )
        for stream in kind.streams
    ]
    checks = [_words(source).spec(ARRIVED, spec.key) for spec in specs]

    @dg.multi_asset(specs=specs, check_specs=checks, name=f"ingest_{source}", pool=f"source_{source}")
    def ingest(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        night, home = ready_night(context), Home.from_environment().root
        run = run_source(
            source, home, until=night.until, history_start=night.history_start, progress=context.log.info
        )
        facts = stream_facts(home, source, tuple(stream.name for stream in kind.streams))
        yield from _results(context, run, {spec.key.path[-1]: spec.key for spec in specs}, facts)

    return ingest


def _results(
    context: dg.AssetExecutionContext,
    run: SourceRun,
    keys: dict[str, dg.AssetKey],
    facts: dict[str, StreamFacts],
) -> Iterator[dg.MaterializeResult[None]]:
    """A stream that was not read is not materialised: it stays as old as it is, its check is red, and the night goes on.

    The check of one that was read but for parts that the vendor refused is red too, and names them.
    """
    done = {stream.stream: stream for stream in run.streams}
    place = _place(run)
    for name, key in keys.items():
        stream = done.get(name)
        reason = run.error if stream is None else stream.error
        if stream is not None and stream.outcome == "paused":
            reason = stream.reason
        is_read = run.outcome == "off" or (stream is not None and reason is None)
        if is_read and stream is not None and stream.left_out:
            reason = f"Left out: {', '.join(stream.left_out)}. {' '.join(stream.left_out.values())}"
        outcome = (
            "failed" if stream is None and not is_read else run.outcome if stream is None else stream.outcome
        )
        found: dict[str, dg.MetadataValue | str | int | float | None] = {"outcome": outcome}
        if name in facts:
            found["dagster/row_count"] = facts[name].rows
            if last_good := facts[name].last_good:
                found["last_good_reading"] = dg.MetadataValue.timestamp(last_good)
        if stream is not None:
            found |= {
                "windows": stream.windows,
                "fetched": stream.fetched,
                "loaded": stream.loaded,
                "duplicates": stream.duplicates,
                "quarantined": stream.quarantined,
                "mended": stream.mended,
                "left_out": len(stream.left_out),
                "vendor_count": stream.vendor_count,
                "seconds": round(stream.seconds, 2),
                **place,
            }
        is_unchanged = not is_read or run.outcome == "off"
        if not is_read:
            context.log_event(
                dg.AssetObservation(key, description=f"Not read this night: {reason}", metadata=found)
            )
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={UNCHANGED: True} if is_unchanged else found,
            check_results=[
                _words(run.source).result(
                    ARRIVED, key, is_read and reason is None, reason, found, is_red=True
                )
            ],
        )


def _place(run: SourceRun) -> dict[str, dg.MetadataValue]:
    if run.outcome == "off":
        return {}
    settings = load_settings(run.source, connector_class(run.source).Settings, os.environ)
    if settings is None:
        return {}
    is_web = settings.place.startswith("http")
    return {
        "read_from": dg.MetadataValue.url(settings.place) if is_web else dg.MetadataValue.path(settings.place)
    }
