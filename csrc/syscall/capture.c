#include "syscall/capture.h"

#include <limits.h>
#include <sys/uio.h>

#include "syscall/memory.h"
#include "syscall/tables.h"
#include "trace/queue.h"

/* Six of them, the largest a record may carry, fit one record; so do an array and its items: they
 * end with the item that takes them past half of one. */
#define LARGEST_CAPTURE ((size_t)RNC_QUEUE_PAYLOAD_MAX / 12 - sizeof(rnc_capture) - 8)

static size_t capped(uint64_t size, size_t limit) {
    if (limit > LARGEST_CAPTURE)
        limit = LARGEST_CAPTURE;
    return size < limit ? (size_t)size : limit;
}

/* Room for a capture of up to `size` bytes, one more and the padding; NULL: no memory. */
static rnc_capture *begin(rnc_buffer *out, size_t size) {
    return (rnc_capture *)rnc_buffer_room(out, sizeof(rnc_capture) + size + 8);
}

static void finish_item(rnc_buffer *out, rnc_capture *capture, int arg, unsigned item, int status,
                        size_t size) {
    *capture = (rnc_capture){.arg = (uint8_t)arg,
                             .status = (uint8_t)status,
                             .item = (uint16_t)item,
                             .size = (uint32_t)size};
    char *bytes = (char *)(capture + 1);
    size_t padded = (size + 7) & ~(size_t)7;
    memset(bytes + size, 0, padded - size);
    out->size += sizeof *capture + padded;
}

static void capture_string(rnc_buffer *out, const rnc_syscall_body *call, int arg, unsigned item,
                           uint64_t address, size_t limit) {
    limit = capped(limit, limit);
    rnc_capture *capture = begin(out, limit);
    if (!capture || !address)
        return;
    size_t size;
    int status = rnc_memory_string((pid_t)call->tid, address, limit, (char *)(capture + 1), &size);
    finish_item(out, capture, arg, item, status, size);
}

static void capture_item(rnc_buffer *out, const rnc_syscall_body *call, int arg, unsigned item,
                         uint64_t address, uint64_t length, size_t limit) {
    size_t size = capped(length, limit);
    rnc_capture *capture = begin(out, size);
    if (!capture || !address)
        return;
    int status = rnc_memory_bytes((pid_t)call->tid, address, size, capture + 1);
    if (status == RNC_CAPTURE_FAULT)
        size = 0;
    else if (size < length)
        status = RNC_CAPTURE_CUT;
    finish_item(out, capture, arg, item, status, size);
}

static void capture_bytes(rnc_buffer *out, const rnc_syscall_body *call, int arg, uint64_t length,
                          size_t limit) {
    capture_item(out, call, arg, 0, call->args[arg], length, limit);
}

/* The offset of what has just been captured as an item of an argument; SIZE_MAX: it was not. */
static size_t place_of(const rnc_buffer *out, size_t from, int arg, unsigned item) {
    while (from + sizeof(rnc_capture) <= out->size) {
        const rnc_capture *capture = (const rnc_capture *)(out->data + from);
        if (capture->arg == arg && capture->item == item)
            return capture->status == RNC_CAPTURE_FAULT ? SIZE_MAX : from;
        from += sizeof *capture + ((capture->size + 7) & ~(size_t)7);
    }
    return SIZE_MAX;
}

/* ---- structures ------------------------------------------------------------------------------ */

/* Elements of `unit` bytes: as many as fit the limit are copied. A count beyond any array is the
 * program's mistake, which the kernel will tell. */
static void capture_array(rnc_buffer *out, const rnc_syscall_body *call, int arg, unsigned item,
                          uint64_t count, size_t unit, size_t limit) {
    if (count > UINT32_MAX)
        return;
    size_t most = LARGEST_CAPTURE / unit;
    if (most > limit)
        most = limit;
    capture_item(out, call, arg, item, call->args[arg], count * unit, most * unit);
}

/* An array of iovecs, and what they point to: `available` bytes in all. */
static void capture_vector(rnc_buffer *out, const rnc_syscall_body *call, int arg, size_t most,
                           size_t limit, uint64_t available) {
    size_t start = out->size;
    capture_array(out, call, arg, 0, call->args[arg + 1], sizeof(struct iovec), most);
    size_t place = place_of(out, start, arg, 0);
    if (place == SIZE_MAX)
        return;
    size_t count = ((const rnc_capture *)(out->data + place))->size / sizeof(struct iovec);
    for (size_t i = 0; i < count && out->size - start < LARGEST_CAPTURE; i++) {
        struct iovec piece; /* captures move when the buffer grows */
        memcpy(&piece, out->data + place + sizeof(rnc_capture) + i * sizeof piece, sizeof piece);
        uint64_t length = piece.iov_len < available ? piece.iov_len : available;
        capture_item(out, call, arg, (unsigned)i + 1, (uintptr_t)piece.iov_base, length, limit);
        available -= length;
    }
}

