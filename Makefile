# The commands of the project. `make demo` and `make test` work on a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help env demo test check model model-check clean

help: ## these commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

env: $(VENV)/.ready ## the environment alone: .venv with the passerelle command in it

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@echo "[1/3] a Python environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/3] the pinned libraries (a minute or two the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements-dev.lock | grep -vE '^(Requirement already|  Using cached)' || true
	@$(BIN)/python -c 'import sqlalchemy, starlette, pytest' || { echo "a library is missing: run 'make env' again with the network on"; exit 1; }
	@echo "[3/3] passerelle itself"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: env ## the service with the demonstration organisation: two simulated phones in the browser
	@PASSERELLE_STATE=$(CURDIR)/.demo $(BIN)/passerelle serve

test: env ## every test, on SQLite and a real PostgreSQL
	@$(BIN)/python -m pytest -m "not slow"

check: env ## style, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

model: env ## train again with real Rasa, and export (needs a Python 3.10)
	sh nlu/rasa/env.sh
	.venv-rasa/bin/python -m nlu.rasa.train
	.venv-rasa/bin/python -m nlu.rasa.export
	.venv-rasa/bin/python -m nlu.rasa.reference

model-check: env ## train again with real Rasa, and compare with the model that is here
	@$(BIN)/python -m nlu.rasa.check

clean: ## remove the environment and what was built
	rm -rf $(VENV) .venv-rasa .demo build dist *.egg-info
