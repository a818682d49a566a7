#include "syscall/capture.h"

#include <limits.h>

#include "syscall/memory.h"
#include "syscall/tables.h"
#include "trace/queue.h"

/* Six of them, the largest a record may carry, fit one record. */
#define LARGEST_CAPTURE ((size_t)RNC_QUEUE_PAYLOAD_MAX / 6 - sizeof(rnc_capture) - 8)

static size_t capped(uint64_t size, size_t limit) {
    if (limit > LARGEST_CAPTURE)
        limit = LARGEST_CAPTURE;
    return size < limit ? (size_t)size : limit;
}

/* Room for a capture of up to `size` bytes, one more and the padding; NULL: no memory. */
static rnc_capture *begin(rnc_buffer *out, size_t size) {
    return (rnc_capture *)rnc_buffer_room(out, sizeof(rnc_capture) + size + 8);
}

static void finish(rnc_buffer *out, rnc_capture *capture, int arg, int status, size_t size) {
    *capture =
        (rnc_capture){.arg = (uint8_t)arg, .status = (uint8_t)status, .size = (uint32_t)size};
    char *bytes = (char *)(capture + 1);
    size_t padded = (size + 7) & ~(size_t)7;
    memset(bytes + size, 0, padded - size);
    out->size += sizeof *capture + padded;
}

static void capture_string(rnc_buffer *out, const rnc_syscall_body *call, int arg, size_t limit) {
    limit = capped(limit, limit);
    rnc_capture *capture = begin(out, limit);
    if (!capture || !call->args[arg])
        return;
    size_t size;
    int status =
        rnc_memory_string((pid_t)call->tid, call->args[arg], limit, (char *)(capture + 1), &size);
    finish(out, capture, arg, status, size);
}

static void capture_bytes(rnc_buffer *out, const rnc_syscall_body *call, int arg, uint64_t length,
                          size_t limit) {
    size_t size = capped(length, limit);
    rnc_capture *capture = begin(out, size);
    if (!capture || !call->args[arg])
        return;
    int status = rnc_memory_bytes((pid_t)call->tid, call->args[arg], size, capture + 1);
    if (status == RNC_CAPTURE_FAULT)
        size = 0;
    else if (size < length)
        status = RNC_CAPTURE_CUT;
    finish(out, capture, arg, status, size);
}

void rnc_capture_entry(rnc_buffer *out, const rnc_syscall_body *call, uint32_t string_limit) {
    const rnc_signature *signature = rnc_syscall_signature(call->row);
    out->size = 0;
    for (int arg = 0; arg < signature->count; arg++) {
        switch (rnc_arg_capture(signature->args[arg])) {
        case RNC_CAPTURE_PATH:
            capture_string(out, call, arg, PATH_MAX);
            break;
        case RNC_CAPTURE_STRING:
            capture_string(out, call, arg, string_limit);
            break;
        case RNC_CAPTURE_BYTES_IN:
            if (arg < 5)
                capture_bytes(out, call, arg, call->args[arg + 1], string_limit);
            break;
        default:
            break;
        }
    }
}

void rnc_capture_exit(rnc_buffer *out, const rnc_syscall_body *call, uint32_t string_limit) {
    if (call->result < 0)
        return;
    const rnc_signature *signature = rnc_syscall_signature(call->row);
    for (int arg = 0; arg < signature->count; arg++)
        if (rnc_arg_capture(signature->args[arg]) == RNC_CAPTURE_BYTES_OUT)
            capture_bytes(out, call, arg, (uint64_t)call->result, string_limit);
}
