# Everything happens in .venv, which is made when it is missing and brought up to date when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: run test check crash bench corpus help clean

run: $(VENV)/.has-run ## Start the server with the example flows on http://127.0.0.1:7860
	@$(BIN)/langflow-lite run $(ARGS)

test: $(VENV)/.has-test ## Run the tests in two processes (ARGS="-k name" to choose, "-n 0" for one)
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.has-test $(VENV)/.has-check ## Lint, formatting, types and the layering rule
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_layering.py

crash: $(VENV)/.has-test ## Kill the server at every transition of a job, 20 times each, and check what survives
	@$(BIN)/python -m tests.crash $(ARGS)

bench: $(VENV)/.has-bench ## Measure speed, start, memory and size; LANGFLOW_URL=... compares with a Langflow
	@$(BIN)/python -m tests.bench $(ARGS)

corpus: $(VENV)/.has-test ## Run the flows of published Langflow releases and count what answers (ARGS="0.1.1 ...")
	@$(BIN)/python -m tests.corpus $(ARGS)

clean: ## Remove the environment and all caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.has-run: EXTRA :=
$(VENV)/.has-test: EXTRA := [test]
$(VENV)/.has-check: EXTRA := [check]
$(VENV)/.has-bench: EXTRA := [bench]

$(VENV)/.has-%: pyproject.toml | $(BIN)/python
	@echo "Installing langflow-lite$(EXTRA) into $(VENV) ..."
	@if uv --version >/dev/null 2>&1; then \
		uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable ".$(EXTRA)"; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".$(EXTRA)"; \
	fi
	@$(BIN)/python -m compileall -q langflow_lite
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed, $(PYTHON) is older or missing. Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
