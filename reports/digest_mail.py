"""The digest as a mail: plain text, and HTML that mail programs show, with the chart inline."""

from dataclasses import dataclass

from reports.digest import Correction, Digest, Number
from reports.health import template

CHART_ID = "chart"


@dataclass(frozen=True)
class Mail:
    """`html` shows the chart as `cid:chart`, when there is one."""

    subject: str
    text: str
    html: str


def mail_of(digest: Digest) -> Mail:
    """The same digest gives the same mail."""
    html = template("digest.html.j2", digest.say).render(
        digest=digest,
        details={each.metric: details(digest, each) for each in digest.numbers},
        owner=digest.owner_name,
        chart_id=CHART_ID,
    )
    return Mail(digest.title, digest_text(digest), html)


def digest_text(digest: Digest) -> str:
    """The digest in plain text, a line a number or sentence."""
    say = digest.say
    lines = [digest.title, digest.subtitle, ""]
    if digest.corrected:
        lines += [
            say.text("Restated"),
            *(f"- {correction_text(digest, each)}" for each in digest.corrected),
            "",
        ]
    lines += [
        say.text(
            "{label}: {value} ({details})", label=each.label, value=each.value, details=details(digest, each)
        )
        for each in digest.numbers
    ]
    for name, remarks in digest.remarks:
        lines += ["", name]
        for each in remarks:
            asked = f" ({digest.owner_name(each.owner)})" if each.owner else ""
            below = filter(None, (*each.steps, each.basis))
            lines += [f"- {each.text}{asked}", *(f"  {told}" for told in below)]
    if digest.link:
        lines += ["", say.text("The report: {address}", address=digest.link)]
    return "\n".join(lines) + "\n"


def correction_text(digest: Digest, correction: Correction) -> str:
    return digest.say.text(
        "{label} was {before}, is {after}",
        label=correction.label,
        before=correction.before,
        after=correction.after,
    )


def details(digest: Digest, number: Number) -> str:
    """Change, judgement, sample, interval, period, target and what is wrong with the source, in one line."""
    say = digest.say
    judgement = {"better": say.text("better"), "worse": say.text("worse")}.get(number.judgement, "")
    return ", ".join(each for each in (number.change, judgement, *basis(digest, number)) if each)


def basis(digest: Digest, number: Number) -> list[str]:
    """What a number stands on: sample, interval, period, target and what is wrong with its source."""
    small = digest.say.text("small sample") if number.is_small_sample else ""
    parts = (number.sample, number.interval, small, number.period, number.target, number.caution)
    return [each for each in parts if each]
