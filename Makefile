# The daily commands. Each sets up what it needs in .venv, from pinned and hashed requirements.
PYTHON ?= python3
BIN := .venv/bin
PERIOD := 2025-10

.PHONY: demo test lint types contracts check bench bench-shipping bench-athena cost-tables conformance synth checkov \
    try-cloud diff deploy package lock wheel clean help

help: ## List the commands.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: .venv/main ## Make traffic, bill it, and show the invoices.
	rm -rf demo
	$(BIN)/usagelake simulate --out demo --period $(PERIOD)
	$(BIN)/usagelake bill --landing demo/landing --pricing pricing --period $(PERIOD) --out demo/out --lake demo/lake

test: .venv/dev ## Run the tests.
	$(BIN)/python -m pytest -n auto

lint: .venv/dev ## Lint, and check the format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev ## Check the types.
	$(BIN)/mypy

contracts: .venv/dev ## Check that imports point inward.
	$(BIN)/lint-imports

check: lint types contracts test ## All of the above.

bench: .venv/dev ## Measure the main job against its floor (minutes; see bench/README.md).
	$(BIN)/python -m bench.run $(ARGS)

bench-shipping: .venv/dev .venv-peers/ready ## Measure delivery against other handlers (minutes; needs a quiet machine).
	$(BIN)/python -m bench.shipping.run $(ARGS)

bench-athena: .venv/dev ## Weigh what each statement would scan on Athena (minutes; ARGS=--landing DIR for yours).
	$(BIN)/python -m bench.athena_bytes $(ARGS)

cost-tables: .venv/dev ## Set the tables of docs/cost.md from the model.
	$(BIN)/python -m bench.cost_tables $(ARGS)

conformance: .venv/dev ## Compare DuckDB with a real Trino, which is fetched from Maven (minutes; needs Java 24 or later).
	$(BIN)/python -m tests.conformance.run $(ARGS)

synth: .venv/dev ## Write the CDK app's templates into cdk.out/ (ENV=dev for one environment).
	CDK_OUTDIR=cdk.out CDK_CONTEXT_JSON='{"env": "$(ENV)"}' $(BIN)/python app.py

checkov: .venv/dev .venv-checkov/ready ## Judge every environment's templates with checkov, offline.
	$(BIN)/python -m tests.infra.judge_by_checkov .venv-checkov/bin/checkov

try-cloud: .venv/dev .venv-cloud/ready ## Deploy dev to a local emulator of AWS, send requests, bill them (minutes; needs node and npm's registry).
	$(BIN)/python -m tests.try_cloud.run .venv-cloud/bin/ministack

diff: .venv/dev ## Show what deploying ENV would change.
	$(CDK) diff -c env=$(call one_env) --all

deploy: .venv/dev ## Deploy ENV to AWS.
	$(CDK) deploy -c env=$(call one_env) --all

package: .venv/dev ## Make what a Lambda function holds in build/lambda, as a deployment does.
	rm -rf build/lambda
	$(BIN)/python -m infra.packaging build/lambda

ENV := all
CDK := PATH="$(CURDIR)/$(BIN):$$PATH" npx --yes aws-cdk@2.1148.1
one_env = $(if $(filter all,$(ENV)),$(error name one environment: make $@ ENV=dev),$(ENV))

wheel: .venv/dev ## Build the wheel into dist/.
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lock: ## Pin the requirements again; needs uv.
	printf 'hatchling\neditables\n' | uv pip compile - $(LOCK) -o requirements/build.txt
	uv pip compile pyproject.toml $(LOCK) -o requirements/main.txt
	uv pip compile pyproject.toml --extra dev --extra bench --extra ship --extra trino --extra athena --extra lambda --extra infra --extra infra-dev -c requirements/main.txt $(LOCK) -o requirements/dev.txt
	uv pip compile pyproject.toml --extra ship -c requirements/dev.txt $(LOCK) -o requirements/ship.txt
	uv pip compile requirements/peers.in $(LOCK) -o requirements/peers.txt
	uv pip compile requirements/lambda.in -c requirements/dev.txt $(LAMBDA_LOCK) -o requirements/lambda.txt
	uv pip compile requirements/checkov.in $(LOCK) -o requirements/checkov.txt
	uv pip compile requirements/cloud.in $(LOCK) -o requirements/cloud.txt
LOCKED := --generate-hashes --no-header --no-annotate --quiet
LOCK := --universal --python-version 3.11 $(LOCKED)
LAMBDA_LOCK := --python-version 3.13 --python-platform aarch64-manylinux2014 $(LOCKED)

clean: ## Remove what the commands have made.
	rm -rf .venv .venv-peers .venv-checkov .venv-cloud cdk.out demo dist build bench/data bench/out

.venv/main: requirements/build.txt requirements/main.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "usagelake needs Python 3.11 or later; name one with make PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/main.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv/dev: .venv/main requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

.venv-peers/ready: requirements/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	touch $@

.venv-checkov/ready: requirements/checkov.txt
	$(PYTHON) -m venv .venv-checkov
	.venv-checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/checkov.txt
	touch $@

.venv-cloud/ready: requirements/cloud.txt
	$(PYTHON) -m venv .venv-cloud
	.venv-cloud/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/cloud.txt
	touch $@
