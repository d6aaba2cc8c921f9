"""What an organisation does to its registry between two nights."""

from pathlib import Path


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Replace texts that stand in a file once."""
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)


def rename_and_hand_over(folder: Path) -> None:
    """The feature automation gets another id; draco takes the project COS over from cosmos on 2 November."""
    edit(
        folder / "features.yml",
        ("  - id: automation\n", "  - id: autopilot\n    formerly: [automation]\n"),
    )
    edit(
        folder / "teams.yml",
        ("jira_projects: [DRA]", "jira_projects: [DRA, {name: COS, from: 2026-11-02}]"),
        ("jira_projects: [COS]", "jira_projects: [{name: COS, to: 2026-11-01}]"),
    )


def merge(folder: Path) -> None:
    """Templates become part of board: its event is one of board's, its tag of nobody's."""
    path = folder / "features.yml"
    head, rest = path.read_text().split("  - id: templates\n")
    path.write_text(head + rest[rest.index("  - id: ") :])
    edit(
        path,
        ("  - id: board\n", "  - id: board\n    formerly: [templates]\n"),
        ("{event: board_edited}]", "{event: board_edited}, {event: template_used}]"),
    )


def hand_over_feature(folder: Path, feature: str) -> None:
    """Draco takes a feature of cosmos over on 2 November."""
    path = folder / "features.yml"
    head, rest = path.read_text().split(f"  - id: {feature}\n")
    handed_over = "team: [{name: cosmos, to: 2026-11-01}, {name: draco, from: 2026-11-02}]"
    path.write_text(f"{head}  - id: {feature}\n{rest.replace('team: cosmos', handed_over, 1)}")
