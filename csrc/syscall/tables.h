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
    /* Of programs with 64-bit words; `unit` is the row's number of bytes. */
    RNC_CAPTURE_STRUCT_IN,    /* unit bytes at entry */
    RNC_CAPTURE_STRUCT_OUT,   /* unit bytes at exit */
    RNC_CAPTURE_STRUCT_INOUT, /* both: the second as RNC_ITEM_RETURNED */
    RNC_CAPTURE_ARRAY_IN,    /* the next argument is how many units, up to string_limit, at entry */
    RNC_CAPTURE_ARRAY_INOUT, /* the same, and again at exit */
    RNC_CAPTURE_ARRAY_OUT,   /* the result is how many units, up to string_limit, at exit */
    RNC_CAPTURE_RESULT_OUT,  /* the result is how many bytes, up to unit, at exit */
    RNC_CAPTURE_ADDRESS_IN,  /* the next argument is how many bytes, up to unit, at entry */
    RNC_CAPTURE_ADDRESS_OUT, /* the next argument points to a STRUCT_INOUT that is how many bytes */
    RNC_CAPTURE_VECTOR_IN,   /* as ARRAY_IN; items: the bytes its iovecs point to */
    RNC_CAPTURE_VECTOR_OUT,  /* the same at exit; the result is how many bytes there are */
    RNC_CAPTURE_WORDS,       /* pointers up to a NULL, up to string_limit; items: the strings */
    RNC_CAPTURE_VARIABLES,   /* the same if verbose, else one 64-bit number: how many */
};

typedef struct rnc_decode_style {
    uint32_t string_limit;
    bool verbose;         /* -v: structures whole */
    uint32_t hex_strings; /* 1: those with unprintable bytes, 2: all, as \x12 */
} rnc_decode_style;

typedef struct rnc_signature {
    uint8_t count;         /* arguments */
    uint8_t args[6];       /* enum rnc_arg_kind */
    uint8_t result;        /* enum rnc_arg_kind: how the result is shown */
    uint8_t never_returns; /* exit, exit_group */
} rnc_signature;

#if RNC_X86_64
#define RNC_EPOLL_EVENT_SIZE 12 /* packed there, and only there */
#else
#define RNC_EPOLL_EVENT_SIZE 16
#endif

#define RNC_NO_ROW UINT16_MAX

/* The row of syscalls.def for a number in an ABI, or RNC_NO_ROW. */
uint16_t rnc_syscall_find(int abi, int32_t number);
const rnc_signature *rnc_syscall_signature(uint16_t row); /* six HEX arguments for RNC_NO_ROW */
int rnc_arg_capture(int kind);                            /* enum rnc_arg_capture */
size_t rnc_arg_unit(int kind);                            /* of the capture; 0: it has none */

/* "openat", or "syscall_0x1f4" written into scratch. */
const char *rnc_syscall_name(const rnc_syscall_body *call, char scratch[24]);

/* The arguments as strace shows them, without the parentheses:  AT_FDCWD, "/etc/ld.so.cache", … */
void rnc_decode_args(rnc_buffer *out, const rnc_record *record, const rnc_decode_style *style);
/* One of them; nothing is appended for one that is not shown. */
void rnc_decode_arg(rnc_buffer *out, const rnc_record *record, const rnc_decode_style *style,
                    unsigned index);
const char *rnc_kind_name(int kind); /* of enum rnc_arg_kind: "FD", "PATH", … */
bool rnc_kind_is_flags(int kind);    /* shown as names joined by "|" */
/* The capture of an item of an argument, or NULL: not captured, or the memory was not there. */
const rnc_capture *rnc_record_capture(const rnc_record *record, unsigned index, unsigned item);
/* What si_code says, or NULL when no name fits. */
const char *rnc_signal_code_name(int signal, int code);

/* What follows "= ":  3 | -1 ENOENT (No such file or directory) | ? | 0x7f… */
void rnc_decode_result(rnc_buffer *out, const rnc_record *record);

#endif
