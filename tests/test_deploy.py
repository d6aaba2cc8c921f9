"""What is deployed is what was meant: settings that Dagster takes, units and services that run what there is."""

import configparser
import json
import re
import shutil
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from orchestration.health import health
from orchestration.retention import forget_runs
from settings.home import Home

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
HOST = "product-ops.example.org"
PUBLISHED_AT = datetime(2026, 11, 16, 1, tzinfo=UTC)


def test_dagster_takes_the_settings_of_production_and_of_one_machine(tmp_path: Path) -> None:
    for settings in (DEPLOY / "dagster.yaml", DEPLOY.parent / "orchestration" / "dagster.yaml"):
        shutil.copy(settings, tmp_path / "dagster.yaml")
        found, _ = dagster_instance_config(str(tmp_path))
        assert found["concurrency"]["pools"]["default_limit"] == 1
        assert not found["telemetry"]["enabled"]
    wanted = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    assert wanted["storage"]["postgres"]["postgres_url"] == {"env": "POPS_DAGSTER_POSTGRES_URL"}


def test_a_home_takes_the_settings_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("POPS_DAGSTER_YAML", str(DEPLOY / "dagster.yaml"))
    home = Home(tmp_path).prepare()
    assert (home.dagster / "dagster.yaml").read_text() == (DEPLOY / "dagster.yaml").read_text()


def test_units_and_services_keep_the_ui_on_loopback_and_secrets_out() -> None:
    for unit in (DEPLOY / "systemd").glob("*.service"):
        read = configparser.ConfigParser(strict=False, interpolation=None)
        read.optionxform = str  # type: ignore[assignment,method-assign]
        read.read(unit)
        assert read["Service"]["User"] == "product-ops", unit
        assert read["Service"]["EnvironmentFile"] == "/etc/product-ops/product-ops.env", unit
        assert read["Service"]["UMask"] == "0027", unit
        if "webserver" in unit.name:
            assert "--host 127.0.0.1" in read["Service"]["ExecStart"]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert services["webserver"]["ports"] == ["127.0.0.1:3000:3000"]
    assert all("ports" not in service for name, service in services.items() if name != "webserver")
    example = (DEPLOY / "product-ops.env.example").read_text()
    assert all(
        not line.split("=", 1)[1] or not line.split("=")[0].endswith(("_KEY", "_SECRET", "_TOKEN"))
        for line in example.splitlines()
        if line.startswith("POPS_")
    )


SECRETS = ("deploy/product-ops.env", "deploy/.env", "deploy/eu.env", "data/raw/zendesk.duckdb")


def test_git_and_images_leave_secrets_and_records_out(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    asked = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", *SECRETS, "deploy/product-ops.env.example"],
        capture_output=True,
        text=True,
    )
    assert asked.stdout.split() == list(SECRETS)
    left_out = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#!"
    ]
    for path in (*SECRETS, ".env", ".git/config", ".venv/bin/python"):
        assert any(_is_under(path, pattern) for pattern in left_out), path
    for path in ("deploy/product-ops.env.example", "requirements.lock", "orchestration/__init__.py"):
        assert not any(_is_under(path, pattern) for pattern in left_out), path


def _is_under(path: str, pattern: str) -> bool:
    """Whether a pattern of a .dockerignore names the path or a folder above it; `**/` stands for any folders, or none."""
    parts, pattern = path.split("/"), pattern.rstrip("/")
    heads = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    if not pattern.startswith("**/"):
        return any(fnmatchcase(head, pattern) for head in heads)
    return any(fnmatchcase(part, pattern.removeprefix("**/")) for part in parts)


