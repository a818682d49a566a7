/* The names of enum rnc_status, as renacer/errors.py and error.type have them. */
#include "rnc.h"

const char *rnc_status_name(int status) {
    static const char *const names[] = {
        [RNC_OK] = "ok",
        [RNC_EMPTY_VECTOR] = "EmptyVector",
        [RNC_SIZE_MISMATCH] = "SizeMismatch",
        [RNC_DIVISION_BY_ZERO] = "DivisionByZero",
        [RNC_UNSUPPORTED_BACKEND] = "UnsupportedBackend",
        [RNC_INVALID_INPUT] = "InvalidInput",
        [RNC_NO_MEMORY] = "MemoryError",
        [RNC_OS_ERROR] = "OSError",
    };
    bool known = status >= 0 && (size_t)status < RNC_COUNT(names);
    return known ? names[status] : "unknown status";
}
