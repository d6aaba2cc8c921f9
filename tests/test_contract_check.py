"""What `pops check` and a night say when a source cannot be read: which source, which stream, why, and what to do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.contract import Credentials
from connectors.credentials import check_source
from connectors.settings import prefix
from pops.sources import credentials
from sandbox.serving.running import running_app
from tests.contract_house import House, Impatient, World, world
from tests.contract_second_cases import CASES

METHODS = ["GET", "POST"]
STRANGERS = {
    "html": HTMLResponse("<!DOCTYPE html><html><body>Log in</body></html>"),
    "object": JSONResponse({"ok": True, "items": []}),
    "list": JSONResponse([1, 2, 3]),
    "text": JSONResponse("hello"),
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("homes")) as running:
        yield running


@pytest.fixture(scope="module")
def strangers() -> Iterator[str]:
    """Servers that are no vendor of ours, below /html, /object, /list and /text."""

    async def answer(request: Request) -> Response:
        return STRANGERS[request.path_params["kind"]]

    with running_app(Starlette(routes=[Route("/{kind}/{path:path}", answer, methods=METHODS)])) as base_url:
        yield base_url


@pytest.fixture(params=list(CASES))
def house(
    request: pytest.FixtureRequest, company: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    return House(company, CASES[request.param], tmp_path, monkeypatch)


def checked(house: House, ahead: timedelta = timedelta(0), **variables: str) -> Credentials:
    env = house.env | {prefix(house.source) + name: value for name, value in variables.items()}
    answer = check_source(house.source, env, clock=Impatient(ahead))
    assert answer is not None
    return answer


def secret_names(house: House) -> list[str]:
    fields = house.kind.Settings.model_fields
    return [
        name.upper()
        for name, field in fields.items()
        if field.annotation is SecretStr and field.is_required()
    ]


def test_good_credentials_are_ok(house: House) -> None:
    assert checked(house) == Credentials("ok")


def test_each_wrong_secret_is_rejected_with_its_variable_and_what_is_needed(house: House) -> None:
    for name in secret_names(house):
        answer = checked(house, **{name: "wrong-secret-4711"})
        assert answer.state == "rejected", answer.remedy
        assert answer.remedy.startswith(house.source)
        assert prefix(house.source) + name in answer.remedy
        assert house.kind.access in answer.remedy
        assert "wrong-secret-4711" not in answer.remedy


def test_each_missing_variable_is_named_and_stops_this_source_alone(house: House, company: World) -> None:
    other = next(each for each in CASES if each != house.source)
    with pytest.MonkeyPatch.context() as patch:
        others = House(company, CASES[other], house.home, patch).env
    fields = house.kind.Settings.model_fields.items()
    for variable in [prefix(house.source) + name.upper() for name, field in fields if field.is_required()]:
        env = {name: value for name, value in house.env.items() if name != variable}
        answers = dict(credentials(None, env | others))
        assert answers[other].state == "ok"
        assert answers[house.source].state == "rejected"
        assert f"{variable} is not set" in answers[house.source].remedy
        house.env = env
        run = house.run()
        assert run.outcome == "failed"
        assert f"{variable} is not set" in (run.error or "")
        house.env = {**env, variable: "restored"}


def test_a_refused_scope_is_named_with_the_access_that_is_needed(house: House) -> None:
    house.fault("403", "*", times=1000)
    answer = checked(house)
    assert answer.state in ("scope_missing", "rejected")
    assert answer.remedy.startswith(house.source)
    assert any(word in answer.remedy.lower() for word in ("give", "needed", "allow", "set "))


@pytest.mark.parametrize("kind", STRANGERS)
def test_another_server_at_the_base_url_is_told(house: House, strangers: str, kind: str) -> None:
    answer = checked(house, BASE_URL=f"{strangers}/{kind}")
    assert answer.state == "unreachable", answer
    assert answer.remedy.startswith(house.source)
    assert "base URL" in answer.remedy
    house.only_main()
    house.env[prefix(house.source) + "BASE_URL"] = f"{strangers}/{kind}"
    run = house.run()
    assert run.outcome == "failed"
    assert f"{house.source} {house.case.main}" in (run.error or "")
    assert house.rows(f"select count(*) from raw_{house.source}.{house.case.main}") == [(0,)]


def test_nobody_at_the_base_url_is_told(house: House) -> None:
    answer = checked(house, BASE_URL="http://127.0.0.1:9")
    assert answer.state == "unreachable"
    assert "Check the base URL and the network" in answer.remedy


def test_a_clock_off_by_a_day_is_told_and_nothing_is_read(house: House) -> None:
    answer = checked(house, timedelta(days=1))
    assert answer.state == "unreachable"
    assert "clock" in answer.remedy
    assert "NTP" in answer.remedy
    house.only_main()
    run = house.run(clock=Impatient(timedelta(days=-1)))
    assert run.outcome == "failed"
    assert f"{house.source} {house.case.main}" in (run.error or "")
    assert "clock" in (run.error or "")
    assert house.rows(f"select count(*) from raw_{house.source}.{house.case.main}") == [(0,)]
