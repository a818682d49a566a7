# Everything a person does with this project. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# What each goal needs of the system, as Debian packages; installed when root, named otherwise.
BUILD_PACKAGES := gcc libc6-dev python3-dev python3-venv strace
RECEIVER_PACKAGES := $(shell apt-cache -q=2 pkgnames libpython3.11 2>/dev/null | grep -x libpython3.11)
BROWSER_PACKAGES := $(shell apt-cache -q=2 pkgnames chromium 2>/dev/null | grep -x chromium)
TEST_PACKAGES  := gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static binutils $(BROWSER_PACKAGES)

.DEFAULT_GOAL := help
.PHONY: help demo test test-native test-python arm64 older-cpus asan tsan bench lint format clean build

help: ## Show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## Trace a real program into a real receiver and show the trace
	$(BIN)/python -m benches.demo

build: $(VENV)/.build ## Build the package into .venv; the command is .venv/bin/renacer

test: lint test-native test-python ## Run every test

test-native: $(VENV)/.test ## The C tests on this machine and, for NEON, under qemu
	$(MAKE) -s -C tests/native VARIANT=native
	$(MAKE) -s -C tests/native VARIANT=aarch64

test-python: $(VENV)/.test ## The Python tests, unit and integration
	$(BIN)/python -m pytest

arm64: $(VENV)/.test ## The Python tests of the compute core on aarch64, under qemu
	$(MAKE) -f tests/arm64.mk PYTHON=$(BIN)/python

older-cpus: $(VENV)/.test ## The same on x86-64 without AVX2 and without FMA, under qemu
	$(MAKE) -f tests/older_cpus.mk PYTHON=$(BIN)/python

asan: $(VENV)/.test ## The C tests and the Python tests of the core under AddressSanitizer and UBSan
	$(MAKE) -s -C tests/native VARIANT=asan
	$(MAKE) -f tests/asan.mk PYTHON=$(BIN)/python

tsan: ## The C tests under ThreadSanitizer
	$(MAKE) -s -C tests/native VARIANT=tsan

bench: $(VENV)/.bench ## Measure overhead and throughput, and print the tables of the README
	$(BIN)/python -m benches.run

lint: $(VENV)/.test ## ruff, mypy --strict and clang-format, changing nothing
	$(BIN)/ruff check renacer tests benches build_ext.py
	$(BIN)/ruff format --check renacer tests benches build_ext.py
	$(BIN)/mypy
	git ls-files '*.c' '*.h' | grep -v api.cdef.h | xargs $(BIN)/clang-format --dry-run --Werror

format: $(VENV)/.test ## Let ruff and clang-format rewrite the sources
	$(BIN)/ruff check --fix-only renacer tests benches build_ext.py
	$(BIN)/ruff format renacer tests benches build_ext.py
	git ls-files '*.c' '*.h' | grep -v api.cdef.h | xargs $(BIN)/clang-format -i

# $(call packages,NAMES): those Debian packages are installed, or the goal stops and names them.
packages = @missing=$$(for name in $(1); do \
	    dpkg-query -W -f '$${Status}' $$name 2>/dev/null | grep -q 'ok installed' || echo $$name; \
	done); \
	if [ -z "$$missing" ] || ! command -v dpkg-query >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ]; then \
	    echo "installing" $$missing; \
	    said=$$(apt-get -qq update 2>&1 && DEBIAN_FRONTEND=noninteractive \
	        apt-get -qq -y install $$missing 2>&1) || { echo "$$said"; exit 1; }; \
	else \
	    echo "These packages are needed; run this, then make again:"; \
	    echo "  sudo apt-get install" $$missing; exit 1; \
	fi

CORE := pyproject.toml build_ext.py $(shell find csrc -name '*.[ch]' -o -name '*.def')

$(VENV)/.venv:
	$(call packages,$(BUILD_PACKAGES) $(if $(filter-out build demo,$(or $(MAKECMDGOALS),build)),$(TEST_PACKAGES)))
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip -q install -U 'pip>=25.1'
	@touch $@

$(VENV)/.build: $(VENV)/.venv $(CORE)
	PYTHONWARNINGS=ignore $(BIN)/pip -q install -e .
	@touch $@

$(VENV)/.demo: $(VENV)/.build
	$(call packages,$(RECEIVER_PACKAGES))
	$(BIN)/pip -q install --group receiver
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(call packages,$(TEST_PACKAGES))
	$(BIN)/pip -q install --group test --group lint
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	$(BIN)/pip -q install --group bench
	@touch $@

clean: ## Remove everything that was built
	rm -rf build dist $(VENV) *.egg-info renacer/*.so