/* Pointers up to a NULL, at most `most` of them; CUT: there are more. */
static void capture_pointers(rnc_buffer *out, const rnc_syscall_body *call, int arg, size_t most) {
    rnc_capture *capture = begin(out, most * sizeof(uint64_t));
    if (!capture || !call->args[arg])
        return;
    uint64_t *pointers = (uint64_t *)(capture + 1);
    size_t count = 0;
    int status = RNC_CAPTURE_WHOLE;
    for (uint64_t pointer = 1; pointer; count++) {
        status = rnc_memory_bytes((pid_t)call->tid, call->args[arg] + count * sizeof pointer,
                                  sizeof pointer, &pointer);
        if (status == RNC_CAPTURE_FAULT || !pointer)
            break;
        if (count == most) {
            status = RNC_CAPTURE_CUT;
            break;
        }
        pointers[count] = pointer;
    }
    if (status == RNC_CAPTURE_FAULT)
        count = 0;
    finish_item(out, capture, arg, 0, status, count * sizeof(uint64_t));
}

static void capture_words(rnc_buffer *out, const rnc_syscall_body *call, int arg, size_t most,
                          size_t limit) {
    size_t start = out->size;
    capture_pointers(out, call, arg, most);
    size_t place = place_of(out, start, arg, 0);
    if (place == SIZE_MAX)
        return;
    size_t count = ((const rnc_capture *)(out->data + place))->size / sizeof(uint64_t);
    for (size_t i = 0; i < count && out->size - start < LARGEST_CAPTURE; i++) {
        uint64_t pointer;
        memcpy(&pointer, out->data + place + sizeof(rnc_capture) + i * sizeof pointer,
               sizeof pointer);
        capture_string(out, call, arg, (unsigned)i + 1, pointer, limit);
    }
}

/* How many pointers there are up to a NULL, read in pieces that cross no page. */
static void capture_count(rnc_buffer *out, const rnc_syscall_body *call, int arg) {
    enum { PIECE = 512 };
    uint64_t count = 0, address = call->args[arg], pointers[PIECE / sizeof(uint64_t)];
    rnc_capture *capture = begin(out, sizeof count);
    if (!capture || !address || address % sizeof(uint64_t))
        return;
    for (;;) {
        size_t size = PIECE - address % PIECE;
        if (rnc_memory_bytes((pid_t)call->tid, address, size, pointers) == RNC_CAPTURE_FAULT)
            return finish_item(out, capture, arg, 0, RNC_CAPTURE_FAULT, 0);
        for (size_t i = 0; i < size / sizeof(uint64_t); i++, count++) {
            if (!pointers[i]) {
                memcpy(capture + 1, &count, sizeof count);
                return finish_item(out, capture, arg, 0, RNC_CAPTURE_WHOLE, sizeof count);
            }
        }
        address += size;
    }
}

/* An address whose size the call returned: no more of it is there than the program had room for. */
static void capture_address(rnc_buffer *out, const rnc_syscall_body *call, int arg, size_t unit) {
    uint32_t size, room;
    size_t place = place_of(out, 0, arg + 1, 0);
    if (place == SIZE_MAX || rnc_memory_bytes((pid_t)call->tid, call->args[arg + 1], sizeof size,
                                              &size) == RNC_CAPTURE_FAULT)
        return;
    memcpy(&room, out->data + place + sizeof(rnc_capture), sizeof room);
    if (size > room)
        size = room;
    capture_bytes(out, call, arg, size < unit ? size : unit, unit);
}

static bool has_64_bit_words(const rnc_syscall_body *call) {
    return call->abi == RNC_ABI_X86_64 || call->abi == RNC_ABI_AARCH64;
}

/* Of an array: as many as of a string's bytes, or with verbose as fit. */
static size_t most_elements(const rnc_source_config *config) {
    return config->verbose ? LARGEST_CAPTURE / sizeof(struct iovec) : config->string_limit;
}

