# `make demo` runs the bundled experiment quickstart, `make test` runs the tests, and `make check` checks lint, format,
# types and imports.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -q
# Version of three.js, with which the studio's page draws.
THREE = 0.187.0

.PHONY: demo test test-extras soak fuzz check check-page format docs bench-bbob bench-scaling vendor-three lock wheel test-lowest clean

demo: $(VENV)/.installed
	$(BIN)/searchparty run quickstart

# Tests run in parts side by side; each prints its results when it is done. The longest part stands first. Every test is in
# one of the parts, but for those of the architecture, which `make check` runs. Those of faults and of orchestrators mostly
# wait, for Ray or for what they kill: four parts at a time keep both cores busy. Only they start Ray, each of them once for
# most of its tests.
# Tests start the command line some hundred times; it would be compiled each time without its byte code.
unexport PYTHONDONTWRITEBYTECODE
PYTEST = $(BIN)/python -m pytest
RUN_PART = > build/$@.txt 2>&1; status=$$?; cat build/$@.txt; exit $$status
TEST_PARTS = test-kills test-experiments test-faults test-rest
EXTRAS_PARTS = extras-faults extras-rest extras-browser extras-documents extras-traces extras-property
.PHONY: $(TEST_PARTS) $(EXTRAS_PARTS)

test: $(VENV)/.test
	mkdir -p build
	$(MAKE) -k -j 4 $(TEST_PARTS)
KILLS = tests/cluster tests/faults/test_cluster.py tests/faults/test_kills.py
FAULTS = tests/faults tests/contract/orchestrator
EXPERIMENTS = tests/unit/experiments
test-experiments: TESTS = $(EXPERIMENTS)
test-kills: TESTS = $(KILLS)
test-faults: TESTS = $(FAULTS) $(KILLS:%=--ignore=%)
test-rest: TESTS = tests $(patsubst %,--ignore=%,$(EXPERIMENTS) $(FAULTS) $(KILLS)) \
	--ignore=tests/test_architecture.py --ignore=tests/test_page_architecture.py
$(TEST_PARTS): $(VENV)/.test
	$(PYTEST) -m "not extras" $(TESTS) $(RUN_PART)

# What needs an extra, or more time by its nature: a browser, a cluster for each way to run on it, kills and random examples
# by the hundred, a wheel built and installed. Two parts at a time: what is killed, and browsers, are watched by the clock.
test-extras: $(VENV)/.extras $(VENV)/.readers
	mkdir -p build
	$(MAKE) -k -j 2 $(EXTRAS_PARTS)
extras-faults: TESTS = tests/faults tests/cluster
extras-browser: TESTS = tests/browser
extras-documents: TESTS = tests/documentation
extras-traces: TESTS = tests/frozen
extras-rest: TESTS = tests --ignore=tests/faults --ignore=tests/cluster --ignore=tests/browser \
	--ignore=tests/documentation --ignore=tests/frozen
extras-rest: $(VENV)/.readers
extras-faults extras-browser extras-documents extras-traces extras-rest: $(VENV)/.extras
	$(PYTEST) -m extras $(TESTS) $(RUN_PART)
extras-property: $(VENV)/.extras
	SEARCHPARTY_TRIES=10 $(PYTEST) tests/property --timeout=600 $(RUN_PART)

# Kill processes a thousand times, and watch memory over long work: about an hour. Writes its figures to
# docs/reliability.md.
soak: $(VENV)/.test
	PYTHONPATH=tests/faults $(BIN)/python tests/faults/soak.py --write

# Hand in 10,000 mutated YAMLs, and work 1,000 random experiments, 100 of them on Ray: half an hour to an hour. Writes
# its counts to docs/reliability.md.
fuzz: $(VENV)/.test
	PYTHONPATH=tests/fuzz $(BIN)/python tests/fuzz/fuzz.py --write

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
# Not for the check itself: the browser tests look at a report with it.
AXE = 4.11.0
PAGE_CHECK = build/page-check
check-page:
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		$(MAKE) -s $(PAGE_CHECK)/$(TYPESCRIPT)-$(THREE)-$(AXE) && \
		node $(PAGE_CHECK)/node_modules/typescript/bin/tsc -p tsconfig.json && \
		echo "The types of the page are correct."; \
	else echo "node or npm is missing: the types of the page are not checked."; fi

$(PAGE_CHECK)/$(TYPESCRIPT)-$(THREE)-$(AXE):
	rm -rf $(PAGE_CHECK) && mkdir -p $(PAGE_CHECK) && echo '{"private": true}' > $(PAGE_CHECK)/package.json
	npm --prefix $(PAGE_CHECK) install --silent --no-save --no-package-lock --no-audit --no-fund \
		typescript@$(TYPESCRIPT) @types/three@$(THREE) axe-core@$(AXE)
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

# Packages of the versions and with the hashes of requirements/, then this package itself.
$(VENV)/.installed: pyproject.toml requirements/run.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps -e .
	touch $@

$(VENV)/.test $(VENV)/.extras $(VENV)/.check $(VENV)/.docs $(VENV)/.bench: $(VENV)/.%: requirements/%.txt $(VENV)/.installed
	$(PIP) install --require-hashes -r $<
	touch $@

# Readers of exports in a folder of their own: what one of them needs would hide these tests. The folder is made anew, as pip
# leaves what an older version has there. Without a network their tests are skipped; packages that were altered are an error.
$(VENV)/.readers: requirements/readers.txt $(VENV)/.extras
	rm -rf $(VENV)/readers
	@mkdir -p build
	@if $(PIP) install --require-hashes --no-deps --target $(VENV)/readers -r $< 2>build/readers.txt; then touch $@; \
	else rm -rf $(VENV)/readers; cat build/readers.txt; if grep -qi hashes build/readers.txt; then exit 1; fi; \
		echo "Readers of exports could not be installed ($<): the tests that need them are skipped."; fi

# The hashed requirements: after a change of constraints.txt, of pyproject.toml or of a list in requirements/.
lock:
	test -x build/uv/bin/uv || ($(PYTHON) -m venv build/uv && build/uv/bin/pip install -q uv)
	PATH="$(CURDIR)/build/uv/bin:$$PATH" $(PYTHON) requirements/lock.py

# From a clean slate: setuptools would also pack what earlier builds left behind.
wheel:
	rm -rf dist build/lib build/bdist.* *.egg-info
	$(PYTHON) -m pip --disable-pip-version-check wheel -q --no-deps --wheel-dir dist .

# Once, before a release: the lowest versions of the direct dependencies that pyproject.toml allows. Not part of CI.
LOWEST = build/lowest
test-lowest:
	test -x build/uv/bin/uv || ($(PYTHON) -m venv build/uv && build/uv/bin/pip install -q uv)
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	build/uv/bin/uv pip install -q --python $(LOWEST)/bin/python --resolution lowest-direct \
		-r requirements/test.in -e .
	$(LOWEST)/bin/python -m pytest -m "not extras" tests/unit tests/contract

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
