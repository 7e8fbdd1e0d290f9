# `make demo` and `make test` are all that is needed; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DURATION ?= 60

# What the shell has for another project must not lead this one astray.
unexport VIRTUAL_ENV DJANGO_SETTINGS_MODULE DATABASE_URL REDIS_URL PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /: /' | awk -F': ' '{printf "make %-9s %s\n", $$1, $$2}'

demo: $(VENV)/.installed-site ## profile the sample site and write demo/report.html
	@mkdir -p demo
	$(BIN)/djtune site seed --size small
	$(BIN)/djtune profile --workload sample_site/workload.yaml --duration $(DURATION) --html demo/report.html
	@echo "The whole report: demo/report.html"

test: $(VENV)/.installed-test ## run the tests, but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: $(VENV)/.installed-test ## all tests, how often intervals and experiments err, every Python and Django found
	$(BIN)/python -m pytest
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python tests/matrix.py

lint: $(VENV)/.installed-test ## check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-test ## put the code into the style that lint checks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what the other targets made
	rm -rf $(VENV) .venvs demo .djtune-site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A stamp file says that the environment has what pyproject.toml asks for.
$(VENV)/.installed-site: pyproject.toml
	$(call install,site)

$(VENV)/.installed-test: pyproject.toml
	$(call install,test$(comma)lint)
	@touch $(VENV)/.installed-site

comma := ,
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "djtune needs Python 3.11 or later, and $(PYTHON) is none: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing djtune[$(1)] into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(1)]'
	@touch $@
endef
