otlp_test: otlp_test.c check.h ../../csrc/otlp/text.h \
 ../../csrc/otlp/writer.h ../../csrc/trace/buffer.h ../../csrc/rnc.h \
 ../../csrc/api.cdef.h ../../csrc/otlp/attributes.def \
 ../../csrc/syscall/tables.h ../../csrc/trace/record.h \
 ../../csrc/syscall/tables/kinds.def \
 ../../csrc/syscall/tables/flags/all.def \
 ../../csrc/syscall/tables/flags/files.def \
 ../../csrc/syscall/tables/flags/ioctls.def \
 ../../csrc/syscall/tables/flags/kernel.def \
 ../../csrc/syscall/tables/flags/memory.def \
 ../../csrc/syscall/tables/flags/mounts.def \
 ../../csrc/syscall/tables/flags/network.def \
 ../../csrc/syscall/tables/flags/processes.def ../../csrc/trace/clock.h \
 ../../csrc/trace/sink.h ../../csrc/trace/processes.h
check.h:
../../csrc/otlp/text.h:
../../csrc/otlp/writer.h:
../../csrc/trace/buffer.h:
../../csrc/rnc.h:
../../csrc/api.cdef.h:
../../csrc/otlp/attributes.def:
../../csrc/syscall/tables.h:
../../csrc/trace/record.h:
../../csrc/syscall/tables/kinds.def:
../../csrc/syscall/tables/flags/all.def:
../../csrc/syscall/tables/flags/files.def:
../../csrc/syscall/tables/flags/ioctls.def:
../../csrc/syscall/tables/flags/kernel.def:
../../csrc/syscall/tables/flags/memory.def:
../../csrc/syscall/tables/flags/mounts.def:
../../csrc/syscall/tables/flags/network.def:
../../csrc/syscall/tables/flags/processes.def:
../../csrc/trace/clock.h:
../../csrc/trace/sink.h:
../../csrc/trace/processes.h:
