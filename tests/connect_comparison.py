"""What a home that read PostHog shows of the Connect team's own tool, in the words of `sandbox.truth.connect`."""

from datetime import UTC
from pathlib import Path

from sandbox.truth.connect import ConnectTruth
from tests.part_nights import query

TRIAL = "posthog:12"


def connect_shown(home: Path) -> ConnectTruth:
    """Of a home whose models are built."""
    shown = query(
        home,
        f"""select variant_key, count(*) from marts.fct_exposure
        where experiment_id = '{TRIAL}' and not is_in_two_variants group by variant_key""",
    )
    [(both,)] = query(
        home, f"select two_variants_count from marts.dim_experiment where experiment_id = '{TRIAL}'"
    )
    trials = query(
        home,
        "select flag_key, state, started_on, stopped_on from marts.dim_experiment where source = 'posthog'",
    )
    changes = query(
        home,
        "select flag_key, changed_at, is_on, rollout_share from marts.fct_flag_change where source = 'posthog'",
    )
    [(answers,)] = query(
        home, "select count(*) from intermediate.int_surveys__tool_responses where source = 'posthog'"
    )
    # Whoever is known by two ids is one person.
    [(aliases,)] = query(
        home,
        """select count(*) from intermediate.int_identity__person_keys
        where source = 'app' and person_id in (
            select person_id from intermediate.int_identity__person_keys where rule = 'tool_merge'
        ) and rule <> 'tool_merge' and identity_type = 'user'""",
    )
    return ConnectTruth(
        dict(shown),
        both,
        {flag: (state, started, stopped) for flag, state, started, stopped in trials},
        sorted(
            ((flag, at.replace(tzinfo=UTC), is_on, share) for flag, at, is_on, share in changes),
            key=lambda change: change[:2],
        ),
        answers,
        aliases,
    )
