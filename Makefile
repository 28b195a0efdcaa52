# Everything below uses relative paths only, so that the folder may have a space in its name.
# Needs Python 3.11 or newer with venv; choose another one with `make run PYTHON=/path/to/python3.13`.

PYTHON_IS_NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11, \
	$(shell $(name) $(PYTHON_IS_NEW_ENOUGH) 2>/dev/null && echo $(name))) python3)

BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help run dev test proof bench chaos mutants pages check check-deploy clients fmt lock clean
.DELETE_ON_ERROR:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(INSTALLED) ## Serve with demo data on http://localhost:3001
	$(BIN)/boxoffice serve --demo

dev: $(INSTALLED) ## The same, with reload and debug logs
	$(BIN)/boxoffice serve --demo --reload --log-level debug

# Each process of the tests has a PostgreSQL of its own. Several processes cannot share the one of
# DATABASE_URL, for some tests look at all its sessions. The files are given out in the order of their names:
# by their number of tests, files with few long tests came last, and one process waited for the other.
PYTEST := $(BIN)/python -m pytest $(if $(DATABASE_URL),,-n 2 --dist loadfile --no-loadscope-reorder)

test: $(INSTALLED) ## Run the tests, nine minutes on two cores (ARGS="-k name" passes options to pytest)
	$(PYTEST) $(ARGS)

proof: $(INSTALLED) ## Run what takes longer: the tests marked so, five minutes of chaos, all mutants
	$(PYTEST) -m proof
	$(BIN)/python -m tests.chaos --minutes 5
	$(BIN)/python -m tests.mutants

bench: $(INSTALLED) ## Measure this machine in half an hour (ARGS="--quick": in three minutes)
	$(BIN)/boxoffice bench $(ARGS)

chaos: $(INSTALLED) ## Half an hour of faults and races, checked (ARGS="--minutes 5 --seed 1")
	$(BIN)/python -m tests.chaos $(ARGS)

mutants: $(INSTALLED) ## Break the program in every way that we thought of, and see the tests fail
	$(BIN)/python -m tests.mutants $(ARGS)

pages: $(INSTALLED) ## Write the documents that are made from the code: docs/settings.md, .env.example, a table of the README
	$(BIN)/python -m tests.house.pages
	$(BIN)/python -m tests.support.proof.catalogue

check: $(INSTALLED) ## Format, lint, types, openapi.json, and known weaknesses: ours, and of what we use
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/boxoffice openapi --check
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src
	$(BIN)/python -m tests.audit

check-deploy: .venv-deploy/.installed ## Lint what only runs elsewhere: Dockerfile, compose file, Helm chart, systemd units
	.venv-deploy/bin/python deploy/check.py

.venv-deploy/.installed: deploy/requirements-check.txt
	@"$(PYTHON)" -m venv --clear .venv-deploy
	@.venv-deploy/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/requirements-check.txt
	@touch $@

clients: .venv-clients/.installed ## Install the generators of clients that tests of openapi.json use; needs npm

.venv-clients/.installed: tests/support/clients/requirements.txt tests/support/clients/package.json
	@"$(PYTHON)" -m venv --clear .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check -r tests/support/clients/requirements.txt
	@cp tests/support/clients/package.json .venv-clients/
	@npm install --prefix .venv-clients --no-package-lock --no-audit --no-fund --silent
	@touch $@

fmt: $(INSTALLED) ## Format, and fix what the linter can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv-lock/bin/uv ## Resolve the dependencies again, of development and of the image
	.venv-lock/bin/uv pip compile --universal --python-version 3.11 --extra dev --upgrade \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--quiet --output-file requirements.lock pyproject.toml
	.venv-lock/bin/uv pip compile --universal --python-version 3.11 --extra redis --extra otel --extra rabbitmq --extra nats --extra kafka \
		--constraint requirements.lock --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --quiet --output-file deploy/requirements.lock pyproject.toml

clean: ## Remove the virtual environments and all caches
	rm -rf .venv .venv-lock .venv-deploy .venv-clients .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov dist build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@"$(PYTHON)" $(PYTHON_IS_NEW_ENOUGH) 2>/dev/null || { \
		echo "Boxoffice needs Python 3.11 or newer, and '$(PYTHON)' is not. Try: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into .venv ..."
	@"$(PYTHON)" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv-lock/bin/uv:
	"$(PYTHON)" -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
