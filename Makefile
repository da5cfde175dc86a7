# Two commands on a fresh machine: `make demo` shows the main job, `make test` passes the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-real test-others check bench docs clean

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: .venv/ready
	$(BIN)/probe demo

# The tests with real servers wait for the most part, the others reckon: side by side they take half as long. Each has its
# temporary files to itself, for a pytest that begins closes the common place to the servers' users.
test: check
	$(MAKE) --no-print-directory --jobs 2 test-real test-others

test-real: .venv/ready
	$(BIN)/python -m pytest -q tests/real

test-others: .venv/ready
	place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && \
	PYTEST_DEBUG_TEMPROOT="$$place" $(BIN)/python -m pytest -q --ignore tests/real

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

docs: .venv/ready
	$(BIN)/python docs/generate.py

bench: .venv/ready
	$(BIN)/python -m bench

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
