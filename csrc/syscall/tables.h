/* Lookups in the syscall tables: one row per syscall, its number in every ABI, its kinds. */
#ifndef RNC_SYSCALL_TABLES_H
#define RNC_SYSCALL_TABLES_H

#include "trace/buffer.h"
#include "trace/record.h"

/* How an argument is read and shown; one row each in tables/kinds.def. */
enum rnc_arg_kind {
#define KIND(name, capture, show) RNC_ARG_##name,
#include "syscall/tables/kinds.def"
#undef KIND
};

/* What an engine must copy from the program's memory for an argument, and when. */
enum rnc_arg_capture {
    RNC_NO_CAPTURE,
    RNC_CAPTURE_PATH,      /* NUL-terminated, up to PATH_MAX, at entry */
    RNC_CAPTURE_STRING,    /* NUL-terminated, up to string_limit, at entry */
    RNC_CAPTURE_BYTES_IN,  /* length in the next argument, up to string_limit, at entry */
    RNC_CAPTURE_BYTES_OUT, /* length is the result, up to string_limit, at exit */
};

typedef struct rnc_signature {
    uint8_t count;         /* arguments */
    uint8_t args[6];       /* enum rnc_arg_kind */
    uint8_t result;        /* enum rnc_arg_kind: how the result is shown */
    uint8_t never_returns; /* exit, exit_group */
} rnc_signature;

#define RNC_NO_ROW UINT16_MAX

/* The row of syscalls.def for a number in an ABI, or RNC_NO_ROW. */
uint16_t rnc_syscall_find(int abi, int32_t number);
const rnc_signature *rnc_syscall_signature(uint16_t row); /* six HEX arguments for RNC_NO_ROW */
int rnc_arg_capture(int kind);                            /* enum rnc_arg_capture */

/* "openat", or "syscall_0x1f4" written into scratch. */
const char *rnc_syscall_name(const rnc_syscall_body *call, char scratch[24]);

/* The arguments as strace shows them, without the parentheses:  AT_FDCWD, "/etc/ld.so.cache", … */
void rnc_decode_args(rnc_buffer *out, const rnc_record *record, uint32_t string_limit);
/* What si_code says, or NULL when no name fits. */
const char *rnc_signal_code_name(int signal, int code);

/* What follows "= ":  3 | -1 ENOENT (No such file or directory) | ? | 0x7f… */
void rnc_decode_result(rnc_buffer *out, const rnc_record *record);

#endif
