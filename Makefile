# Needs Python 3.11+ and make. Everything else is installed into .venv from the hash-locked requirements.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# What runs from here is about the demo company, unless the environment says about whom.
export POPS_REGISTRY_DIR ?= $(CURDIR)/sandbox/registry

.PHONY: demo test test-fast test-engine dev lint lint-fast docs hooks bench bench-engine browser pictures bi-check storm

demo: .venv/ready
	$(BIN)/pops demo

test: .venv/ready-dev browser
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# What a change needs first: no night, nothing that parses or builds the project, no whole report, no browser.
test-fast: .venv/ready-dev
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

# Whether Apache Spark takes every model and test, makes of vendors' texts what DuckDB does, and gives nights the same numbers;
# needs Java (17 or 21).
test-engine: .venv/ready-engine
	SPARK_LOCAL_IP=127.0.0.1 $(BIN)/pytest tests/engine/spark_macros.py tests/engine/spark_models.py tests/engine/spark_nights.py

dev: .venv/ready
	@mkdir -p data/dagster && cp orchestration/dagster.yaml data/dagster/
	DAGSTER_HOME=$(CURDIR)/data/dagster POPS_PSEUDONYM_KEY=$$(cat data/demo_pseudonym_key 2>/dev/null) \
	$(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port 3000

# SQL is templated by dbt, on two cores; lint-fast looks only at SQL that differs from LINT_BASE.
LINT_BASE ?= origin/main
lint: SQL = echo models tests
lint-fast: SQL = git diff --relative --name-only --diff-filter=d $(LINT_BASE) -- 'models/*.sql' 'tests/*.sql'
lint lint-fast: .venv/ready-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict sandbox/registry sandbox/registry_before connectors/registry dbt_project/models dbt_project/*.yml
	$(BIN)/pytest -q tests/test_architecture.py tests/test_conventions.py
	$(BIN)/python -c 'from connectors.runner import prepare_raw; prepare_raw(".venv/lint")'
	cd dbt_project && files=$$($(SQL)) && if [ -n "$$files" ]; then \
	POPS_HOME=$(CURDIR)/.venv/lint POPS_PSEUDONYM_KEY=lint POPS_AS_OF=2026-11-16 \
	$(CURDIR)/$(BIN)/sqlfluff lint --processes 2 $$files; fi

# dbt's documentation of the last night, on http://127.0.0.1:8081.
docs: .venv/ready
	$(BIN)/pops docs

hooks: .venv/ready-dev
	$(BIN)/pre-commit install

BENCH_RUNS ?= 1
bench: .venv/ready-dev
	$(BIN)/python -m tests.bench --runs $(BENCH_RUNS) && $(BIN)/python -m tests.bench_nights --runs $(BENCH_RUNS) \
	&& $(BIN)/python -m tests.bench_nights --runs $(BENCH_RUNS) --sources amplitude,hubspot,jira,zendesk \
	&& $(BIN)/python -m tests.bench_reading --runs $(BENCH_RUNS)

BENCH_SCALE ?= demo
bench-engine: .venv/ready-engine
	SPARK_LOCAL_IP=127.0.0.1 $(BIN)/python -m tests.engine.bench --scale $(BENCH_SCALE)

# Faults, kills, damage and clocks over the reading of sources and over whole nights; STORM_SECONDS, and STORM_SEED to replay.
storm: .venv/ready-dev
	POPS_REGISTRY_DIR=$(CURDIR)/sandbox/registry $(BIN)/python -m tests.storm

# The README's pictures, of the data that `make demo` has left.
pictures: .venv/ready-dev browser
	POPS_REGISTRY_DIR=$(CURDIR)/sandbox/registry POPS_PSEUDONYM_KEY=$$(cat data/demo_pseudonym_key) $(BIN)/python -m tests.pictures

# Apache Superset and dbt-metabase in an environment of their own (Python 3.11 or 3.12), and Cube's compiler (Node 20 or later), on the
# demo's mart and on published targets while they change.
bi-check: .venv/ready-dev .venv-bi/ready .venv-bi/cube/ready
	$(BIN)/python -m tests.bi_check .venv-bi/bin/python .venv-bi/cube/node_modules

.venv-bi/cube/ready: Makefile
	@mkdir -p .venv-bi/cube
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix .venv-bi/cube @cubejs-backend/schema-compiler@1.7.43
	@touch $@

.venv-bi/ready: .venv/bin/uv requirements-bi.lock
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-bi
	$(BIN)/uv pip install --quiet --python .venv-bi/bin/python --require-hashes -r requirements-bi.lock
	@touch $@

.venv/bin/uv: requirements-bootstrap.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

.venv/ready: .venv/bin/uv requirements.lock pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

.venv/ready-engine: .venv/ready-dev requirements-spark.lock requirements-engine.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-engine.lock
	@touch $@

# The test of the report and of the lineage looks at them in a browser.
browser: .venv/ready-dev
	@command -v chromium chromium-browser google-chrome >/dev/null \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	|| $(BIN)/playwright install chromium
