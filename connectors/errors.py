"""What can go wrong with a source: each error names the source, the stream, the place and the remedy, and no secret."""

from typing import Any

from connectors.redaction import redact

# Begins what is said of the streams after the one at which the whole source was refused.
NOT_ASKED_FOR = "Not asked for: "


class SourceError(Exception):
    """Base of all. `what`: one sentence without secrets (known secrets and query values are taken out here).

    `status`: the HTTP status, if there was one. `vendor_message`: the vendor's own words, redacted and shortened.
    `place`: method and path, or file and line. `source` and `stream` are filled in by the runner.
    """

    default_what = "The source cannot be read."
    default_remedy = "See the vendor's status page and try again."

    def __init__(
        self,
        what: str = "",
        *,
        remedy: str = "",
        place: str = "",
        status: int | None = None,
        vendor_message: str = "",
        source: str = "",
        stream: str = "",
    ) -> None:
        self.what = _sayable(what or self.default_what)
        self.remedy = _sayable(remedy or self.default_remedy)
        self.place = _sayable(place)
        self.status = status
        self.vendor_message = _sayable(vendor_message)[:300]
        self.source = source
        self.stream = stream
        # The parsed body of the answer, for connectors that look for more in it; never shown.
        self.body: Any = None
        super().__init__(self.what)

    def located(self, source: str, stream: str = "") -> "SourceError":
        """This error, with source and stream filled in where they are unknown."""
        self.source = self.source or source
        self.stream = self.stream or stream
        return self

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (" ".join(filter(None, (self.source, self.stream))), self.place) if part
        )
        said = f" The vendor says: {self.vendor_message}" if self.vendor_message else ""
        return f"{where + ': ' if where else ''}{self.what}{said} {self.remedy}".strip()


def _sayable(text: str) -> str:
    """Without secrets, and without half characters, which neither a log nor a database takes."""
    return redact(text).encode(errors="replace").decode()


class Rejected(SourceError):
    """401: the credentials are wrong, expired or revoked."""

    default_what = "The credentials are rejected."
    default_remedy = "Set new credentials of this source in the environment."


class ScopeMissing(SourceError):
    """403: the credentials are good, but may not read this."""

    default_what = "The credentials do not cover this."
    default_remedy = "Give the credentials the missing scope, or upgrade the plan that the stream needs."


class PlanLacks(ScopeMissing):
    """402, or what a vendor says in its place: the account's plan does not include this."""

    default_what = "The vendor's plan does not include this."
    default_remedy = "Upgrade the plan, or do without the stream."


class Unreachable(SourceError):
    """No answer, or none that helps, until the retries' time was used up."""

    default_what = "The vendor does not answer."
    default_remedy = "Check the base URL and the network; the next run goes on where this one stopped."


class RateLimited(SourceError):
    """429, or what a vendor says in its place, until the retries' time was used up."""

    default_what = "The vendor's rate limit is used up."
    default_remedy = "Run again later, or lower the source's requests per minute."


class QuotaSpent(RateLimited):
    """The run's own budget is used up, or the vendor asks for a longer wait than a run may wait: no failure, a pause."""

    default_what = "The quota for this run is spent."
    default_remedy = "Nothing is lost: the next run goes on where this one stopped."


class ClockWrong(SourceError):
    """This machine's clock and the vendor's differ by so much that windows would be read wrongly."""

    default_what = "This machine's clock is wrong."
    default_remedy = "Set the clock (NTP) and run again; nothing was read."


class WindowTooLarge(SourceError):
    """The vendor wants a shorter window. The runner splits the window; connectors raise this from their own statuses."""

    default_what = "The vendor refuses the window as too large."
    default_remedy = "It is the shortest window there is: ask the vendor's support to raise the limit."


class BadRequest(SourceError):
    """Any other 4xx: the vendor refuses the request as such."""

    default_what = "The vendor refuses the request."
    default_remedy = "The vendor's API or the account's set-up may have changed: compare the request with its documentation."


class NotFound(SourceError):
    """404."""

    default_what = "The vendor does not know this address."
    default_remedy = "Check the base URL."


class Gone(SourceError):
    """410: the vendor has switched this address off."""

    default_what = "The vendor has switched this address off."
    default_remedy = "Move the connector to the address that the vendor names in its changelog."


class StuckCursor(SourceError):
    """The vendor's next position is one that was already read: it would be asked for without end."""

    default_what = "The vendor's cursor does not move."
    default_remedy = (
        "Nothing was lost: the window is read again by the next run. If it stays, report it to the vendor."
    )


class ForeignHost(SourceError):
    """An answer points to another host: following it would hand our credentials over."""

    default_what = "The vendor's next page is on a host that is not allowed."
    default_remedy = "Check the base URL; no request was sent there."


class MalformedResponse(SourceError):
    """The answer is not what the API promises: HTML, broken JSON, a broken archive, missing fields."""

    default_what = "The answer is not what the vendor's API promises."
    default_remedy = "Check that the base URL leads to the API and not to a log-in or error page."


class InvalidSettings(SourceError, ValueError):
    """A variable is missing or wrong."""

    default_what = "The settings of the source are incomplete."
    default_remedy = "Set the variable in the environment."


class InvalidRegistry(SourceError, ValueError):
    """The registry's YAML is wrong; `place` is file and line. `problems`: all of it, each with its place."""

    problems: tuple[str, ...] = ()

    default_what = "The registry is not valid."
    default_remedy = "Correct the entry; nothing was read from any vendor."


class InvalidMapping(SourceError, ValueError):
    """A mapping of dropped files is wrong; `place` is file and line."""

    default_what = "The mapping is not valid."
    default_remedy = "Correct the entry; no file was read."


class AlreadyRunning(SourceError):
    """Another process reads this source into the same home."""

    default_what = "Another run is reading this source."
    default_remedy = "Wait until it has ended, or stop it; what it has loaded stays."


class Unreconciled(SourceError):
    """fetched <> loaded + duplicates + quarantined."""

    default_what = "The counts of a window do not add up."
    default_remedy = "Nothing of the cursor was committed: the next run reads the window again."


class LoadFailed(SourceError):
    """dlt or DuckDB could not write."""

    default_what = "The load into raw failed."
    default_remedy = "Look for a full disk or a damaged raw file; the next run reads the window again."
