/* Arrays, the strings that arrays point to, and addresses of sockets. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "syscall/flags.h"
#include "syscall/show.h"

/* An array's elements between brackets; "..." for those that were not captured. */
typedef void put_element(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                         const void *element, unsigned number);

static void put_array(rnc_buffer *out, const rnc_decode_call *call, unsigned index, size_t unit,
                      put_element *put) {
    const rnc_capture *capture = rnc_captured(call, index, 0);
    if (!capture)
        return rnc_show_pointer(out, call, index);
    const char *elements = (const char *)(capture + 1);
    unsigned count = (unsigned)(capture->size / unit);
    rnc_buffer_char(out, '[');
    for (unsigned i = 0; i < count; i++) {
        if (i)
            rnc_buffer_text(out, ", ");
        put(out, call, index, elements + i * unit, i);
    }
    if (capture->status == RNC_CAPTURE_CUT)
        rnc_buffer_text(out, count ? ", ..." : "...");
    rnc_buffer_char(out, ']');
}

/* ---- strings --------------------------------------------------------------------------------- */

static void put_word(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                     const void *element, unsigned number) {
    rnc_put_item(out, call, index, number + 1, *(const uint64_t *)element,
                 call->style.string_limit);
}

void rnc_show_words(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_array(out, call, index, sizeof(uint64_t), put_word);
}

void rnc_show_variables(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    if (call->style.verbose)
        return rnc_show_words(out, call, index);
    rnc_show_pointer(out, call, index);
    const uint64_t *count = rnc_captured_struct(call, index, 0, sizeof *count);
    if (count)
        rnc_put_format(out, " /* %" PRIu64 " var%s */", *count, *count == 1 ? "" : "s");
}

static void put_piece(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                      const void *element, unsigned number) {
    const struct iovec *piece = element;
    rnc_buffer_text(out, "{iov_base=");
    rnc_put_item(out, call, index, number + 1, (uintptr_t)piece->iov_base,
                 call->style.string_limit);
    rnc_put_format(out, ", iov_len=%zu}", piece->iov_len);
}

void rnc_show_vector(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_array(out, call, index, sizeof(struct iovec), put_piece);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void put_pollfd(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                       const void *element, unsigned number) {
    const struct pollfd *polled = element;
    rnc_put_format(out, "{fd=%d", polled->fd);
    if (polled->fd >= 0) {
        rnc_buffer_text(out, ", events=");
        rnc_put_set(out, RNC_ARG_POLL_EVENTS, (uint16_t)polled->events);
    }
    rnc_buffer_char(out, '}');
}

void rnc_show_pollfds(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_array(out, call, index, sizeof(struct pollfd), put_pollfd);
}

void rnc_put_ready(rnc_buffer *out, const rnc_decode_call *call) {
    if (call->signature->args[0] != RNC_ARG_POLLFDS)
        return;
    const rnc_capture *capture = rnc_captured(call, 0, RNC_ITEM_RETURNED);
    if (!capture)
        return;
    const struct pollfd *polled = (const struct pollfd *)(capture + 1);
    const char *separator = " ([";
    for (size_t i = 0; i < capture->size / sizeof *polled; i++) {
        if (!polled[i].revents)
            continue;
        rnc_put_format(out, "%s{fd=%d, revents=", separator, polled[i].fd);
        rnc_put_set(out, RNC_ARG_POLL_EVENTS, (uint16_t)polled[i].revents);
        rnc_buffer_char(out, '}');
        separator = ", ";
    }
    if (capture->status == RNC_CAPTURE_CUT)
        rnc_put_format(out, "%s...", separator);
    rnc_buffer_text(out, "])");
}

void rnc_show_fd_pair(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const int *pair = rnc_captured_struct(call, index, 0, 2 * sizeof *pair);
    if (!pair)
        return rnc_show_pointer(out, call, index);
    rnc_put_format(out, "[%d, %d]", pair[0], pair[1]);
}

static void put_epoll_event(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                            const void *element, unsigned number) {
    uint32_t events;
    uint64_t data;
    memcpy(&events, element, sizeof events);
    memcpy(&data, (const char *)element + RNC_EPOLL_EVENT_SIZE - sizeof data, sizeof data);
    rnc_buffer_text(out, "{events=");
    rnc_put_set(out, RNC_ARG_EPOLL_BITS, events);
    rnc_put_format(out, ", data={u32=%" PRIu32 ", u64=%" PRIu64 "}}", (uint32_t)data, data);
}

void rnc_show_epoll_event(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const void *event = rnc_captured_struct(call, index, 0, RNC_EPOLL_EVENT_SIZE);
    if (event)
        put_epoll_event(out, call, index, event, 0);
    else
        rnc_show_pointer(out, call, index);
}

void rnc_show_epoll_events(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_array(out, call, index, RNC_EPOLL_EVENT_SIZE, put_epoll_event);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void put_inet(rnc_buffer *out, const rnc_decode_call *call,
                     const struct sockaddr_in *address) {
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    rnc_put_format(out, ", sin_port=htons(%u), sin_addr=inet_addr(", ntohs(address->sin_port));
    rnc_put_string(out, call, text, strlen(text), false);
    rnc_buffer_char(out, ')');
}

static void put_inet6(rnc_buffer *out, const rnc_decode_call *call,
                      const struct sockaddr_in6 *address) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text);
    rnc_put_format(out, ", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), ",
                   ntohs(address->sin6_port), ntohl(address->sin6_flowinfo));
    rnc_buffer_text(out, "inet_pton(AF_INET6, ");
    rnc_put_string(out, call, text, strlen(text), false);
    rnc_put_format(out, ", &sin6_addr), sin6_scope_id=%u", address->sin6_scope_id);
}

