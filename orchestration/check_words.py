"""What a check says wherever Dagster shows it: its spec, and the results of its evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from checks.words import check_description
from settings.shown_text import in_markdown


@dataclass(frozen=True)
class CheckWords:
    """`meaning`: what holds of the data. `owner`: who is told. `remedy`: what to do when it fails.

    `holds`: whether its failure keeps the mart from being published. `consequence`: what its failure means for readers,
    where that is not what `holds` says.
    """

    meaning: str
    owner: str
    remedy: str
    holds: bool
    consequence: str | None = None

    @property
    def description(self) -> str:
        """Markdown: meaning, consequence, remedy."""
        return check_description(self.meaning, self.holds, self.remedy, self.consequence)

    @property
    def metadata(self) -> dict[str, str]:
        """`severity` is what the check means to readers, whatever colour the UI gives a failure."""
        severity = "error" if self.holds else "warn"
        return {"owner": self.owner, "severity": severity, "what_to_do": self.remedy}

    def spec(self, name: str, asset: dg.AssetKey, *, blocking: bool = False) -> dg.AssetCheckSpec:
        return dg.AssetCheckSpec(
            name, asset=asset, blocking=blocking, description=self.description, metadata=self.metadata
        )

    def result(
        self,
        name: str,
        asset: dg.AssetKey,
        passed: bool,
        observed: str | None,
        more: Mapping[str, Any] | None = None,
        *,
        is_red: bool = False,
        told: str = "",
    ) -> dg.AssetCheckResult:
        """`observed`: short, without personal data. `more`: further metadata. `is_red`: a failure is red in the UI although
        it holds nothing. `told`: Markdown that a failure shows at once, instead of its meaning and what was seen."""
        return dg.AssetCheckResult(
            asset_key=asset,
            check_name=name,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR if self.holds or is_red else dg.AssetCheckSeverity.WARN,
            description=None if passed else told or self._failure(observed),
            metadata={**self.metadata, "meaning": self.meaning, "observed": observed or "", **(more or {})},
        )

    def _failure(self, observed: str | None) -> str:
        seen = f" **Seen:** {in_markdown(observed.rstrip('.'))}." if observed else ""
        return f"{self.meaning}{seen}"


def as_event(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """The result as a sensor tells it, without a run."""
    assert result.asset_key is not None
    assert result.check_name is not None
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
    )
