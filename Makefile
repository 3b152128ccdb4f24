# `make demo` runs the bundled experiment quickstart, `make test` runs the tests, and `make check` checks lint, format,
# types and imports.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q
# Version of three.js, with which the studio's page draws.
THREE = 0.187.0

.PHONY: demo test test-extras soak check check-page format docs bench-bbob bench-scaling vendor-three clean

demo: $(VENV)/.installed
	$(BIN)/searchparty run quickstart

# The tests run in parts, two at a time; the output of a part is printed when it is done. The parts that kill processes
# mostly wait, and the others mostly compute. Every test is in one of the parts, or in test-extras.
PYTEST = $(BIN)/python -m pytest
CLUSTER = tests/faults/test_cluster.py
PARTS = test-units test-faults test-cluster test-contracts
.PHONY: $(PARTS)
test: $(VENV)/.test
	mkdir -p build
	$(MAKE) -k -j 2 $(PARTS)
test-faults: TESTS = tests/faults --ignore=$(CLUSTER)
test-cluster: TESTS = $(CLUSTER) tests/cluster tests/browser
test-units: TESTS = tests/unit
test-contracts: TESTS = tests/contract tests/property tests/frozen tests/packaging tests/documentation \
	tests/test_architecture.py tests/test_page_architecture.py
$(PARTS): $(VENV)/.test
	$(PYTEST) -m "not extras" $(TESTS) > build/$@.txt 2>&1; status=$$?; cat build/$@.txt; exit $$status

# Tests that need an extra dependency or more time: hundreds of kills and random examples, and building and installing
# a wheel.
test-extras: $(VENV)/.extras
	$(PYTEST) -m extras tests
	SEARCHPARTY_TRIES=10 $(PYTEST) tests/property --timeout=600

# Kill processes a thousand times, and watch memory over long work: about an hour. Writes its figures to
# docs/reliability.md.
soak: $(VENV)/.test
	PYTHONPATH=tests/faults $(BIN)/python tests/faults/soak.py --write

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p build/types && ln -sfn ../.. build/types/searchparty
	cd build/types && $(abspath $(BIN))/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache \
		-p searchparty.landscapes -p searchparty.agents -p searchparty.orchestrator -p searchparty.experiments
	$(MAKE) -s check-page
	$(BIN)/python -m pytest tests/test_architecture.py tests/test_page_architecture.py

# Check the types of the studio's page with tsc (see tsconfig.json). Skipped where node or npm is missing.
TYPESCRIPT = 5.9.3
PAGE_CHECK = build/page-check
check-page:
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		$(MAKE) -s $(PAGE_CHECK)/$(TYPESCRIPT)-$(THREE) && \
		node $(PAGE_CHECK)/node_modules/typescript/bin/tsc -p tsconfig.json && \
		echo "The types of the page are correct."; \
	else echo "node or npm is missing: the types of the page are not checked."; fi

$(PAGE_CHECK)/$(TYPESCRIPT)-$(THREE):
	rm -rf $(PAGE_CHECK) && mkdir -p $(PAGE_CHECK) && echo '{"private": true}' > $(PAGE_CHECK)/package.json
	npm --prefix $(PAGE_CHECK) install --silent --no-save --no-package-lock --no-audit --no-fund \
		typescript@$(TYPESCRIPT) @types/three@$(THREE)
	touch $@

format: $(VENV)/.check
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Builds the documentation: build/docs/index.html. Pictures that build/docs-pictures does not have are drawn.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W --keep-going -b html -d build/doctrees docs build/docs
	@echo "Documentation: build/docs/index.html"

# A small version of the study in docs/benchmarks.md: about 10 minutes on 2 cores. It continues where it was stopped.
bench-bbob: $(VENV)/.bench
	$(BIN)/python benchmarks/bbob.py run --solvers peers,party --dimensions 2,5 --instances 1 --budget 500
	$(BIN)/python benchmarks/bbob.py report --solvers peers,party --dimensions 2,5 --instances 1 --budget 500 \
		--figure benchmarks/results/bbob.png

# Measure how batches fan out over 1 to 64 workers, compared with other libraries: about an hour. Writes its figures to
# docs/scaling.md.
bench-scaling: $(VENV)/.bench
	$(BIN)/python benchmarks/scaling.py --write

# Rebuild the studio's copy of three.js: the parts that vendor/three-parts.js lists, in one file. Needs npm.
ESBUILD = 0.28.2
VENDOR = experiments/studio/page/vendor
vendor-three:
	work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && cp $(VENDOR)/three-parts.js "$$work" && \
	npm --prefix "$$work" install --no-audit --no-fund --no-package-lock three@$(THREE) esbuild@$(ESBUILD) && \
	(cd "$$work" && node_modules/.bin/esbuild three-parts.js --bundle --minify --format=esm --target=es2022 \
		--legal-comments=inline --outfile=three.js) && \
	cp "$$work/three.js" $(VENDOR)/three.js && cp "$$work/node_modules/three/LICENSE" $(VENDOR)/LICENSE-three.txt

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(VENV)/.installed requirements-test.txt
	$(PIP) install -c constraints.txt -r requirements-test.txt
	touch $@

$(VENV)/.extras: $(VENV)/.test requirements-extras.txt
	$(PIP) install -c constraints.txt -r requirements-extras.txt -e ".[pandas]"
	touch $@

$(VENV)/.check: $(VENV)/.test requirements-check.txt
	$(PIP) install -c constraints.txt -r requirements-check.txt
	touch $@

$(VENV)/.docs: $(VENV)/.installed requirements-docs.txt
	$(PIP) install -c constraints.txt -r requirements-docs.txt
	touch $@

$(VENV)/.bench: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e ".[bench]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
