# The realm in one command: make play. Everything it installs goes into .venv.

# The first Python that is there and of a version the realm runs on.
PYTHON ?= $(shell for python in python3.11 python3.12 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
PIP := $(BIN)/python -m pip install --disable-pip-version-check
# What was installed is remembered in stamp files, so that a second run finds nothing to do.
STAMPS := $(VENV)/.stamps

.PHONY: play stop test check soak bench campaigns install dev help
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

play: install ## Install what is missing, start the realm and print its URLs
	@$(BIN)/realm start

stop: ## Save the battle and stop the realm
	@if [ -x $(BIN)/realm ]; then $(BIN)/realm stop; else echo "Nothing is installed in $(VENV)."; fi

test: dev ## Install what is missing and run the tests
	$(BIN)/python -m pytest --numprocesses=2 tests/unit tests/store
	$(BIN)/python -m pytest --numprocesses=2 --ignore=tests/browser/test_tavern.py tests/browser
	$(BIN)/python -m pytest tests/browser/test_tavern.py tests/cluster

check: dev ## Formatting, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

soak: dev ## Kill workers and services 200 times while 2,000 jobs run
	$(BIN)/python -m benchmarks.soak --kills 200 --jobs 2000

bench: $(STAMPS)/bench ## Run the benchmarks and print their table
	$(BIN)/python -m benchmarks.run

campaigns: $(STAMPS)/bench ## Run two heroes' campaigns to their level caps; run again, it goes on where it was
	$(BIN)/python -m benchmarks.campaigns --home benchmarks/results/campaigns

install: $(STAMPS)/play ## Install the realm into .venv
dev: $(STAMPS)/dev ## Install the realm with what its tests and checks need

$(STAMPS)/torch:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or 3.12 was found: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $(TORCH)"
	@$(PIP) '$(TORCH)'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/play: $(STAMPS)/torch pyproject.toml constraints.txt
	@echo "Installing the realm"
	@$(PIP) --quiet -c constraints.txt -e .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/play
	@echo "Installing what the tests need"
	@$(PIP) --quiet -c constraints.txt -e '.[dev]'
	@touch $@

$(STAMPS)/bench: $(STAMPS)/play
	@echo "Installing what the benchmarks compare with"
	@$(PIP) --quiet -c constraints.txt -e '.[bench]'
	@touch $@
