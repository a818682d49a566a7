# The Python tests of the compute core on aarch64, under qemu user emulation:
#   make -f tests/arm64.mk PYTHON=…
# Cross-compiles the extension, unpacks Debian's Python for arm64 beside it, without installing it,
# and runs the tests with that. Everything is below build/arm64.
PYTHON  ?= python3
OUT     := build/arm64
ROOT    := $(abspath $(OUT)/root)
PACKAGE := $(abspath $(OUT)/package)
CC      := aarch64-linux-gnu-gcc
QEMU    := qemu-aarch64-static

TESTS   := $(wildcard $(patsubst %,tests/unit/test_%.py,vector view backends kernels operations \
                        batch matrix grids buffers attribution))
WHEELS  := cffi numpy pytest pytest-timeout hypothesis opentelemetry-proto

CFLAGS = $(shell $(PYTHON) -c 'import build_ext; print(*build_ext.COMPILE_FLAGS)') -fPIC -DNDEBUG \
         -Icsrc -Irenacer/include -I$(ROOT)/usr/include -I$(firstword $(wildcard $(ROOT)/usr/include/python3.*)) -MMD -MP
SOURCES := $(shell find csrc -name '*.c')
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(OUT)/glue.o

.PHONY: run
run: $(OUT)/python $(OUT)/core.so $(OUT)/.wheels
	@mkdir -p $(PACKAGE)
	@rm -rf $(PACKAGE)/*
	@cp -r renacer tests csrc pyproject.toml $(PACKAGE)
	@rm -f $(PACKAGE)/renacer/*.so
	@cp $(OUT)/core.so $(PACKAGE)/renacer/_core.abi3.so
	cd $(PACKAGE) && PYTHONPATH=.:../wheels ../python -m pytest -q -p no:cacheprovider $(TESTS)

$(OUT)/core.so: $(OBJECTS)
	$(CC) -shared -o $@ $^ -pthread -lm

# Headers come with the unpacked Python.
$(OBJECTS): | $(OUT)/.root
$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -c -o $@ $<
$(OUT)/glue.o: $(OUT)/glue.c
	@$(CC) $(CFLAGS) -c -o $@ $<
$(OUT)/glue.c: csrc/api.cdef.h build_ext.py
	@mkdir -p $(@D)
	$(PYTHON) -c 'import build_ext; build_ext.interface().emit_c_code("$@")'

# A Python that starts itself under the emulator, as tests that start another one expect.
$(OUT)/python: $(OUT)/.root
	@printf '#!/bin/sh\nexec $(QEMU) -L $(ROOT) %s "$$@"\n' $(ROOT)/usr/bin/python3 >$@
	@chmod +x $@
	@mkdir -p $(OUT)/wheels
	@echo 'import sys; sys.executable = "$(abspath $@)"' >$(OUT)/wheels/sitecustomize.py

$(OUT)/.wheels: $(OUT)/python tests/arm64.mk
	$(PYTHON) -m pip -q install --target $(OUT)/wheels --upgrade --only-binary :all: \
	    --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 \
	    --python-version $$($(OUT)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	    $(WHEELS)
	@touch $@

# A package database of its own: nothing is installed, nothing of this system is asked.
APT := apt-get -qq -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
    -o Dir::State=$(abspath $(OUT)/apt) -o Dir::State::status=$(abspath $(OUT)/apt/status) \
    -o Dir::Cache=$(abspath $(OUT)/apt) -o Debug::NoLocking=1 -o APT::Install-Recommends=0 \
    -o APT::Sandbox::User=$(shell id -un)

$(OUT)/.root:
	@mkdir -p $(OUT)/apt/lists/partial $(OUT)/apt/archives/partial $(ROOT)
	@touch $(OUT)/apt/status
	$(APT) update
	$(APT) install --download-only python3 libpython3-dev libstdc++6
	@for deb in $(OUT)/apt/archives/*.deb; do dpkg -x $$deb $(ROOT); done
	@touch $@

-include $(OBJECTS:.o=.d)
