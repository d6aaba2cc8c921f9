"""The digest as a mail: plain text, and HTML that mail programs show, with the chart inline."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.digest import Digest, Number

CHART_ID = "chart"


@dataclass(frozen=True)
class Mail:
    """`html` shows the chart as `cid:chart`, when there is one."""

    subject: str
    text: str
    html: str


def mail_of(digest: Digest) -> Mail:
    """The same digest gives the same mail."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("digest.html.j2").render(
        digest=digest, details=details, owner=owner_name, chart_id=CHART_ID
    )
    return Mail(digest.title, digest_text(digest), html)


def digest_text(digest: Digest) -> str:
    """The digest in plain text, a line a number or sentence."""
    lines = [
        digest.title,
        f"Week {digest.week} · as of {digest.as_of} · revision {digest.revision}",
        "",
    ]
    if digest.restated:
        lines += [
            "Restated",
            *(f"- {each.label} was {each.before}, is {each.after}" for each in digest.restated),
            "",
        ]
    lines += [f"{each.label}: {each.value} ({details(each)})" for each in digest.numbers]
    for name, remarks in (("What stands out", digest.findings), ("Data status", digest.status)):
        if remarks:
            lines += ["", name]
            lines += [f"- {each.text}{_asked(each.owner)}" for each in remarks]
        if remarks is digest.findings and digest.left_out:
            lines.append(f"- {digest.left_out} more in the report")
    if digest.link:
        lines += ["", f"The report: {digest.link}"]
    return "\n".join(lines) + "\n"


def details(number: Number) -> str:
    """Change, judgement, sample, period and target in one line."""
    change = "" if number.change == "–" else number.change
    judgement = "" if number.judgement == "even" else number.judgement
    sample = f"{number.sample}, small sample" if number.is_small_sample else number.sample
    period = "" if number.period == "this week" else number.period
    return ", ".join(each for each in (change, judgement, sample, period, number.target) if each)


def owner_name(owner: str) -> str:
    return owner.removeprefix("team:")


def _asked(owner: str) -> str:
    return f" ({owner_name(owner)})" if owner else ""
