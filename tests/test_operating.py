"""The operator's page, walked as it stands, on the home that two nights have left."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pops.cli import app
from sandbox.serving.running import running_sandbox
from tests.nights import NIGHTS, House, night_moment, three_nights
from tests.searched_home import places_with

PAGE = (Path(__file__).parents[1] / "deploy" / "OPERATING.md").read_text()
SOMEONE, CUSTOMER = "usr_000160", "cedar-energy.example"


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


def test_every_task_has_a_command() -> None:
    tasks = re.split(r"^## ", PAGE, flags=re.M)[1:]
    assert len(tasks) > 8
    assert all("```sh\npops " in task or "pops " in task.split("```sh\n")[1] for task in tasks)


def test_the_page_is_walked(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights, folder = three_nights(tmp_path_factory), tmp_path_factory.mktemp("operator")
    home = nights.after[NIGHTS[1]].copy(folder / "home").home
    with running_sandbox(scale="small", now=night_moment(NIGHTS[1])) as sandbox:
        environment = House(home, sandbox.environment()).environment()
        values = {
            "SOMEONE": SOMEONE, "CUSTOMER": CUSTOMER, "OTHER_CUSTOMER": "acct_0003", "FOLDER": str(folder / "out"),
            "DATE": "2026-06-01", "DATE_AFTER": "2026-06-02", "BACKUP": str(folder / "backup"),
            "NEW_HOME": str(folder / "new"), "NEW_KEY": "another-key-that-is-long-enough-too",
        }  # fmt: skip
        for name, value in {**environment, **values}.items():
            monkeypatch.setenv(name, value)
        for line in commands():
            walk(line)
    assert places_with(folder / "new", [SOMEONE, CUSTOMER]) == []
    assert places_with(home, [SOMEONE, CUSTOMER]) == []
    assert list((folder / "out").glob("account-*/raw.*.jsonl"))
    shutil.rmtree(folder)


def walk(line: str) -> None:
    words = [os.path.expandvars(word) for word in shlex.split(line.replace("'", ""))]
    place = words.index("pops")
    given = dict(word.split("=", 1) for word in words[:place])
    with pytest.MonkeyPatch.context() as environment:
        for name, value in given.items():
            environment.setenv(name, value)
        done = CliRunner().invoke(app, words[place + 1 :])
    # The mart of the test's nights is older than a monitor bears.
    assert done.exit_code in ((0, 1) if words[place + 1] == "health" else (0,)), (
        f"{line}\n{done.output}\n{done.exception!r}"
    )
