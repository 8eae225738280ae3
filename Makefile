# CleanTrack's commands. 'make' lists them. Everything works as root and not as root, in any folder, and twice.

PORT ?= 8000
HOST ?= 127.0.0.1
CLEANTRACK_ENV ?= local
ARGS ?=
export PORT HOST CLEANTRACK_ENV
export PYTHONUNBUFFERED = 1

PYTHON_OF_VENV := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup run test lint format types contracts migrations check lock stop reset clean
MAKEFLAGS += --no-print-directory

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PORT=8000 and HOST=127.0.0.1 say where 'make run' serves; ARGS='-k words' goes to pytest in 'make test'."

setup: ## make .venv with the locked dependencies (network only when the lock changed)
	@sh scripts/setup.sh

run: setup ## migrate, load the demo, serve on http://$HOST:$PORT
	@exec sh scripts/run.sh

test: setup ## the whole suite, browser journeys included
	@$(PYTHON_OF_VENV) -m tests.browser
	@CLEANTRACK_ENV=test $(PYTHON_OF_VENV) -m pytest -n auto --dist loadfile $(ARGS)

lint: setup ## ruff and djade, changing nothing
	@$(PYTHON_OF_VENV) -m ruff check --output-format concise .
	@$(PYTHON_OF_VENV) -m ruff format --check .
	@sh scripts/templates.sh --check

format: setup ## ruff and djade, correcting what they can
	@$(PYTHON_OF_VENV) -m ruff check --fix-only --quiet .
	@$(PYTHON_OF_VENV) -m ruff format .
	@sh scripts/templates.sh

types: setup ## mypy
	@sh scripts/types.sh

contracts: setup ## which room may import which (import-linter)
	@.venv/bin/lint-imports

migrations: setup ## write the migrations that the models need
	@$(PYTHON_OF_VENV) manage.py makemigrations $(ARGS)

check: lint types contracts ## lint, types, contracts, missing migrations, Django's own checks
	@$(PYTHON_OF_VENV) manage.py makemigrations --check --dry-run
	@$(PYTHON_OF_VENV) manage.py check

lock: setup ## compile requirements*.in to locks with hashes; ARGS=--upgrade takes newer versions
	@sh scripts/lock.sh $(ARGS)

stop: ## stop the embedded database
	@sh scripts/embedded.sh --stop

reset: ## stop the embedded database and delete all its data
	@sh scripts/embedded.sh --destroy

clean: stop ## delete .venv and caches; the data stays (see reset)
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov staticfiles
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
