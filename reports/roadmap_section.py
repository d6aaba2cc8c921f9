"""Whether the roadmap and the delivery tools tell the same story."""

from collections.abc import Sequence

from reports.model import HealthReport
from reports.sections import Cell, Head, Row, Section, Table, caveats, cell, head, named, newest

_ROADMAP = ("roadmap_link_rate", "roadmap_status_agreement_rate", "roadmap_date_gap_days_median")


def roadmap(report: HealthReport) -> Section | None:
    """Whether the roadmap and the delivery tools tell the same story."""
    say = report.say
    there = [metric for metric in _ROADMAP if report.has(metric)]
    if not there:
        return None
    products = sorted(set(report.by(there[0], "product_id")["product_id"]))
    rows: list[Row] = [(named(report, each), *_newest_cells(report, there, each)) for each in products]
    rows.append((say.text("all products"), *_newest_cells(report, there, None)))
    return Section(
        "roadmap",
        say.text("Roadmap links"),
        tables=(
            Table(
                say.text(
                    "Roadmap items with a link to delivery, linked items whose status agrees, and days by which the roadmap's date lies from the delivery's."
                ),
                (Head(say.text("product")), *(head(report, say.text(report.definitions[each].label), each) for each in there)),
                tuple(rows),
            ),
        ),
        trust=caveats(report, ("roadmap",), ("roadmap",)),
    )  # fmt: skip


def _newest_cells(report: HealthReport, metrics: Sequence[str], product: str | None) -> list[Cell]:
    dimensions = {} if product is None else {"product_id": product}
    return [cell(report, metric, newest(report, metric, None, **dimensions)) for metric in metrics]
