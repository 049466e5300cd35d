# The commands of the project. `make demo` and `make test` work on a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help env demo test check model model-check clean

help: ## these commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

env: $(VENV)/.ready ## the environment alone: .venv with the passerelle command in it

$(VENV)/.ready: requirements-installer.lock requirements-dev.lock pyproject.toml
	@echo "[1/4] a Python environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/4] the installer"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-installer.lock
	@echo "[3/4] the pinned libraries (under a minute on most connections)"
	@$(BIN)/uv pip sync --python $(BIN)/python --compile-bytecode --require-hashes requirements-dev.lock
	@echo "[4/4] passerelle itself"
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q bot nlu flows directory
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

model: env ## train with real Rasa and export; MODEL_SET=FILE.jsonl refuses a model that lost an emergency (needs Python 3.10)
	sh nlu/rasa/env.sh
	.venv-rasa/bin/python -m nlu.rasa.train
	.venv-rasa/bin/python -m nlu.rasa.export .rasa .rasa/new.npz
	$(if $(MODEL_SET),$(BIN)/passerelle model compare nlu/model/understanding.npz .rasa/new.npz $(patsubst %,--set %,$(MODEL_SET)))
	mv .rasa/new.npz nlu/model/understanding.npz
	.venv-rasa/bin/python -m nlu.rasa.reference

model-check: env ## train again with real Rasa, and compare with the model that is here
	@$(BIN)/python -m nlu.rasa.check

clean: ## remove the environment and what was built
	rm -rf $(VENV) .venv-rasa .demo build dist *.egg-info
