"""From Dagster's event log to the owners' channels: failed, blocked and stale nights, told once, and when they are over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from messages.alerts import tell_owners
from messages.channels import DeliveryFailed
from messages.incidents import Facts, Problem
from orchestration.alerts import owner_alerts, present_facts
from orchestration.jobs import tell_readers
from orchestration.keys import ARRIVED, DIGEST, GATE, HEALTH_REPORT, PUBLISHED_MART
from reports.files import withheld_reasons
from sandbox.vendors.slack.credentials import (
    SLACK_FOREIGN_CHANNEL,
    SLACK_LEADERSHIP,
    SLACK_OWNERS,
    SLACK_SUPPORT,
)
from settings.home import OLD_AFTER, Home
from settings.links import Links
from tests.chat_rooms import Rooms, chat_rooms, impatient, text_of

TICKETS = dg.AssetKey(["raw", "zendesk", "tickets"])
ISSUES = dg.AssetKey(["raw", "jira", "issues"])
MART = dg.AssetKey(["marts", "core", "fct_ticket"])
LINKS = Links(dagster="https://dagster.acme.example")


class NightStory:
    """Nights of a job named as the real one, with what went wrong in them."""

    def __init__(self) -> None:
        self.instance = dg.DagsterInstance.ephemeral()

    def night(
        self, unread: tuple[str, ...] = (), broken: bool = False, crash: str = "", job: str = "nightly"
    ) -> str:
        """Run one; the run's id. `crash`: the step that raises: ingest, build or digest."""

        def arrived(key: dg.AssetKey) -> dg.MaterializeResult[None]:
            is_read = key.path[1] not in unread
            metadata = {"observed": "" if is_read else "The OAuth client is rejected."}
            return dg.MaterializeResult(
                asset_key=key,
                check_results=[
                    dg.AssetCheckResult(
                        asset_key=key,
                        check_name=ARRIVED,
                        passed=is_read,
                        severity=dg.AssetCheckSeverity.WARN,
                        metadata=metadata,
                    )
                ],
            )

        raw_checks = [dg.AssetCheckSpec(ARRIVED, asset=key) for key in (TICKETS, ISSUES)]

        @dg.multi_asset(specs=[dg.AssetSpec(TICKETS), dg.AssetSpec(ISSUES)], check_specs=raw_checks)
        def ingest() -> Iterator[dg.MaterializeResult[None]]:
            _crash_if(crash == "ingest")
            yield from (arrived(key) for key in (TICKETS, ISSUES))

        gate = [dg.AssetCheckSpec("volume", asset=MART), dg.AssetCheckSpec(GATE, asset=MART, blocking=True)]

        @dg.multi_asset(specs=[dg.AssetSpec(MART, deps=[TICKETS, ISSUES])], check_specs=gate)
        def build() -> Iterator[dg.MaterializeResult[None]]:
            _crash_if(crash == "build")
            told = {
                "owner": "team:support-operations",
                "meaning": "Tickets are <few>.",
                "observed": "3 rows",
                "failing_keys": "zendesk…1234, zendesk…1235",
                "what_to_do": "Ask them. Then run the night again.",
            }
            yield dg.MaterializeResult(
                asset_key=MART,
                check_results=[
                    dg.AssetCheckResult(
                        asset_key=MART, check_name="volume", passed=not broken, metadata=told
                    ),
                    dg.AssetCheckResult(asset_key=MART, check_name=GATE, passed=not broken),
                ],
            )

        @dg.asset(key=PUBLISHED_MART, deps=[MART])
        def publish() -> None:
            return

        @dg.asset(deps=[PUBLISHED_MART])
        def digest() -> None:
            _crash_if(crash == "digest")

        made = dg.Definitions(
            assets=[ingest, build, publish, digest],
            jobs=[dg.define_asset_job(job, executor_def=dg.in_process_executor)],
        )
        result = made.resolve_job_def(job).execute_in_process(instance=self.instance, raise_on_error=False)
        return str(result.run_id)

    def facts(self, later: timedelta = timedelta()) -> Facts:
        return present_facts(self.instance, datetime.now(UTC) + later, LINKS)

    def problems(self, later: timedelta = timedelta()) -> dict[str, Problem]:
        return {problem.key: problem for problem in self.facts(later).problems}


def _crash_if(condition: bool) -> None:
    if condition:
        raise RuntimeError("out of memory")


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NightStory]:
    """On a home of its own: that of the checkout may hold a demo, whose models name the sources of what failed."""
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    found = NightStory()
    yield found
    found.instance.dispose()


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    with chat_rooms() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_nothing_is_known_before_the_first_night(story: NightStory) -> None:
    assert story.facts() == Facts((), frozenset())


def test_a_good_night_clears_what_it_looked_at(story: NightStory) -> None:
    story.night()
    assert story.facts() == Facts(
        (), frozenset({"failed/nightly", "blocked", "stale/zendesk", "stale/jira", "stale/published mart"})
    )


def test_a_blocked_night_names_the_check_and_its_owner(story: NightStory) -> None:
    run = story.night(broken=True)
    (problem,) = story.problems().values()
    assert (problem.key, problem.owner) == ("blocked/team:support-operations", "team:support-operations")
    assert problem.lines == (
        "marts/core/fct_ticket, check volume: Tickets are <few>. Observed: 3 rows. "
        "Rows, by redacted key: zendesk…1234, zendesk…1235. What to do: Ask them. Then run the night again.",
    )
    assert problem.link == f"https://dagster.acme.example/runs/{run}"


