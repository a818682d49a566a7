# The Python tests of the compute core on x86-64 CPUs without AVX2 or without FMA, under qemu user
# emulation, where an instruction that such a CPU lacks is an error:
#   make -f tests/older_cpus.mk PYTHON=…
PYTHON  ?= python3
OUT     := build/older_cpus
CPUS    := Nehalem max,-fma
TESTS   := $(wildcard $(patsubst %,tests/unit/test_%.py,vector view backends kernels operations \
                        batch matrix buffers))

.PHONY: run $(CPUS)
run: $(CPUS)

# sitecustomize: a Python that a test starts is emulated too. NumPy's BLAS must be told the CPU.
$(CPUS):
	@mkdir -p $(OUT)/$@
	@printf '#!/bin/sh\nexec qemu-x86_64-static -cpu %s %s "$$@"\n' '$@' $(abspath $(PYTHON)) \
	    >$(OUT)/$@/python
	@chmod +x $(OUT)/$@/python
	@echo 'import sys; sys.executable = "$(abspath $(OUT)/$@/python)"' >$(OUT)/$@/sitecustomize.py
	OPENBLAS_CORETYPE=Nehalem PYTHONPATH=.:$(abspath $(OUT)/$@) $(OUT)/$@/python -m pytest -q \
	    -p no:cacheprovider $(TESTS)
