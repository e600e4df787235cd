# make lab    JupyterLab for several people      make lab DIR=~/notebooks ARGS="--share"
# make example APP=todo   the todo list, or APP=react-notebook (needs Node.js 20.19 or newer)
# make test   all tests, in two processes        make test ARGS="-k typing -x" PROCESSES=0
# make faults what can go wrong, on every store (half an hour)
# make lint   ruff, mypy, import-linter
# make bench  the benchmarks
# make schema the pages and the JSON Schema that are written from rtstore/schema
#
# Needs git, make and Python 3.11 or newer with venv; everything else goes into .venv.

.DELETE_ON_ERROR:
.PHONY: lab example test faults lint bench schema

DIR := lab
ARGS :=
APP := react-notebook
PROCESSES := 2
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet

lab: .venv/.lab
	@mkdir -p "$(DIR)"
	@.venv/bin/python -m rtstore lab "$(DIR)" $(ARGS)

example: .venv/.lab examples/node_modules/.package-lock.json
	@cd examples/$(APP) && npm start --silent

test: .venv/.dev
	.venv/bin/python -m pytest -n $(PROCESSES) $(ARGS)

faults: .venv/.dev
	RTSTORE_TEST_LONG=1 .venv/bin/python -m pytest tests/faults $(ARGS)

lint: .venv/.dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/.dev
	.venv/bin/python -m benchmarks $(ARGS)

schema: .venv/.dev
	.venv/bin/python -m rtstore schema --write .

examples/node_modules/.package-lock.json: examples/package-lock.json
	@cd examples && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# What `make test` installs has all that `make lab` needs.
.venv/.lab: pyproject.toml | .venv/bin/python
	@if [ .venv/.dev -nt pyproject.toml ]; then :; else \
		echo "Installing rtstore and JupyterLab into .venv (once, about a minute)"; \
		$(PIP) install --editable '.[lab]'; \
	fi
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	@echo "Installing rtstore and what its tests need into .venv (once, some minutes)"
	@$(PIP) install --editable '.[dev]'
	@touch $@ .venv/.lab

# Which Python: the newest of these that is new enough and can make a venv.
.venv/bin/python:
	@command -v git > /dev/null || { echo "git is missing: apt-get install git" >&2; exit 1; }
	@no_venv=; \
	for python in python3.13 python3.12 python3.11 python3; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || continue; \
		if "$$python" -c 'import venv, ensurepip' 2> /dev/null; then \
			rm -rf .venv && exec "$$python" -m venv .venv; \
		fi; \
		no_venv="$$no_venv $$python"; \
	done; \
	if [ "$$no_venv" ]; then \
		echo "Python is here ($${no_venv# }), but not its venv module: apt-get install python3-venv" >&2; \
	else \
		echo "Python 3.11 or newer is missing: apt-get install python3 python3-venv" >&2; \
	fi; \
	exit 1
