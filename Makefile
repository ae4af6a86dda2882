# Three commands on a bare machine with git, make and Python 3.11 or later: `make demo`, `make serve` and `make test`.
# At a terminal `make demo` ends with the console open on what it made; elsewhere it ends.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/installed

.PHONY: demo serve test lint bench lock clean

demo: $(STAMP)
	$(VENV)/bin/backorder demo --database demo.db --force
	if [ -t 1 ]; then $(MAKE) serve; fi

# The service on the demo's database, in the morning after its last day.
serve: $(STAMP)
	test -e demo.db || $(MAKE) demo
	$(VENV)/bin/backorder serve --database demo.db --since 2011-11-14T09:00:00+00:00

test: $(STAMP) lint
	$(RUN) -m pytest -n 2 --dist loadgroup -q

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(STAMP)
	$(RUN) -m bench

# The locks carry hashes and no index address, so that they install from any index. The one for running holds no more
# than a service needs, and the one for building what makes the wheel: both at the versions that were tested.
COMPILE := $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header
lock: $(STAMP)
	$(RUN) -m pip install -q uv
	$(COMPILE) --all-extras pyproject.toml -o requirements.lock
	$(COMPILE) --extra documents --extra telemetry -c requirements.lock pyproject.toml -o requirements-run.lock
	echo hatchling | $(COMPILE) -c requirements.lock - -o requirements-build.lock

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(RUN) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo.db demo.db-wal demo.db-shm
