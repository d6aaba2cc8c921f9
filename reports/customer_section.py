"""Customers and money: what is at stake with whom, as of the night, and which contracts come up for renewal."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from reports import wording
from reports.facts import DETRACTOR_DAYS, QUIET_WEEKS, RENEWAL_DAYS, USE_WEEKS
from reports.model import HealthReport
from reports.sections import (
    TREND_WEEKS,
    Cell,
    Head,
    Row,
    Section,
    Table,
    Tally,
    caveats,
    count,
    number,
    pooled_row,
    weeks,
)

_MOST, _MOST_RENEWALS = 5, 10
# Use by so many people is compared; less than this part of what it was before is a sign.
_FEWEST_PEOPLE, _FALLEN_TO = 4, 0.5


def customers(report: HealthReport, is_brief: bool = False) -> Section | None:
    """Revenue, and the accounts that went quiet, left, or answered as detractors, the largest first; in brief: no accounts."""
    say, accounts = report.say, report.facts.accounts
    if accounts.empty:
        return None
    paying = accounts[accounts["is_customer"].astype(bool)]
    first = pd.Timestamp(report.week_start - timedelta(weeks=TREND_WEEKS - 1))
    lost = accounts[accounts["is_churned"].astype(bool) & (pd.to_datetime(accounts["churned_on"]) >= first)]
    quiet = paying[paying["is_quiet"].fillna(False).astype(bool)]
    untold = paying[~paying["is_use_known"].astype(bool)]
    unhappy = paying[paying["detractor_count"] > 0]
    renewing = paying[paying["is_renewing"].fillna(False).astype(bool)]
    at_risk = renewing[[bool(_signs(report, row)) for row in renewing.to_dict("records")]]
    tallies = (
        _tally(report, say.plural("{n} customer", "{n} customers", len(paying)), paying),
        *(
            (_tally(report, say.text("{n} without use for {weeks} weeks", n=say.number(len(quiet)), weeks=QUIET_WEEKS), quiet),)
            if len(untold) < len(paying)
            else ()
        ),
        *((_tally(report, say.text("{n} that nothing links to use of the product", n=say.number(len(untold))), untold),) if len(untold) else ()),
        *(
            (_tally(report, say.text("{n} with more detractors than promoters in {days} days", n=say.number(len(unhappy)), days=DETRACTOR_DAYS), unhappy),)
            if len(report.series("nps"))
            else ()
        ),
        *(
            (
                _tally(report, say.plural("{n} renewal within {days} days", "{n} renewals within {days} days", len(renewing), days=RENEWAL_DAYS), renewing),
                _tally(report, say.plural("{n} of them at risk", "{n} of them at risk", len(at_risk)), at_risk),
            )
            if paying["renews_on"].notna().any()
            else ()
        ),
        *_deals(report),
        _tally(report, say.text("{n} lost in {weeks} weeks", n=say.number(len(lost)), weeks=TREND_WEEKS), lost),
    )  # fmt: skip
    tables = (
        _renewals(report, renewing),
        _table(
            report,
            say.text(
                "Customers that used the product before and in the last {weeks} weeks not at all, by revenue a year.",
                weeks=QUIET_WEEKS,
            ),
            quiet,
            say.text("last used in the week of"),
            "last_active_week",
        ),
        _table(
            report,
            say.text("Customers lost in {weeks} weeks, by revenue a year.", weeks=TREND_WEEKS),
            lost,
            say.text("lost on"),
            "churned_on",
        ),
        _table(
            report,
            say.text("Customers with more detractors than promoters among their answers of {days} days, by revenue a year.", days=DETRACTOR_DAYS),
            unhappy,
            say.text("answers of detractors"),
            "detractor_count",
        ),
    )  # fmt: skip
    return Section(
        "customers",
        say.text("Customers and money"),
        tallies=tallies,
        tables=() if is_brief else tuple(table for table in tables if table.rows),
        trust=caveats(report, ("crm",), ("account",)),
    )


def _deals(report: HealthReport) -> list[Tally]:
    """Deals won and contracts renewed over the trend's weeks; nothing where none was ever decided."""
    say, tallies = report.say, []
    won = weeks(report.series("deals_won"), report)
    if len(won):
        text = say.plural(
            "{n} deal won in {weeks} weeks",
            "{n} deals won in {weeks} weeks",
            int(won["value"].sum()),
            weeks=TREND_WEEKS,
        )
        worth = say.number(float(weeks(report.series("deals_won_amount"), report)["value"].sum()))
        tallies.append(Tally(text, f"{worth} {report.currency}"))
    renewed = pooled_row(report, "renewal_rate")
    share, decided_count = number(renewed.get("value")), number(renewed.get("n"))
    if share is not None and decided_count:
        decided = say.plural(
            "{n} renewal decided in {weeks} weeks",
            "{n} renewals decided in {weeks} weeks",
            decided_count,
            weeks=TREND_WEEKS,
        )
        tallies.append(Tally(decided, say.text("{share} won", share=say.percent(share))))
    return tallies


def _signs(report: HealthReport, account: Mapping[str, Any]) -> list[str]:
    """Why a renewal may fail, as far as use, answers and tickets show it."""
    say, signs = report.say, []
    if pd.notna(account["is_quiet"]) and account["is_quiet"]:
        signs.append(say.text("no use for {weeks} weeks", weeks=QUIET_WEEKS))
    elif (
        account["users_before"] >= _FEWEST_PEOPLE and account["users"] < _FALLEN_TO * account["users_before"]
    ):
        signs.append(say.text("use has halved"))
    if account["detractor_count"] > 0:
        signs.append(say.text("detractors"))
    return signs


def _renewals(report: HealthReport, accounts: pd.DataFrame) -> Table:
    """The largest, by day."""
    say = report.say
    caption = say.text(
        "Contracts to be renewed within {days} days, by day: people a week in the last {weeks} weeks beside the {weeks} before, tickets not solved, and what speaks against a renewal.",
        days=RENEWAL_DAYS,
        weeks=USE_WEEKS,
    )
    if len(accounts) > _MOST_RENEWALS:
        caption += " " + say.text("The {n} largest of {all}.", n=_MOST_RENEWALS, all=len(accounts))
    largest = accounts.nlargest(_MOST_RENEWALS, "last_arr_home").sort_values(["renews_on", "account_name"])
    return Table(
        caption,
        (
            Head(say.text("customer")),
            Head(say.text("renews on")),
            Head(say.text("{currency} a year", currency=report.currency), True),
            Head(say.text("people a week"), True),
            Head(say.text("before"), True),
            Head(say.text("tickets not solved"), True),
            Head(say.text("at risk by")),
        ),
        tuple(
            (
                str(row["account_name"]),
                say.day(pd.Timestamp(row["renews_on"]).date()),
                Cell(count(report, row["last_arr_home"])),
                count(report, row["users"]),
                count(report, row["users_before"]),
                count(report, row["open_ticket_count"]),
                ", ".join(_signs(report, row)) or wording.MISSING,
            )
            for row in largest.to_dict("records")
        ),
    )


def _tally(report: HealthReport, text: str, accounts: pd.DataFrame) -> Tally:
    revenue = report.say.number(float(accounts["last_arr_home"].fillna(0).sum()))
    return Tally(
        text, report.say.text("{amount} {currency} a year", amount=revenue, currency=report.currency)
    )


def _table(report: HealthReport, caption: str, accounts: pd.DataFrame, title: str, column: str) -> Table:
    say, rows = report.say, list[Row]()
    if len(accounts) > _MOST:
        caption += " " + say.text("The {n} largest of {all}.", n=_MOST, all=len(accounts))
    for row in accounts.nlargest(_MOST, "last_arr_home").to_dict("records"):
        value = row[column]
        if pd.isna(value):
            shown = wording.MISSING
        else:
            shown = (
                count(report, value) if column == "detractor_count" else say.day(pd.Timestamp(value).date())
            )
        rows.append((str(row["account_name"]), Cell(count(report, row["last_arr_home"])), shown))
    return Table(
        caption,
        (Head(say.text("customer")), Head(say.text("{currency} a year", currency=report.currency), True), Head(title, True)),
        tuple(rows),
    )  # fmt: skip
