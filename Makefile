# Everything one does with this checkout. Needs make, git and Python 3.11; `make help` lists it.

PYTHON ?= $(shell for each in python3.11 python3 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
APPS := core vendors users inventory sales notifications dashboard omni_stock
SCHEMA := $(BIN)/python manage.py spectacular --validate --fail-on-warn
SERVED := $(BIN)/python -m scripts.services --
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-strip-extras
# Enough for the settings to load as in production; it signs and opens nothing.
PRODUCTION := env DJANGO_SETTINGS_MODULE=omni_stock.settings.production \
	DJANGO_SECRET_KEY=throw-away-7f3c1e9a5b2d8f6047c3a1e5d9b8f2604c7a3e1d5b9f8c26 \
	DJANGO_ALLOWED_HOSTS=omni-stock.example CORS_ORIGINS=https://omni-stock.example

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test chaos bench fuzz check lint check-django check-schema format schema messages requirements clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/local.stamp ## start everything with sample data, until Ctrl-C
	@exec $(BIN)/python -m scripts.run

test: $(VENV)/dev.stamp ## run the tests on their own PostgreSQL and Valkey (ARGS="-k export")
	$(SERVED) $(BIN)/pytest -n 2 $(ARGS)

chaos: $(VENV)/dev.stamp ## run each race a thousand times, and 10,000 sales (ARGS="-k refresh")
	$(SERVED) env RACE_ROUNDS=1000 HAMMER=10000 $(BIN)/pytest -n 0 -m chaos -o timeout=3600 $(ARGS)

bench: $(VENV)/dev.stamp ## measure ours beside plain DRF and the limit (SCALE=100000,1000000 ONLY=list SECONDS=3)
	$(BIN)/python -m benchmarks --scale $(or $(SCALE),100000) $(if $(ONLY),--only $(ONLY)) \
		--seconds $(or $(SECONDS),2) $(ARGS)

fuzz: $(VENV)/dev.stamp ## call the API at random as its schema allows and forbids (CASES=50000)
	$(SERVED) env FUZZ_CASES=$(or $(CASES),50000) $(BIN)/pytest -n 0 tests/fuzz

check: lint check-django check-schema ## run every check that is not a test

lint: $(VENV)/dev.stamp ## style, architecture, types, security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/bandit -q -c pyproject.toml -r $(APPS)
	@# Starting other programs is what scripts are for.
	$(BIN)/bandit -q -c pyproject.toml -s B404,B603,B607 -r scripts

check-django: $(VENV)/dev.stamp ## missing migrations, production settings
	@# Its database lets Django compare the migrations' history, and production settings load.
	$(SERVED) $(BIN)/python manage.py makemigrations --check --dry-run
	$(SERVED) $(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

check-schema: $(VENV)/dev.stamp ## the published API description matches the code
	@new=$$(mktemp) && trap 'rm -f "$$new"' EXIT && \
	for each in "v1 schema.yml" "v2 schema-v2.yml"; do set -- $$each; \
		$(SCHEMA) --api-version $$1 --file "$$new" && diff -u "docs/api/$$2" "$$new" || \
		{ echo "docs/api/$$2 is out of date: run 'make schema' and commit it."; exit 1; }; done

format: $(VENV)/dev.stamp ## format the code and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: $(VENV)/dev.stamp ## write docs/api/schema.yml, schema-v2.yml and the Postman collection
	$(SCHEMA) --api-version v1 --file docs/api/schema.yml
	$(SCHEMA) --api-version v2 --file docs/api/schema-v2.yml
	$(BIN)/python -m scripts.postman

messages: $(VENV)/dev.stamp ## collect what the code tells people into locale/, and compile it
	$(BIN)/python -m scripts.messages

requirements: ## compile requirements*.in again (needs uv; UPGRADE=--upgrade for new versions)
	@command -v uv >/dev/null || { echo "This needs uv: https://docs.astral.sh/uv/"; exit 1; }
	$(COMPILE) $(UPGRADE) requirements.in -o requirements.txt
	$(COMPILE) $(UPGRADE) requirements-local.in -o requirements-local.txt
	$(COMPILE) $(UPGRADE) requirements-dev.in -o requirements-dev.txt

clean: ## remove the virtual environment and caches; data in var/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/local.stamp: requirements-local.txt | $(BIN)/pip
	@echo "Installing what Omni-Stock runs on (about a minute, only now) ..."
	@$(INSTALL) -r $<
	@touch $@

# One environment for both: what development needs includes what running needs.
$(VENV)/dev.stamp: requirements-dev.txt | $(BIN)/pip
	@echo "Installing what development needs (about two minutes, only now) ..."
	@$(INSTALL) -r $<
	@touch $@ $(VENV)/local.stamp

$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "Omni-Stock needs Python 3.11 or newer: none of python3.11," \
		"python3 and python is. Install it, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual" \
		"environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
