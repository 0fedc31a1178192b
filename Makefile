SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A small MongoDB of our own, unless MONGODB_URI names another one.
WITH_MONGO := $(BIN)/python -m backend.embedded_mongo --
# Settings in .env hold for all parts alike; the shell's own win.
WITH_ENV := $(if $(wildcard .env),$(BIN)/dotenv run --no-override --)

.DEFAULT_GOAL := help

help: ## Show what can be done
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/:.*?## /\t/' | expand -t 12

install: $(VENV)/.installed frontend/node_modules/.installed ## Install everything into .venv and frontend/node_modules

run: $(VENV)/.installed ## Start the database, the demo shop and the server
	@$(WITH_ENV) $(WITH_MONGO) deploy/serve || test $$? -eq 143  # 143: told to stop, and stopped.

test: test-python test-frontend ## Install what is needed and run every test

test-python: $(VENV)/.installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/pytest --numprocesses=2 --dist=loadfile --cov --cov-report=term --cov-report=json:.data/coverage.json
	$(BIN)/python tests/coverage_floor.py .data/coverage.json

test-frontend: frontend/node_modules/.installed
	cd frontend && npm run --silent lint && npm run --silent types && npm test --silent

bench: $(VENV)/.installed ## Measure speed and memory; writes .data/bench.json
	$(BIN)/python -m tests.bench

soak: $(VENV)/.installed ## Try thousands of interleavings of payments and wallets, and kill workers
	SOAK_EXAMPLES=$(or $(EXAMPLES),400) $(BIN)/pytest tests/mongo/test_any_interleaving.py --timeout=0
	SOAK_WORKERS=1 $(BIN)/pytest tests/mongo/test_worker.py --timeout=0

lint: $(VENV)/.installed ## Look for mistakes and untidiness
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.installed ## Check the types
	$(BIN)/mypy

format: $(VENV)/.installed ## Format the Python code
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

clean: ## Remove everything installed or generated, and the demo's data
	rm -rf $(VENV) .data .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* *.egg-info build
	rm -rf frontend/node_modules
	find backend tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,embedded]'
	@touch $@

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: help install run test test-python test-frontend bench soak lint types format clean