static void capture_struct_entry(rnc_buffer *out, const rnc_syscall_body *call, int arg, int kind,
                                 const rnc_source_config *config) {
    size_t limit = config->string_limit, unit = rnc_arg_unit(kind);
    size_t most = most_elements(config);
    uint64_t next = arg < 5 ? call->args[arg + 1] : 0;
    if (!has_64_bit_words(call))
        return;
    switch (rnc_arg_capture(kind)) {
    case RNC_CAPTURE_STRUCT_IN:
    case RNC_CAPTURE_STRUCT_INOUT:
        capture_bytes(out, call, arg, unit, unit);
        break;
    case RNC_CAPTURE_ARRAY_IN:
    case RNC_CAPTURE_ARRAY_INOUT:
        capture_array(out, call, arg, 0, (uint32_t)next, unit, most);
        break;
    case RNC_CAPTURE_ADDRESS_IN:
        capture_bytes(out, call, arg, next < unit ? next : unit, unit);
        break;
    case RNC_CAPTURE_VECTOR_IN:
        capture_vector(out, call, arg, most, limit, UINT64_MAX);
        break;
    case RNC_CAPTURE_WORDS:
        capture_words(out, call, arg, most, limit);
        break;
    case RNC_CAPTURE_VARIABLES:
        if (config->verbose)
            capture_words(out, call, arg, most, limit);
        else
            capture_count(out, call, arg);
        break;
    default:
        break;
    }
}

static void capture_struct_exit(rnc_buffer *out, const rnc_syscall_body *call, int arg, int kind,
                                const rnc_source_config *config) {
    size_t limit = config->string_limit, unit = rnc_arg_unit(kind);
    size_t most = most_elements(config);
    uint64_t result = (uint64_t)call->result;
    if (!has_64_bit_words(call))
        return;
    switch (rnc_arg_capture(kind)) {
    case RNC_CAPTURE_STRUCT_OUT:
        capture_bytes(out, call, arg, unit, unit);
        break;
    case RNC_CAPTURE_STRUCT_INOUT:
        capture_item(out, call, arg, RNC_ITEM_RETURNED, call->args[arg], unit, unit);
        break;
    case RNC_CAPTURE_ARRAY_INOUT:
        capture_array(out, call, arg, RNC_ITEM_RETURNED, (uint32_t)call->args[arg + 1], unit, most);
        break;
    case RNC_CAPTURE_ARRAY_OUT:
        capture_array(out, call, arg, 0, result, unit, most);
        break;
    case RNC_CAPTURE_RESULT_OUT:
        capture_bytes(out, call, arg, result < unit ? result : unit, unit);
        break;
    case RNC_CAPTURE_ADDRESS_OUT:
        capture_address(out, call, arg, unit);
        break;
    case RNC_CAPTURE_VECTOR_OUT:
        capture_vector(out, call, arg, most, limit, result);
        break;
    default:
        break;
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

void rnc_capture_entry(rnc_buffer *out, const rnc_syscall_body *call,
                       const rnc_source_config *config) {
    const rnc_signature *signature = rnc_syscall_signature(call->row);
    out->size = 0;
    for (int arg = 0; arg < signature->count; arg++) {
        switch (rnc_arg_capture(signature->args[arg])) {
        case RNC_NO_CAPTURE:
            break;
        case RNC_CAPTURE_PATH:
            capture_string(out, call, arg, 0, call->args[arg], PATH_MAX);
            break;
        case RNC_CAPTURE_STRING:
            capture_string(out, call, arg, 0, call->args[arg], config->string_limit);
            break;
        case RNC_CAPTURE_BYTES_IN:
            if (arg < 5)
                capture_bytes(out, call, arg, call->args[arg + 1], config->string_limit);
            break;
        default:
            capture_struct_entry(out, call, arg, signature->args[arg], config);
        }
    }
}

void rnc_capture_exit(rnc_buffer *out, const rnc_syscall_body *call,
                      const rnc_source_config *config) {
    if (call->result < 0)
        return;
    const rnc_signature *signature = rnc_syscall_signature(call->row);
    for (int arg = 0; arg < signature->count; arg++) {
        int what = rnc_arg_capture(signature->args[arg]);
        if (what == RNC_CAPTURE_BYTES_OUT)
            capture_bytes(out, call, arg, (uint64_t)call->result, config->string_limit);
        else if (what >= RNC_CAPTURE_STRUCT_IN)
            capture_struct_exit(out, call, arg, signature->args[arg], config);
    }
}
