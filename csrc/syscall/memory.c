#define _GNU_SOURCE
#include "syscall/memory.h"

#include <string.h>
#include <sys/uio.h>

/* Smaller than any page there is; most paths and messages fit. */
enum { CHUNK = 256 };

static bool copy(pid_t tid, uint64_t address, size_t size, void *out) {
    struct iovec local = {.iov_base = out, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    return process_vm_readv(tid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* No chunk crosses an address that is a multiple of CHUNK, so none crosses into a page that the
 * string does not reach. */
enum rnc_capture_status rnc_memory_string(pid_t tid, uint64_t address, size_t limit, char *out,
                                          size_t *size) {
    size_t filled = 0;
    *size = 0;
    while (filled <= limit) {
        size_t chunk = CHUNK - (address + filled) % CHUNK;
        if (chunk > limit + 1 - filled)
            chunk = limit + 1 - filled;
        if (!copy(tid, address + filled, chunk, out + filled))
            return RNC_CAPTURE_FAULT;
        const char *end = memchr(out + filled, '\0', chunk);
        if (end) {
            *size = (size_t)(end - out);
            return RNC_CAPTURE_WHOLE;
        }
        filled += chunk;
    }
    *size = limit;
    return RNC_CAPTURE_CUT;
}

enum rnc_capture_status rnc_memory_bytes(pid_t tid, uint64_t address, size_t size, void *out) {
    return copy(tid, address, size, out) ? RNC_CAPTURE_WHOLE : RNC_CAPTURE_FAULT;
}
