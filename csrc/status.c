#include "rnc.h"

/* One row per enum rnc_status: the error's name in Python and in error.type. */
static const char *const names[] = {
    [RNC_OK] = "OK",
    [RNC_EMPTY_VECTOR] = "EmptyVector",
    [RNC_SIZE_MISMATCH] = "SizeMismatch",
    [RNC_DIVISION_BY_ZERO] = "DivisionByZero",
    [RNC_UNSUPPORTED_BACKEND] = "UnsupportedBackend",
    [RNC_INVALID_INPUT] = "InvalidInput",
    [RNC_NO_MEMORY] = "MemoryError",
    [RNC_OS_ERROR] = "OSError",
};

const char *rnc_status_name(int status) {
    bool known = status >= 0 && (size_t)status < RNC_COUNT(names) && names[status];
    return known ? names[status] : "UnknownStatus";
}