@pytest.mark.parametrize(
    ("method", "upgrade", "origin", "uri", "status"),
    [
        ("GET", "", "", "/runs", None),
        ("HEAD", "", "https://evil.example", "/runs", None),
        ("POST", "", f"https://{HOST}", "/graphql", None),
        ("GET", "websocket", f"https://{HOST}", "/graphql", None),
        ("GET", "WebSocket", f"https://{HOST}", "/graphql", None),
        ("GET", "", f"https://{HOST}", "/graphql", 405),
        ("HEAD", "", "", "/graphql/", 405),
        ("GET", "h2c", f"https://{HOST}", "/graphql", 405),
        ("POST", "", "", "/graphql", 403),
        ("POST", "", "null", "/graphql", 403),
        ("POST", "", f"http://{HOST}", "/graphql", 403),
        ("POST", "", f"https://{HOST}.evil.example", "/graphql", 403),
        ("POST", "", "https://evil.example", "/report_asset_materialization/x", 403),
        ("GET", "websocket", "https://evil.example", "/graphql", 403),
        ("GET", "websocket", "", "/graphql", 403),
    ],
)
def test_nginx_lets_only_the_own_pages_change_something(
    method: str, upgrade: str, origin: str, uri: str, status: int | None
) -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    may_change = _mapped(text, "$product_ops_may_change", f"{method} {upgrade}")
    is_foreign = _mapped(text, "$product_ops_is_foreign", f"{may_change} {origin}")
    location = re.search(
        r"location ~ (\S+) \{\s+if \(\$product_ops_may_change = no\) \{\s+return (\d+);", text
    )
    foreign = re.search(r"^    if \(\$product_ops_is_foreign\) \{\s+return (\d+);", text, re.M)
    assert location
    assert foreign
    answer = None
    if may_change == "no" and re.search(location[1], uri):
        answer = int(location[2])
    if is_foreign == "1":
        answer = int(foreign[1])
    assert answer == status


def _mapped(text: str, variable: str, value: str) -> str:
    """What a `map` of nginx gives for a value: a text that is equal but for case, else the first pattern, else the default."""
    block = re.search(r'map "[^"]+" ' + re.escape(variable) + r" \{(.*?)\n\}", text, re.S)
    assert block
    rules = re.findall(r'^\s+(?:"([^"]*)"|default) (\w+);$', block[1], re.M)
    for source, result in rules:
        if source and source[0] != "~" and source.lower() == value.lower():
            return str(result)
    for source, result in rules:
        if source.startswith("~*") and re.search(source[2:], value, re.I):
            return str(result)
        if source.startswith("~") and source[1] != "*" and re.search(source[1:], value):
            return str(result)
    return str(next(result for source, result in rules if not source))


def test_both_proxies_answer_to_one_host_alone() -> None:
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    servers = re.findall(r"^server \{\n(.*?)^\}", nginx, re.M | re.S)
    names = {re.findall(r"server_name (\S+);", each)[0]: each for each in servers}
    assert set(names) == {"_", HOST}
    assert {"listen 443 ssl default_server;", "return 444;"} <= {
        line.strip() for line in names["_"].splitlines()
    }
    assert "proxy_pass" not in names["_"]
    sites = dict(re.findall(r"^(\S+) \{\n(.*?)^\}", caddy, re.M | re.S))
    assert set(sites) == {HOST, ":443"}
    assert sites[":443"].split()[-1] == "abort"
    # What refuses stands in a route, in which order counts, before what forwards.
    route = sites[HOST].split("route {")[1]
    for refusal in ("respond @graphql_by_get 405", "respond @foreign_change 403", "respond @foreign_websocket 403"):  # fmt: skip
        assert route.index(refusal) < route.index("reverse_proxy 127.0.0.1:3000")
    assert sites[HOST].count(f"not header Origin https://{HOST}") == 2


def test_no_other_page_shows_the_ui_in_a_frame() -> None:
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    [server] = [each for each in re.findall(r"^server \{\n(.*?)^\}", nginx, re.M | re.S) if HOST in each]
    assert "\n    add_header Content-Security-Policy \"frame-ancestors 'self'\" always;" in server
    # One within a location would take the place of the server's.
    assert server.count("add_header") == 1
    site = dict(re.findall(r"^(\S+) \{\n(.*?)^\}", caddy, re.M | re.S))[HOST]
    assert "\n\theader +Content-Security-Policy \"frame-ancestors 'self'\"\n" in site


def test_the_version_stands_in_one_place_and_the_changelog_knows_it() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"^## \[(\S+)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest
    assert newest[1] == version
    assert "version" not in yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text())


