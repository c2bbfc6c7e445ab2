# make setup: .venv.   make train: learn Connect Four for ten minutes (again: goes on).   make test: everything a change must pass.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile

.PHONY: setup train test test-full check clean
.DELETE_ON_ERROR:

setup: $(READY)

train: $(READY)
	$(BIN)/zerodojo train connect_four --run runs/connect_four --minutes 10 --resume

test: check
	$(PYTEST)

test-full: check
	$(PYTEST) -m "full or not full" --timeout 1800

# Formatting, lint, types, import directions.
check: $(READY)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	@mkdir -p .typing && ln -sfn .. .typing/zerodojo
	MYPYPATH=.typing $(BIN)/mypy --no-error-summary -p zerodojo
	@echo lint-imports; $(BIN)/lint-imports --no-logo > .typing/imports.txt || { cat .typing/imports.txt; exit 1; }

# The environment, made once and again when what it is made from changes.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "zerodojo needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	@echo "Making .venv and installing the pinned dependencies (a few minutes, once)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .typing build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
