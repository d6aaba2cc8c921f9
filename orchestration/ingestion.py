"""Vendor streams and raw tables as Dagster assets: one step a source, one asset a stream."""

from collections.abc import Iterator

import dagster as dg

from connectors import SOURCES, connector_class
from connectors.registry.source import load_registry, registry_dir
from connectors.runner import SourceRun, run_source
from orchestration.home import Home
from orchestration.night import Night
from orchestration.ownership import owner_of

ARRIVED = "arrived"
_STALE = "The stream was not read; the numbers made of it are as old as its last good reading."


def vendor_assets() -> list[dg.AssetSpec]:
    """What the vendors hold: the first link of the lineage, never materialised here."""
    return [
        dg.AssetSpec(
            ["vendor", source, stream.name],
            group_name=f"vendor_{source}",
            owners=[owner_of(source)],
            kinds={source if source != "registry" else "yaml"},
            description=f"`{stream.name}` as {source} holds them.",
        )
        for source in SOURCES
        for stream in connector_class(source).streams
    ]


def ingestion_assets() -> list[dg.AssetsDefinition]:
    return [_ingestion_of(source) for source in SOURCES]


def _ingestion_of(source: str) -> dg.AssetsDefinition:
    streams = connector_class(source).streams
    owner = owner_of(source)
    specs = [
        dg.AssetSpec(
            ["raw", source, stream.name],
            deps=[["vendor", source, stream.name]],
            group_name=f"raw_{source}",
            owners=[owner],
            kinds={"dlt", "duckdb"},
            description=(
                f"`{stream.name}` of {source} as sent: one row per record and content, insert-only. "
                f"Key: {stream.key}. Version: {stream.version}. Cursor: {stream.cursor}."
            ),
            metadata={
                "dagster/table_name": f"raw_{source}.{stream.name}",
                "personal_data": ", ".join(stream.personal_data),
            },
        )
        for stream in streams
    ]
    checks = [
        dg.AssetCheckSpec(
            ARRIVED,
            asset=spec.key,
            description=(
                "The stream was read to the night's end and every record fetched is in raw, a duplicate, or in quarantine. "
                "When it fails, the night goes on with the last good data."
            ),
            metadata={"owner": owner, "severity": "warn"},
        )
        for spec in specs
    ]

    @dg.multi_asset(specs=specs, check_specs=checks, name=f"ingest_{source}", pool=f"source_{source}")
    def ingest(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        # A registry that cannot be read stops every source, before the first request of any.
        load_registry(registry_dir())
        night = Night.of_run(context)
        run = run_source(
            source,
            Home.from_environment().root,
            until=night.until,
            history_start=night.history_start,
            progress=context.log.info,
        )
        yield from _results(run, {spec.key.path[-1]: spec.key for spec in specs})

    return ingest


def _results(run: SourceRun, keys: dict[str, dg.AssetKey]) -> Iterator[dg.MaterializeResult[None]]:
    """A stream that failed is still there with its last good rows: downstream goes on, its check is red."""
    done = {stream.stream: stream for stream in run.streams}
    for name, key in keys.items():
        stream = done.get(name)
        reason = run.error if stream is None else stream.error
        if stream is not None and stream.outcome == "paused":
            reason = stream.reason
        passed = run.outcome == "off" or (stream is not None and reason is None)
        outcome = (
            "failed" if stream is None and not passed else run.outcome if stream is None else stream.outcome
        )
        metadata: dict[str, str | int | float | None] = {"outcome": outcome}
        if stream is not None:
            metadata |= {
                "windows": stream.windows,
                "fetched": stream.fetched,
                "loaded": stream.loaded,
                "duplicates": stream.duplicates,
                "quarantined": stream.quarantined,
                "vendor_count": stream.vendor_count,
                "seconds": round(stream.seconds, 2),
            }
        if not passed:
            metadata |= {"owner": owner_of(run.source), "meaning": _STALE, "observed": reason}
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=metadata,
            check_results=[
                dg.AssetCheckResult(
                    check_name=ARRIVED,
                    asset_key=key,
                    passed=passed,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=metadata,
                )
            ],
        )
