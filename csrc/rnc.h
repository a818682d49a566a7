/* What every file of the core shares: the public declarations, the architecture, and hints. */
#ifndef RNC_H
#define RNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.cdef.h"

#if defined(__x86_64__)
#define RNC_X86_64 1
#elif defined(__aarch64__)
#define RNC_AARCH64 1
#else
#error "renacer runs on x86_64 and aarch64"
#endif

#define RNC_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define RNC_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define RNC_COUNT(array)        (sizeof(array) / sizeof(*(array)))
#define RNC_CACHE_LINE          64

#endif
