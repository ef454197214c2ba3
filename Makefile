# Names for commands; what they do stands in the files they call.
PYTHON ?= python3
VENV ?= .venv
ENVIRONMENT := $(VENV)/.synced
PROJECT := {{cookiecutter.project_slug}}
PRIVATE_UV := build/.uv/bin/uv
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo $(PRIVATE_UV))
LOCK := $(UV) pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' pyproject.toml
# Taken as typed: make expands no $ in it, and no shell reads it.
override ANSWERS := $(value ANSWERS)
export ANSWERS

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help journey test test-render test-check test-mutations test-ship nightly mutations mutants slips robustness soak check format ownership lock bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

journey: $(ENVIRONMENT) ## render a project into build/ and live its whole life; ANSWERS='dataset=sklearn:wine project_name="My Wine"'
	@$(VENV)/bin/python journey.py

test: test-render test-check test-mutations test-ship ## every test, the fast ones first
test-render: $(ENVIRONMENT) ## the template renders, whatever is answered (seconds)
	$(VENV)/bin/python -m pytest -m render
test-check: $(ENVIRONMENT) ## rendered projects pass their own checks and journeys (minutes)
	$(MAKE) --directory '$(PROJECT)' env VENV='$(CURDIR)/build/.project'
	$(VENV)/bin/python -m pytest -m check --numprocesses 2 --maxschedchunk 1
test-mutations: $(ENVIRONMENT) ## a planted fault for each check of the gate is refused (minutes)
	$(VENV)/bin/python -m pytest -m mutations
test-ship: $(ENVIRONMENT) ## the image is built, run and probed, real clients call the server (minutes)
	$(VENV)/bin/python -m pytest -m ship

nightly: mutations slips robustness soak bench mutants ## what takes too long for `make test` (hours)

mutations: $(ENVIRONMENT) ## every planted fault and every clean case; writes docs/mutations.md (an hour)
	$(MAKE) --directory '$(PROJECT)' env VENV='$(CURDIR)/build/.project'
	$(VENV)/bin/python -m tests.mutations

mutants: $(ENVIRONMENT) ## change the engine's code at random, and count what its tests notice; writes docs/mutants.md (hours)
	$(UV) venv --quiet --allow-existing --python-preference only-system --python '>=3.11' build/.mutants
	$(UV) pip sync --quiet --python build/.mutants '$(PROJECT)/requirements/dev.txt' requirements/mutants.txt
	$(VENV)/bin/python -m tests.mutants

slips: $(ENVIRONMENT) ## faults that people make, planted in the engine; a test must notice each (minutes)
	$(MAKE) --directory '$(PROJECT)' env VENV='$(CURDIR)/build/.project'
	SLIPS=all $(VENV)/bin/python -m pytest -m check tests/check/test_slips.py --numprocesses 2

robustness: $(ENVIRONMENT) ## tables as people have them, each in a project; writes docs/robustness.md (minutes)
	$(MAKE) --directory '$(PROJECT)' env VENV='$(CURDIR)/build/.project'
	$(VENV)/bin/python -m tests.robustness

soak: ## kills, releases, fuzzing and a full disk, on the engine's server (minutes)
	$(MAKE) --directory '$(PROJECT)' soak VENV='$(CURDIR)/build/.project'

check: $(ENVIRONMENT) ## format, lint and types, of the template and of the project where it stands
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(MAKE) --directory '$(PROJECT)' env VENV='$(CURDIR)/build/.project'
	cd '$(PROJECT)' && $(abspath $(VENV))/bin/mypy --python-executable '$(CURDIR)/build/.project/bin/python' .

format: $(ENVIRONMENT) ## put every Python file into shape
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

ownership: ## write what ownership.toml says into CODEOWNERS, pyproject.toml and TEMPLATE.md
	$(PYTHON) ownership.py

lock: $(UV) ## pin what pyproject.toml asks for, of template and project; UPGRADE=1 takes the newest
	$(LOCK) --group dev --output-file requirements/dev.txt
	$(LOCK) --group uv --output-file requirements/uv.txt
	$(MAKE) --directory '$(PROJECT)' lock
	$(LOCK) --constraint '$(PROJECT)/requirements/dev.txt' --group mutants --output-file requirements/mutants.txt

bench: $(ENVIRONMENT) ## measure side by side with peers; prints tables
	$(VENV)/bin/python -m benchmarks

clean: ## remove everything that was made
	rm -rf build .venv

$(ENVIRONMENT): requirements/dev.txt | $(UV)
	$(UV) venv --quiet --allow-existing --python-preference only-system --python '>=3.11' $(VENV)
	$(UV) pip sync --quiet --python $(VENV) requirements/dev.txt
	@touch $@

$(PRIVATE_UV): requirements/uv.txt
	$(PYTHON) -m venv build/.uv
	build/.uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.txt
	@touch $@
