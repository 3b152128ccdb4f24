# `make demo` runs the bundled experiment, `make test` the tests, `make check` lint, format, types and imports.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test check format docs clean

demo: $(VENV)/.installed
	$(BIN)/searchparty run quickstart

test: $(VENV)/.test
	$(BIN)/python -m pytest

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p build/types && ln -sfn ../.. build/types/searchparty
	cd build/types && $(abspath $(BIN))/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache \
		-p searchparty.landscapes -p searchparty.agents -p searchparty.orchestrator -p searchparty.experiments
	$(BIN)/python -m pytest tests/test_architecture.py

format: $(VENV)/.check
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(VENV)/.installed requirements-test.txt
	$(PIP) install -c constraints.txt -r requirements-test.txt
	touch $@

$(VENV)/.check: $(VENV)/.test requirements-check.txt
	$(PIP) install -c constraints.txt -r requirements-check.txt
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
