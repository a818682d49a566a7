/* A record: what a hot path writes and the pump reads. One or more consecutive 128-byte slots, the
 * first a head, the rest payload bytes. Everything is plain data: no record owns memory. */
#ifndef RNC_TRACE_RECORD_H
#define RNC_TRACE_RECORD_H

#include "rnc.h"

#define RNC_SLOT_SIZE 128

enum rnc_kind {
    RNC_PADDING = 0,   /* the ring's own: skip it */
    RNC_PROCESS_START, /* a process came under trace */
    RNC_PROCESS_EXEC,  /* payload: the image's path, NUL, then argv joined by NULs */
    RNC_PROCESS_EXIT,
    RNC_SYSCALL,   /* payload: captures, see struct rnc_capture */
    RNC_SIGNAL,    /* delivered to the program */
    RNC_COMPUTE,   /* one kernel-level operation */
    RNC_OPERATION, /* a finished compute: span; payload: name, error, allocations, in that order */
};

/* Which table a syscall number belongs to. */
enum rnc_abi {
    RNC_ABI_X86_64,
    RNC_ABI_I386,
    RNC_ABI_X32,
    RNC_ABI_AARCH64,
    RNC_ABI_ARM,
    RNC_ABI_UNKNOWN
};

enum rnc_syscall_flag {
    RNC_SYSCALL_FAILED = 1,     /* result is -errno */
    RNC_SYSCALL_UNFINISHED = 2, /* never returned: end is when its task ended, result is unknown */
    RNC_SYSCALL_RESTART = 4,    /* interrupted, will be restarted: result is -512..-516 */
};

typedef struct rnc_syscall_body {
    uint32_t pid; /* thread group */
    uint32_t tid;
    int32_t number;
    uint8_t abi;   /* enum rnc_abi */
    uint8_t flags; /* enum rnc_syscall_flag */
    uint16_t row;  /* of syscalls.def; UINT16_MAX: unknown number */
    int64_t result;
    uint64_t args[6];
} rnc_syscall_body;

typedef struct rnc_process_body {
    uint32_t pid;
    uint32_t parent_pid;  /* START */
    int32_t wait_status;  /* EXIT: as wait(2) gives it */
    uint32_t tid;         /* EXEC: the thread that called it */
    uint64_t start_ticks; /* START */
    uint64_t calls;       /* EXIT: syscalls made, recorded or not */
} rnc_process_body;

typedef struct rnc_signal_body {
    uint32_t pid;
    uint32_t tid;
    int32_t signal;
    int32_t code; /* si_code */
    int32_t sender_pid;
    uint32_t sender_uid;
    int32_t status;   /* SIGCHLD's */
    uint32_t stopped; /* 1: a group-stop notice ("--- stopped by SIGTSTP ---"), not a delivery */
    uint64_t address; /* of faults */
} rnc_signal_body;

typedef struct rnc_compute_body {
    uint64_t trace_id[2];
    uint64_t elements;
    double param;
    const char *kernel;    /* literal, of the kernel that ran */
    const char *operation; /* interned name of the enclosing operation, or NULL */
    const char *name;      /* interned: trace_operation's; NULL: the operation's own. A payload is
                              the error's message. */
    const char *library;   /* whose kernel it is; NULL: ours */
    uint32_t tid;
    uint32_t batch;   /* 0: not a batch */
    uint16_t op;      /* UINT16_MAX: no row of ops.def */
    int8_t isa;       /* -1: no kernel ran */
    int8_t requested; /* -1: nothing forced */
    uint8_t dtype;
    uint8_t reason;
    uint8_t status; /* enum rnc_status */
    uint8_t unmet;
} rnc_compute_body;

typedef struct rnc_operation_body {
    uint64_t trace_id[2];
    uint32_t name_size;
    uint32_t error_size;
    uint32_t allocation_count;
    uint32_t allocations_dropped;
    uint32_t tid;
    uint8_t failed;
} rnc_operation_body;

typedef struct rnc_record {
    _Atomic uint64_t sequence; /* the stream's own; producers and sinks leave it alone */
    uint64_t start;
    uint64_t end;
    uint64_t span_id;   /* 0: the encoder assigns one */
    uint64_t parent_id; /* 0: none */
    uint16_t kind;      /* enum rnc_kind */
    uint16_t slots;     /* of the whole record; the stream's own */
    uint32_t payload_size;
    union {
        rnc_syscall_body syscall;
        rnc_process_body process;
        rnc_signal_body signal;
        rnc_compute_body compute;
        rnc_operation_body operation;
        uint8_t bytes[80];
    };
} rnc_record;

_Static_assert(sizeof(rnc_record) == RNC_SLOT_SIZE, "a record head is one slot");

static inline void *rnc_record_payload(const rnc_record *record) {
    return (void *)(record + 1);
}

static inline size_t rnc_record_slots(size_t payload_size) {
    return 1 + (payload_size + RNC_SLOT_SIZE - 1) / RNC_SLOT_SIZE;
}

/* One piece of the traced program's memory, copied at the syscall's stop. In a syscall's payload
 * they follow one another, each padded to 8 bytes. */
enum rnc_capture_status {
    RNC_CAPTURE_WHOLE,
    RNC_CAPTURE_CUT,   /* longer than what was copied */
    RNC_CAPTURE_FAULT, /* the address was not readable: no bytes */
};

/* The item of what an argument points to when the call returned, where it was captured before too.
 */
#define RNC_ITEM_RETURNED UINT16_MAX

typedef struct rnc_capture {
    uint8_t arg;    /* which argument it belongs to */
    uint8_t status; /* enum rnc_capture_status */
    uint16_t item;  /* 0: what the argument points to; n: what its element n - 1 points to */
    uint32_t size;  /* bytes that follow, without terminator */
} rnc_capture;

#endif
