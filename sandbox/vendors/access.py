"""How a connector gets in at a vendor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """How a connector gets in: its variables, and the budgets it is given.

    `variables`: name without the prefix POPS_<VENDOR>_ -> value.
    `requests_per_minute`: below the narrowest limit that the vendor's routes have here, for one minute of its time.
    `requests_per_run`: the quota of a run at the vendor's own pace; None: the vendor has none.
    `is_second`: another tool of its family shows the same facts: served only when it is named.
    """

    variables: dict[str, str]
    requests_per_minute: int
    requests_per_run: int | None = None
    is_second: bool = False