/* An abstract name begins with a NUL and has no end but the address's; it is shown after an "@". */
static void put_unix(rnc_buffer *out, const rnc_decode_call *call, const char *path, size_t size) {
    if (!size)
        return;
    rnc_buffer_text(out, ", sun_path=");
    if (!path[0] && size > 1) {
        rnc_buffer_char(out, '@');
        rnc_put_string(out, call, path + 1, size - 1, false);
    } else {
        rnc_put_string(out, call, path, strnlen(path, size), false);
    }
}

static void put_address(rnc_buffer *out, const rnc_decode_call *call, const char *bytes,
                        size_t size) {
    enum { FAMILY_SIZE = offsetof(struct sockaddr, sa_data) };
    uint16_t family;
    memcpy(&family, bytes, sizeof family);
    rnc_buffer_text(out, "{sa_family=");
    rnc_put_set(out, RNC_ARG_SOCK_DOMAIN, family);
    if (family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        put_inet(out, call, (const struct sockaddr_in *)bytes);
    } else if (family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
        put_inet6(out, call, (const struct sockaddr_in6 *)bytes);
    } else if (family == AF_UNIX) {
        size_t longest = sizeof(struct sockaddr_un);
        put_unix(out, call, bytes + FAMILY_SIZE, (size < longest ? size : longest) - FAMILY_SIZE);
    } else if (size > FAMILY_SIZE) {
        rnc_buffer_text(out, ", sa_data=");
        rnc_put_string(out, call, bytes + FAMILY_SIZE, size - FAMILY_SIZE, false);
    }
    rnc_buffer_char(out, '}');
}

void rnc_show_sockaddr(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const rnc_capture *capture = rnc_captured(call, index, 0);
    if (capture && capture->size >= sizeof(uint16_t))
        put_address(out, call, (const char *)(capture + 1), capture->size);
    else
        rnc_show_pointer(out, call, index);
}

void rnc_show_sockaddr_size(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const int *before = rnc_captured_struct(call, index, 0, sizeof *before);
    const int *after = rnc_captured_struct(call, index, RNC_ITEM_RETURNED, sizeof *after);
    if (!before)
        return rnc_show_pointer(out, call, index);
    if (after && *after != *before)
        rnc_put_format(out, "[%d => %d]", *before, *after);
    else
        rnc_put_format(out, "[%d]", *before);
}
