"""Suites on what the sources brought: freshness, and drift of the records' fields."""

from checks.contract import Severity, Suite, between

ERROR, WARN = Severity.ERROR, Severity.WARN


def freshness_query(sources: tuple[str, ...]) -> str:
    """Hours between the night and each source's last successful read; sources never switched on are left out."""
    return "\nunion all\n".join(
        f"select '{source}' as source, date_diff('minute', max(until)::timestamp, $until) / 60.0 as hours_old "
        f"from {source}.raw_{source}._pops_runs where outcome = 'ok' having count(*) > 0"
        for source in sources
    )


def drift_query(source: str, stream: str) -> str:
    """Share of the records that carry each top-level key: newest 2,000 records against 2,000 before them."""
    return f"""
    with newest as (
        select record, extracted_at, record_id from {source}.raw_{source}.{stream} where not is_deleted
        order by extracted_at desc, record_id limit 4000
    ),
    placed as (select record, row_number() over (order by extracted_at desc, record_id) as place from newest),
    keys as (select place <= 2000 as is_recent, unnest(json_keys(record)) as key from placed),
    sizes as (select count(*) filter (place <= 2000) as recent, count(*) filter (place > 2000) as earlier from placed)
    select
        key,
        count(*) filter (is_recent) / nullif(max(sizes.recent), 0) as recent_share,
        count(*) filter (not is_recent) / nullif(max(sizes.earlier), 0) as earlier_share,
        coalesce(count(*) filter (is_recent) / nullif(max(sizes.recent), 0), 0)
        - coalesce(count(*) filter (not is_recent) / nullif(max(sizes.earlier), 0), 0) as share_change
    from keys, sizes
    where sizes.earlier >= 200
    group by key
    """


def freshness_suite(sources: tuple[str, ...]) -> Suite:
    """Warns of sources whose last successful read is older than a night and a morning."""
    return Suite(
        "freshness",
        ("metrics", "product_ops", "metric_values"),
        "platform",
        "source",
        freshness_query(sources),
        (
            between(
                "sources_are_fresh",
                "hours_old",
                None,
                30,
                WARN,
                "A source was not read for more than 30 hours: numbers that touch it are older than the report says.",
            ),
        ),
    )


def drift_suite(source: str, stream: str) -> Suite:
    """Warns of top-level keys of the vendor's records that appear or vanish."""
    return Suite(
        "schema_drift",
        ("raw", source, stream),
        source,
        "key",
        drift_query(source, stream),
        (
            between(
                "keys_have_not_vanished",
                "share_change",
                -0.9,
                None,
                ERROR,
                "A field that nearly every record had is gone from the newest ones: the vendor's format changed. "
                "Adapt the staging model; raw keeps every record.",
            ),
            between(
                "keys_have_not_appeared",
                "share_change",
                None,
                0.9,
                WARN,
                "A new field is in nearly every new record: see whether staging should read it.",
            ),
        ),
    )
