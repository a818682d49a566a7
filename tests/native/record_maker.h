/* Records made by hand, for the tests of what reads them. */
#ifndef RNC_TESTS_RECORD_MAKER_H
#define RNC_TESTS_RECORD_MAKER_H

#include <string.h>

#include "syscall/tables.h"

enum { MADE_PAYLOAD = 8192 };

typedef struct made_record {
    rnc_record head;
    char payload[MADE_PAYLOAD];
} made_record;

static inline uint16_t row_named(const char *name) {
    int row = 0;
    while (rnc_syscall(row) && strcmp(rnc_syscall(row)->name, name) != 0)
        row++;
    return rnc_syscall(row) ? (uint16_t)row : RNC_NO_ROW;
}

static inline void make_call(made_record *made, const char *name, int64_t result) {
    memset(made, 0, sizeof *made);
    made->head.kind = RNC_SYSCALL;
    made->head.syscall = (rnc_syscall_body){.pid = 100,
                                            .tid = 100,
                                            .abi = RNC_ABI_X86_64,
                                            .row = row_named(name),
                                            .result = result,
                                            .flags = result < 0 ? RNC_SYSCALL_FAILED : 0};
}

static inline void add_capture(made_record *made, unsigned arg, int status, const void *bytes,
                               uint32_t size) {
    char *at = made->payload + made->head.payload_size;
    rnc_capture capture = {.arg = (uint8_t)arg, .status = (uint8_t)status, .size = size};
    memcpy(at, &capture, sizeof capture);
    memcpy(at + sizeof capture, bytes, size);
    made->head.payload_size += (uint32_t)((sizeof capture + size + 7) & ~(size_t)7);
}

#endif
