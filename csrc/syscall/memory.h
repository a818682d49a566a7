/* Copies of the traced program's memory. */
#ifndef RNC_SYSCALL_MEMORY_H
#define RNC_SYSCALL_MEMORY_H

#include <sys/types.h>

#include "trace/record.h"

/* Copies a string without its terminator, at most `limit` bytes of it, into out, which has room for
 * limit + 1. The text stops being one (RNC_CAPTURE_FAULT) where memory ends before the NUL. */
enum rnc_capture_status rnc_memory_string(pid_t tid, uint64_t address, size_t limit, char *out,
                                          size_t *size);

/* Copies bytes: RNC_CAPTURE_WHOLE, or RNC_CAPTURE_FAULT when not all of them are readable. */
enum rnc_capture_status rnc_memory_bytes(pid_t tid, uint64_t address, size_t size, void *out);

#endif
