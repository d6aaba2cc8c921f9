"""Customers and money: what is at stake with whom, as of the night."""

from datetime import timedelta

import pandas as pd

from reports import wording
from reports.facts import DETRACTOR_DAYS, QUIET_WEEKS, RENEWAL_WEEKS
from reports.model import HealthReport
from reports.sections import TREND_WEEKS, Cell, Head, Row, Section, Table, Tally, caveats, count

_MOST = 5


def customers(report: HealthReport, is_brief: bool = False) -> Section | None:
    """Revenue, and the accounts that renew soon, went quiet, left, or answered as detractors, the largest first; in brief: no accounts."""
    say, accounts = report.say, report.facts.accounts
    if accounts.empty:
        return None
    # Who tries the product pays nothing yet.
    is_trial = accounts["last_arr_home"] == 0
    paying = accounts[~accounts["is_churned"].astype(bool) & ~is_trial]
    first = pd.Timestamp(report.week_start - timedelta(weeks=TREND_WEEKS - 1))
    lost = accounts[accounts["is_churned"].astype(bool) & (pd.to_datetime(accounts["churned_on"]) >= first)]
    quiet = paying[paying["is_quiet"].fillna(False).astype(bool)]
    unhappy = paying[paying["detractor_count"] > 0]
    renewing = paying[paying["is_renewing"].fillna(False).astype(bool)]
    # Without a single date nobody knows who renews.
    renewals: tuple[Tally, ...] = ()
    if paying["renews_on"].notna().any():
        renewals = (
            _tally(
                report,
                say.text("{n} renew in {weeks} weeks", n=say.number(len(renewing)), weeks=RENEWAL_WEEKS),
                renewing,
            ),
        )
    tallies = (
        _tally(report, say.plural("{n} customer", "{n} customers", len(paying)), paying),
        *renewals,
        _tally(report, say.text("{n} without use for {weeks} weeks", n=say.number(len(quiet)), weeks=QUIET_WEEKS), quiet),
        _tally(report, say.text("{n} with more detractors than promoters in {days} days", n=say.number(len(unhappy)), days=DETRACTOR_DAYS), unhappy),
        _tally(report, say.text("{n} lost in {weeks} weeks", n=say.number(len(lost)), weeks=TREND_WEEKS), lost),
    )  # fmt: skip
    tables = (
        _table(
            report,
            say.text("Customers whose contract ends or renews in {weeks} weeks, by revenue a year.", weeks=RENEWAL_WEEKS),
            renewing,
            say.text("renews on"),
            "renews_on",
        ),
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
