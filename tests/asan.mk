# The Python tests of the compute core with the extension under AddressSanitizer and
# UndefinedBehaviorSanitizer: make -f tests/asan.mk PYTHON=…
# Python itself is not instrumented: the sanitizer comes in front of it, and every object is a
# malloc of its own, so that a step outside one is seen. Everything is below build/asan.
PYTHON  ?= python3
OUT     := build/asan
PACKAGE := $(abspath $(OUT)/package)
TESTS   := $(wildcard $(patsubst %,tests/unit/test_%.py,vector view backends kernels operations \
                        batch matrix grids buffers tracer))

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS = $(shell $(PYTHON) -c 'import build_ext; print(*build_ext.COMPILE_FLAGS)') -fPIC -O1 -g \
         $(SANITIZE) -fno-omit-frame-pointer -Icsrc -Irenacer/include \
         -I$(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))') -MMD -MP
SOURCES := $(shell find csrc -name '*.c')
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(OUT)/glue.o

# detect_leaks: an interpreter leaves what it interned behind when it ends.
# --capture=sys, below, lets a sanitizer's last words through.
# allocator_may_return_null: the tests ask for more memory than there is.
ENVIRONMENT := ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
               UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
               LD_PRELOAD=$(shell $(CC) -print-file-name=libasan.so)

.PHONY: run
run: $(OUT)/core.so
	@mkdir -p $(PACKAGE)
	@rm -rf $(PACKAGE)/*
	@cp -r renacer tests csrc pyproject.toml $(PACKAGE)
	@rm -f $(PACKAGE)/renacer/*.so
	@cp $(OUT)/core.so $(PACKAGE)/renacer/_core.abi3.so
	cd $(PACKAGE) && $(ENVIRONMENT) PYTHONPATH=. $(abspath $(PYTHON)) -m pytest -q \
	    -p no:cacheprovider --capture=sys $(TESTS)

$(OUT)/core.so: $(OBJECTS)
	@$(CC) -shared $(SANITIZE) -o $@ $^ -pthread -lm
$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -c -o $@ $<
$(OUT)/glue.o: $(OUT)/glue.c
	@$(CC) $(CFLAGS) -c -o $@ $<
$(OUT)/glue.c: csrc/api.cdef.h build_ext.py
	@mkdir -p $(@D)
	$(PYTHON) -c 'import build_ext; build_ext.interface().emit_c_code("$@")'

-include $(OBJECTS:.o=.d)