def test_what_runs_for_a_pull_request_is_what_anybody_runs() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    runs = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    assert runs == {"make lint", ".ci/run", "make test-engine"}
    assert "`pops diff`" in (ROOT / ".github" / "pull_request_template.md").read_text()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.published.parent.mkdir(parents=True)
    with duckdb.connect(str(found.published)) as mart:
        mart.execute("create schema meta")
        mart.execute(
            "create table meta.publication as select date '2026-11-16' as as_of, 2 as revision, ?::timestamp as published_at",
            [PUBLISHED_AT.replace(tzinfo=None)],
        )
        mart.execute(
            "create table meta.sources as select * from (values ('jira', 'ok'), ('zendesk', 'failed'), ('files', 'off')) as s(source, outcome)"
        )
    return found


def test_health_says_how_old_the_mart_is_and_what_was_not_read(home: Home) -> None:
    well = health(home, PUBLISHED_AT + timedelta(hours=7))
    assert (well.state, well.exit_code, well.age_hours, well.stale_sources) == ("ok", 0, 7.0, ("zendesk",))
    assert json.loads(well.as_json())["as_of"] == "2026-11-16"
    old = health(home, PUBLISHED_AT + timedelta(hours=31))
    assert (old.state, old.exit_code) == ("old", 1)
    assert "Is the schedule `nightly` on" in old.reasons[0]


def test_health_tells_withheld_from_missing(home: Home) -> None:
    home.published.with_name("withheld.txt").write_text("Tickets end before they begin.")
    withheld = health(home, PUBLISHED_AT + timedelta(hours=7))
    assert (withheld.state, withheld.exit_code) == ("withheld", 1)
    assert withheld.reasons == ("Tickets end before they begin.",)
    home.published.write_bytes(b"no database")
    assert health(home, PUBLISHED_AT).exit_code == 2
    home.published.unlink()
    missing = health(home, PUBLISHED_AT)
    assert (missing.state, missing.exit_code) == ("missing", 2)


def test_health_knows_the_room_that_a_night_needs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    now = PUBLISHED_AT + timedelta(hours=7)
    well = health(home, now)
    assert well.free_bytes is not None
    assert well.needed_bytes is not None
    assert well.home_bytes["published"] == home.published.stat().st_size
    monkeypatch.setattr("orchestration.health.room", lambda home: (well.needed_bytes - 1, well.needed_bytes))
    full = health(home, now)
    assert (full.state, full.exit_code) == ("full", 1)
    assert "free some" in full.reasons[0]


def test_old_runs_are_forgotten_but_not_the_last_that_made_an_asset() -> None:
    @dg.asset
    def often() -> None: ...

    @dg.asset
    def once() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        first = dg.materialize([once], instance=instance).run_id
        second = dg.materialize([often], instance=instance).run_id
        third = dg.materialize([often], instance=instance).run_id
        now = datetime.now(UTC)
        assert forget_runs(instance, now, timedelta(days=7)) == 0
        assert forget_runs(instance, now + timedelta(days=8), timedelta(days=7)) == 1
        assert {run.run_id for run in instance.get_runs()} == {first, third}
        assert not instance.has_run(second)


def test_production_installs_the_locked_packages_and_nothing_else() -> None:
    """The lock of the repository, but for what Dagster's PostgreSQL storage brings, and the older SQLAlchemy it asks for."""

    def pins(file: Path) -> dict[str, str]:
        blocks = re.split(r"(?m)^(?=\S)", file.read_text())
        assert all("--hash=sha256:" in block for block in blocks if block)
        return dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", file.read_text()))

    ours, production = pins(ROOT / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    assert production.keys() - ours.keys() == {"dagster-postgres", "greenlet", "psycopg2-binary"}
    assert ours.keys() <= production.keys()
    assert {name for name in ours if ours[name] != production[name]} == {"sqlalchemy"}
    told = (DEPLOY / "Dockerfile").read_text() + (DEPLOY / "README.md").read_text()
    for line in re.findall(r".*\bpip install\b.*", told):
        assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line
