"""Only what is more than chance is news: simulated weeks of chance alone, planted moves, and the life of a finding."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from connectors.registry.remarks import Remark
from reports.changes import nothing_else, what_changed
from reports.contributions import split, where
from reports.findings import findings
from reports.headlines import headlines
from reports.health import render
from reports.model import HealthReport
from reports.news import FALSE_DISCOVERIES, readings
from reports.samples import Sample
from reports.usual import Period, corrected, usual
from settings.units import Unit
from tests.reports_fixture import WEEK, report, values

FIRST = date(2026, 1, 5)
Draw = Callable[[np.random.Generator, int, float], Period]


def _share(rng: np.random.Generator, week: int, moved: float) -> Period:
    n = int(rng.integers(80, 400))
    cases = int(rng.binomial(n, 0.3 + moved))
    return Period(FIRST + timedelta(weeks=week), cases / n, cases, n)


def _restless_share(rng: np.random.Generator, week: int, moved: float) -> Period:
    """Weeks differ by more than their samples, as those of people do."""
    n = int(rng.integers(80, 400))
    cases = int(rng.binomial(n, min(1.0, float(rng.beta(30, 70)) + moved)))
    return Period(FIRST + timedelta(weeks=week), cases / n, cases, n)


def _growing_count(rng: np.random.Generator, week: int, moved: float) -> Period:
    cases = float(rng.poisson(500 * 1.01**week * (1 + moved)))
    return Period(FIRST + timedelta(weeks=week), cases, cases, 1.0)


def _returning(rng: np.random.Generator, week: int, moved: float) -> Period:
    """Most people of a week are those of the week before."""
    people = float(round(rng.normal(500 * 1.01**week * (1 + moved), 8)))
    return Period(FIRST + timedelta(weeks=week), people, people, 1.0)


def _rate(rng: np.random.Generator, week: int, moved: float) -> Period:
    users = int(rng.integers(2_000, 3_000))
    cases = float(rng.poisson(users * 0.1 * (1 + moved)))
    return Period(FIRST + timedelta(weeks=week), 1_000 * cases / users, cases, users)


def _median(rng: np.random.Generator, week: int, moved: float) -> Period:
    sample = np.exp(rng.normal(moved, 1.0, int(rng.integers(20, 80))))
    return Period(FIRST + timedelta(weeks=week), float(np.median(sample)), sample=tuple(map(float, sample)))


def _bare(rng: np.random.Generator, week: int, moved: float) -> Period:
    return Period(FIRST + timedelta(weeks=week), float(np.exp(rng.normal(moved, 0.2))))


# How each kind of number is drawn, its unit, and a move that is far beyond chance.
KINDS: dict[str, tuple[Draw, Unit, float]] = {
    "share": (_share, Unit.RATIO, 0.25),
    "restless share": (_restless_share, Unit.RATIO, 0.4),
    "growing count": (_growing_count, Unit.COUNT, 0.4),
    "people who return": (_returning, Unit.USERS, 0.15),
    "rate": (_rate, Unit.TICKETS_PER_1000_USERS, 0.6),
    "median": (_median, Unit.SECONDS, 1.8),
    "bare value": (_bare, Unit.SECONDS, 2.5),
}


def _p(kind: str, rng: np.random.Generator, moved: float = 0.0) -> float:
    draw, unit, _ = KINDS[kind]
    weeks = [draw(rng, week, moved if week == 12 else 0.0) for week in range(13)]
    found = usual(unit, weeks[-1], weeks[:-1])
    assert found is not None
    return found.p


@pytest.mark.parametrize("kind", KINDS)
def test_chance_alone_is_news_no_more_often_than_stated(kind: str) -> None:
    rng = np.random.default_rng(46)
    reports = [[_p(kind, rng) for _ in range(20)] for _ in range(60)]
    alarms = sum(min(corrected(each)) <= FALSE_DISCOVERIES for each in reports)
    # 3 of 60 reports are within what is stated; more than 9 come by chance in 1 of 1,000.
    assert alarms <= 9


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_move_among_twenty_numbers_is_found(kind: str) -> None:
    rng = np.random.default_rng(47)
    found = [
        corrected([_p(kind, rng, KINDS[kind][2]), *(_p(kind, rng) for _ in range(19))])[0] for _ in range(40)
    ]
    assert sum(p <= FALSE_DISCOVERIES for p in found) >= 34


def test_the_band_is_that_of_the_books() -> None:
    # An XmR chart of 12 values that alternate by 2 around 10: mean 10, moving ranges 2, limits 10 ± 2.66 × 2.
    weeks = [Period(FIRST + timedelta(weeks=week), 9.0 + 2 * (week % 2)) for week in range(13)]
    band = usual(Unit.SECONDS, weeks[-1], weeks[:-1])
    assert band is not None
    assert (band.middle, band.low, band.high) == pytest.approx((10.0, 4.68, 15.32))
    # A p chart of 40 of 100 each week: 0.4 ± 3 standard errors of the week and of the twelve before.
    weeks = [Period(FIRST + timedelta(weeks=week), 0.4, 40, 100) for week in range(13)]
    band = usual(Unit.RATIO, weeks[-1], weeks[:-1])
    assert band is not None
    away = 3 * (0.24 * (1 / 100 + 1 / 1_200)) ** 0.5
    assert (band.low, band.high) == pytest.approx((0.4 - away, 0.4 + away))
    assert band.p == 1.0


def test_three_periods_make_no_band() -> None:
    weeks = [Period(FIRST + timedelta(weeks=week), 0.4, 40, 100) for week in range(4)]
    assert usual(Unit.RATIO, weeks[-1], weeks[:-1]) is None


def moved(metric: str, value: float, n: int = 400, since: int = 0, **dimensions: str) -> pd.DataFrame:
    """The fixture's values, with a share of `n` that lies elsewhere since some weeks before the report's."""
    rows = values()
    of_metric = rows["metric"] == metric
    for name in ("feature_id", "team_id", "segment", "product_id"):
        of_metric &= rows[name] == dimensions[name] if name in dimensions else rows[name].isna()
    new = of_metric & (rows["period_start"] >= WEEK - timedelta(weeks=since))
    rows.loc[of_metric, ["n", "denominator"]] = n
    rows.loc[new, "value"] = value
    rows.loc[of_metric, "numerator"] = rows.loc[of_metric, "value"] * n
    return rows


def whole(made: HealthReport) -> list[tuple[str, str, str]]:
    return [(each.key, each.state, each.judgement) for each in findings(made) if "/" not in each.key]


def test_a_move_is_new_then_open_and_closed_when_it_is_back() -> None:
    rows = moved("retention_rate_d7", 0.15)
    assert whole(report(values=rows)) == [("retention_rate_d7", "new", "worse")]
    told = what_changed(report(values=rows))[0]
    assert told.text == "15% of the new people came back on day 7, below the usual 23% to 37%."
    assert told.basis.startswith(
        "n = 400 · 9–15 November 2026 · 12 weeks before: 30% · mean of 4 weeks before: 30% · by chance in <\u202f0.1 of 100"
    )
    rows = moved("retention_rate_d7", 0.15, since=2)
    (still,) = [each for each in findings(report(values=rows)) if each.key == "retention_rate_d7"]
    assert (still.state, still.since) == ("open", WEEK - timedelta(weeks=2))
    rows.loc[
        (rows["metric"] == "retention_rate_d7") & (rows["period_start"] == WEEK), ["value", "numerator"]
    ] = [0.29, 116]
    assert whole(report(values=rows)) == [("retention_rate_d7", "closed", "worse")]
    assert "29%, back within the usual 23% to 37%." in what_changed(report(values=rows))[-1].text
    # The same mart says the same of an earlier week: nothing is kept beside it.
    earlier = report(
        values=rows[rows["period_start"] < WEEK - timedelta(weeks=1)], week_start=WEEK - timedelta(weeks=2)
    )
    assert whole(earlier) == [("retention_rate_d7", "new", "worse")]


def test_colours_and_sentences_are_one_decision() -> None:
    quiet = report()
    assert {each.judgement for each in headlines(quiet)} == {"even"}
    assert nothing_else(quiet).startswith("Nothing moved: the ")
    loud = report(values=moved("retention_rate_d7", 0.15))
    assert {each.metric: each.judgement for each in headlines(loud) if each.judgement != "even"} == {
        "retention_rate_d7": "worse"
    }
    assert nothing_else(loud).startswith(
        f"Of the numbers watched each week nothing else moved: {len(readings(loud)) - 1} others"
    )
    # Open for weeks, it is told as such: the change on the week before is none of it.
    still = report(values=moved("retention_rate_d7", 0.15, since=2))
    assert [each.state for each in findings(still) if each.key == "retention_rate_d7"] == ["open"]
    assert {each.judgement for each in headlines(still)} == {"even"}


def _not_judged(told: str) -> int:
    [number] = re.findall(r"(\d+) numbers could not be judged", told)
    return int(number)


def test_what_could_not_be_judged_is_told() -> None:
    """A number of too few cases is none of those that stayed as usual."""
    rows = values()
    few = (rows["metric"] == "on_time_rate") & rows["team_id"].isna()
    before = report(values=rows)
    judged = len(readings(before))
    left = _not_judged(nothing_else(before))
    rows.loc[few, ["n", "denominator"]] = 7
    made = report(values=rows)
    assert len(readings(made)) == judged - 1
    assert f"the {judged - 1} numbers that could be judged" in nothing_else(made)
    assert _not_judged(nothing_else(made)) == left + 1
    only = nothing_else(made, metrics={"on_time_rate"}, members=frozenset())
    assert only == ""
    assert nothing_else(made, metrics={"stickiness_ratio"}).startswith("Nothing moved: the 1 number that")


def test_a_table_calls_a_step_what_the_findings_call_it() -> None:
    """Satisfaction with the answers fell: the table shows the step where it is a finding, and nowhere else."""
    for value, is_news in ((0.4, True), (0.78, False)):
        made = report(values=moved("ticket_csat_rate", value))
        assert any(each.key == "ticket_csat_rate" for each in findings(made)) is is_news
        page = render(made, "support.html")
        row = re.search(r"<tr><th[^>]*>Ticket csat rate.*?</tr>", page, flags=re.S)
        assert row is not None
        assert ("as usual" not in row[0]) is is_news


def test_people_who_return_are_held_against_how_they_returned() -> None:
    """Some 150 people a week, of whom nearly all come again: 130 is a fall, though as many independent cases might be chance."""
    rng = np.random.default_rng(5)
    weeks = [
        Period(FIRST + timedelta(weeks=week), count, count, 1.0)
        for week in range(12)
        if (count := float(150 + rng.integers(-2, 3)))
    ]
    fallen = Period(FIRST + timedelta(weeks=12), 130.0, 130.0, 1.0)
    bands = {unit: usual(unit, fallen, weeks) for unit in (Unit.USERS, Unit.ACCOUNTS, Unit.COUNT)}
    assert {unit: band is not None and band.holds(130.0) for unit, band in bands.items()} == {
        Unit.USERS: False, Unit.ACCOUNTS: False, Unit.COUNT: True,
    }  # fmt: skip
    people = bands[Unit.USERS]
    assert people is not None
    assert people.p < FALSE_DISCOVERIES


def test_a_target_crossed_by_chance_is_no_news() -> None:
    rows = values()
    newest = (rows["metric"] == "on_time_rate") & rows["team_id"].isna()
    rows.loc[newest, "value"] = 0.82
    rows.loc[newest, "numerator"] = 82.0
    rows.loc[newest & (rows["period_start"] == WEEK), ["value", "numerator"]] = [0.78, 78]
    assert whole(report(values=rows)) == []


def test_a_part_that_lies_apart_is_open_for_as_long_and_belongs_to_its_owner() -> None:
    made = report(owners={"cosmos": "team:connect"})
    (apart,) = [each for each in what_changed(made, {"on_time_rate"}) if each.key.endswith("/apart")]
    # 13 weeks of 4 of 10 against 13 of 8.5 of 10.
    assert apart.text == "cosmos keeps 40% of its first due dates, the others 85%."
    assert apart.where == "By the dates as moved it is 90%."
    assert (apart.state, apart.owner) == ("open", "team:connect")
    assert what_changed(made, members={"atlas"}) == []


def test_remarks_stand_with_the_finding_that_they_are_about() -> None:
    key = "on_time_rate/team_id=cosmos/apart"
    remarks = (
        Remark(id="a", finding=key, text="Half the dates go.", owner="team:connect", due=date(2026, 12, 1)),
        Remark(id="b", metric="on_time_rate", text="Reviewed in December.", owner="team:product-ops"),
        Remark(id="c", metric="nps", text="Of no interest here.", owner="team:product-ops"),
    )
    (apart,) = [each for each in what_changed(report(remarks=remarks)) if each.key == key]
    assert [each.id for each in apart.remarks] == ["a", "b"]


def nps_of(parts: dict[str, tuple[list[int], list[int]]]) -> pd.DataFrame:
    """Five months of a score by product: (promoters less detractors, answers) of four months each, and of the newest."""
    rows = values()
    rows = rows[~rows["metric"].isin(["nps", "nps_standard_error"])]
    made = []
    for back in range(5):
        start = date(2026, 10 - back, 1)
        total = [0, 0]
        for product, (now, before) in parts.items():
            score, n = now if back == 0 else before
            total = [total[0] + score, total[1] + n]
            made.append(
                {
                    "metric": "nps",
                    "product_id": product,
                    "numerator": score,
                    "denominator": n,
                    "n": n,
                    "value": 100 * score / n,
                    "period_start": start,
                }
            )
        made.append(
            {
                "metric": "nps",
                "numerator": total[0],
                "denominator": total[1],
                "n": total[1],
                "value": 100 * total[0] / total[1],
                "period_start": start,
            }
        )
        made.append({"metric": "nps_standard_error", "value": 2.0, "n": total[1], "period_start": start})
    return pd.concat([rows, pd.DataFrame(made).assign(grain="month", revision=1)], ignore_index=True)  # fmt: skip


def test_a_score_is_taken_apart_by_product_and_by_who_was_asked() -> None:
    # Studio falls from 30 to -30, Connect stays at 20 and is asked twice as often.
    rows = nps_of({"studio": ([-150, 500], [150, 500]), "connect": ([200, 1000], [100, 500])})
    made = report(
        values=rows, week_start=date(2026, 10, 26), names={"studio": "Studio", "connect": "Connect"}
    )
    reading = readings(made)["nps"]
    found = split(made, reading)
    assert found is not None
    # Kitagawa, by hand: weights 1/2 and 1/2 before, 1/3 and 2/3 now; the whole went from 25 to 3.33.
    studio = (1 / 3 + 1 / 2) / 2 * -60
    mix = (0 - 25) * (1 / 3 - 1 / 2) + (20 - 25) * (2 / 3 - 1 / 2)
    assert {each.member: each.change for each in found.parts} == pytest.approx(
        {"studio": studio, "connect": 0.0}
    )
    assert found.mix == pytest.approx(mix)
    assert studio + mix == pytest.approx(100 * 50 / 1500 - 25)
    assert where(made, reading) == "Where: Studio −25, who is in it +3.3."


def test_more_tickets_are_told_by_what_they_are_tagged_with() -> None:
    rows = values()
    for feature, extra in (("", 54), ("board", 44), ("timeline", 10)):
        of_feature = rows["feature_id"] == feature if feature else rows["feature_id"].isna()
        newest = (rows["metric"] == "tickets_created") & of_feature & (rows["period_start"] == WEEK)
        rows.loc[newest, "value"] += extra
    # The whole is the sum of its parts.
    for back in range(13):
        start = rows["period_start"] == WEEK - timedelta(weeks=back)
        of_parts = (rows["metric"] == "tickets_created") & start & rows["feature_id"].notna()
        rows.loc[(rows["metric"] == "tickets_created") & start & rows["feature_id"].isna(), "value"] = rows.loc[of_parts, "value"].sum()  # fmt: skip
    rows = rows[(rows["metric"] != "tickets_created") | (rows["period_start"] != WEEK - timedelta(weeks=5))]
    made = report(values=rows)
    assert (
        where(made, readings(made)["tickets_created"])
        == "Where: Board +44 (6 to 50), Timeline +10 (6 to 16)."
    )


def test_a_median_is_tested_by_its_cases_and_told_by_counts() -> None:
    days = [WEEK - timedelta(weeks=back) + timedelta(days=1) for back in range(12, -1, -1)]
    usual_week, slow_week = [100.0 * each for each in range(1, 41)], [10_000.0 + each for each in range(40)]
    drawn = [(day, "cosmos" if place % 2 else "atlas", value) for day in days for place, value in enumerate(slow_week if day >= WEEK else usual_week)]  # fmt: skip
    drawn.sort()
    sample = Sample("team_id", *(tuple(column) for column in zip(*drawn, strict=True)))  # type: ignore[arg-type]
    rows = values()
    lead = rows["metric"] == "issue_lead_time_seconds_median"
    rows.loc[lead, "value"] = float(np.median(usual_week))
    rows.loc[lead & (rows["period_start"] == WEEK), "value"] = float(np.median(slow_week))
    made = report(values=rows, samples={"issue_lead_time_seconds_median": sample})
    reading = readings(made)["issue_lead_time_seconds_median"]
    assert reading.is_news
    assert where(made, reading) == "Above the usual 34 min: atlas 20 of 20, cosmos 20 of 20."
    # Values that do not give the published median are not what it is made of.
    assert sample.of_week(WEEK, 7.0, {}) == ()


def test_what_looks_back_over_many_periods_is_never_news() -> None:
    rows = values()
    rows.loc[(rows["metric"] == "features_used_rate") & (rows["period_start"] == WEEK), "value"] = 0.1
    assert whole(report(values=rows)) == []


def test_weeks_in_between_are_read_in_order() -> None:
    starts = [each.start for each in readings(report())["active_users_week"].series.periods]
    assert all(before < after for before, after in pairwise(starts))
    definition = replace(report().definitions["retention_rate_d7"], closes_after_days=7)
    late = report(definitions={**report().definitions, "retention_rate_d7": definition})
    # Of the week before, only what was closed by its end was known.
    known = readings(late, WEEK - timedelta(weeks=1))["retention_rate_d7"].now.start
    assert known == WEEK - timedelta(weeks=2)