def test_a_crash_says_nothing_of_what_it_never_reached(story: NightStory) -> None:
    story.night(crash="ingest")
    assert list(story.problems()) == ["failed/nightly"]
    assert story.facts().judged == {"failed/nightly"}
    story.night(crash="build")
    failed, consequence = story.problems()["failed/nightly"].lines
    assert failed.startswith("step build: RuntimeError: out of memory. What to do: Open the run in the UI")
    assert consequence == "Nothing was published: readers keep the last sound mart."
    story.night(crash="digest")
    assert story.problems()["failed/nightly"].lines[1] == "The mart of this night is published."


def test_a_source_that_was_not_read_is_stale_and_the_night_goes_on(story: NightStory) -> None:
    story.night(unread=("zendesk",))
    (problem,) = story.problems().values()
    assert (problem.key, problem.owner) == ("stale/zendesk", "team:support-operations")
    assert problem.lines == ("The OAuth client is rejected.",)


def test_a_mart_that_nobody_renews_is_stale(story: NightStory) -> None:
    story.night()
    assert story.problems(OLD_AFTER - timedelta(minutes=5)) == {}
    (problem,) = story.problems(OLD_AFTER + timedelta(minutes=5)).values()
    assert problem.key == "stale/published mart"


def test_the_owners_hear_once_with_a_link_and_when_it_is_over(
    story: NightStory, rooms: Rooms, home: Home
) -> None:
    def tell() -> int:
        return tell_owners(home, story.facts(), rooms.environment, impatient)

    run = story.night(unread=("jira",), broken=True)
    assert [tell(), tell()] == [2, 0]
    # The next night goes wrong in the same way: nobody hears of it again.
    story.night(unread=("jira",), broken=True)
    assert tell() == 0
    (stale,) = rooms.messages(SLACK_OWNERS)
    assert text_of(stale) == (
        ":warning: *jira was not read: its numbers are as old as its last good reading* · <!subteam^S07ENGINEERINGOPS>\n"
        f"• The OAuth client is rejected.\n<https://dagster.acme.example/runs/{run}|Open the run>"
    )
    (blocked,) = rooms.messages(SLACK_SUPPORT)
    assert "Tickets are &lt;few&gt;. Observed: 3 rows." in text_of(blocked)
    story.night()
    assert [tell(), tell()] == [2, 0]
    first, over = rooms.messages(SLACK_SUPPORT)
    assert (over["thread_ts"], over["text"]) == (first["ts"], f"Over: {first['text']}")
    assert "subteam" not in text_of(over)
    assert rooms.messages(SLACK_LEADERSHIP) == []


def test_what_cannot_be_delivered_stays_due(story: NightStory, rooms: Rooms, home: Home) -> None:
    story.night(unread=("jira", "zendesk"))
    closed = {**rooms.environment, "POPS_SLACK_OWNERS_CHANNEL": SLACK_FOREIGN_CHANNEL}
    with pytest.raises(DeliveryFailed, match="not_in_channel"):
        tell_owners(home, story.facts(), closed, impatient)
    # The owner with a channel of its own has heard all the same.
    assert len(rooms.messages(SLACK_SUPPORT)) == 1
    assert tell_owners(home, story.facts(), rooms.environment, impatient) == 1
    assert len(rooms.messages(SLACK_OWNERS)) == len(rooms.messages(SLACK_SUPPORT)) == 1


@pytest.mark.parametrize(("key", "is_withheld"), [(DIGEST, False), (HEALTH_REPORT, False), (MART, True)])
def test_only_what_fails_before_publication_withholds_it(
    story: NightStory, home: Home, monkeypatch: pytest.MonkeyPatch, key: dg.AssetKey, is_withheld: bool
) -> None:
    monkeypatch.setenv("POPS_HOME", str(home.root))
    home.published.parent.mkdir(parents=True)

    @dg.asset(key=key)
    def failing() -> None:
        _crash_if(True)

    job = dg.define_asset_job("nightly", executor_def=dg.in_process_executor, hooks={tell_readers})
    made = dg.Definitions(assets=[failing], jobs=[job]).resolve_job_def("nightly")
    made.execute_in_process(instance=story.instance, raise_on_error=False)
    (step,) = made.graph.node_dict
    said = withheld_reasons(home)
    assert [each.split(". ")[0] for each in said] == [
        f"step {step}: RuntimeError: out of memory"
    ] * is_withheld


def test_while_slack_is_off_nothing_happens(
    story: NightStory, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.night(broken=True)
    assert tell_owners(home, story.facts(), {}) == 0
    assert not home.notices.exists()
    for name in ("POPS_SLACK_BOT_TOKEN", "POPS_SLACK_CHANNEL", "POPS_SLACK_OWNERS_CHANNEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POPS_HOME", str(home.root))
    with dg.build_sensor_context(instance=story.instance) as context:
        ticked = owner_alerts(context)
    assert isinstance(ticked, dg.SkipReason)
    assert ticked.skip_message == "Slack is off: set POPS_SLACK_BOT_TOKEN and what belongs to it."
