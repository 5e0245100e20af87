# demur. `make run` tries it, `make test` tests it, `make check` is what CI runs, `make bench` measures.
# Needs Python 3.11 or newer, pip and make; everything else goes into .venv.

.PHONY: run test check audit bench torture setup schemas lock clean help
.DEFAULT_GOAL := help

# The first interpreter that runs and is new enough; `make PYTHON=…` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
TASK := tasks/public/safety/refusal/cybersecurity/task.yaml
# The newcomer's own settings must not reach into the environment that is built here.
PIP := env -u PYTHONPATH PIP_DISABLE_PIP_VERSION_CHECK=1 $(PYTHON) -m pip --python $(PY) install --quiet --no-input

help:
	@echo 'make run     set up, and make the cybersecurity example with the embedded engines'
	@echo 'make test    set up, and run every test'
	@echo 'make check   lint, types, import contract, budgets, tests with coverage: what CI runs'
	@echo 'make audit   ask whether a locked dependency has a known vulnerability; skipped, and said so, without a network'
	@echo 'make bench   print the benchmark figures, and write them to bench/results.json'
	@echo 'make torture kill, damage, fuzz and soak for long, and write the figures to tests/faults/results.json'

run: $(VENV)/.run
	$(PY) -m demur run $(TASK) --engines embedded -n 10

setup: $(VENV)/.run

test: $(VENV)/.dev
	$(PY) -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/.dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	$(MAKE) --no-print-directory audit
	$(MAKE) --no-print-directory test ARGS='--cov --cov-report=term:skip-covered $(ARGS)'

audit: $(VENV)/.dev
	$(PY) -m tests.audit

bench: $(VENV)/.dev
	$(PY) -m bench $(ARGS)

torture: $(VENV)/.dev
	PYTHONPATH=src $(PY) -m tests.faults.torture $(ARGS)

schemas: $(VENV)/.run
	for kind in task policy builder; do $(PY) -m demur schema $$kind >schemas/$$kind.schema.json || exit 1; done

# Only for maintainers, after a change of the dependencies in pyproject.toml. Needs uv.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--custom-compile-command 'make lock'
# vLLM is left out: its wheels are for machines with a GPU, and hold a torch of several gigabytes.
LOCKED_EXTRAS := $(addprefix --extra ,anthropic hub llama-cpp openai parquet semantic watsonx)
lock:
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) pyproject.toml $(LOCKED_EXTRAS) --group dev -c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(PY):
	@test -n '$(PYTHON)' || { echo 'demur needs Python 3.11 or newer; none was found on the PATH.' >&2; exit 1; }
	@echo 'Setting up $(VENV) (once)'
	@# Some systems ship Python without ensurepip: their own pip can fill the environment all the same.
	@$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(PY)
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >$@
	@printf '%s\n' '$(CURDIR)/src' >"$$(cat $@)/demur.pth"
	@mkdir -p $(VENV)/bin && printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$0")/python" -m demur "$$@"' >$(VENV)/bin/demur
	@chmod +x $(VENV)/bin/demur

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run | $(PY)
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
