/* Kinds whose one number holds values of several sets, or is read by another argument. */
#include "syscall/flags.h"
#include "syscall/show.h"

enum {
    OPEN_MODE_MASK = 3,
    OPEN_CREATES = 0100 | 020000000, /* O_CREAT, and what O_TMPFILE has beyond O_DIRECTORY */
    MODE_MASK = 0177777,
    NODE_TYPE_MASK = 0170000,
    NODE_CHARACTER = 0020000,
    NODE_BLOCK = 0060000,
    MAP_TYPE_MASK = 0xf,
    HUGE_SHIFT = 26,
    HUGE_MASK = 0x3f,
    STATX_SYNC_MASK = 0x6000,
    MPOL_FLAGS_MASK = 0xe000,
    SCHED_RESET = 0x40000000,
    SOCK_TYPE_MASK = 0xf,
    IPC_64 = 0x100,
    IPC_MODE_MASK = 0777,
};

/* A value of one set under mask, and flags of another. */
static void put_name_and_flags(rnc_buffer *out, uint64_t value, int names, uint64_t mask,
                               int flags) {
    rnc_parts parts = {out, value, 0};
    rnc_parts_name(&parts, names, mask);
    rnc_parts_flags(&parts, flags);
    rnc_parts_end(&parts, names);
}

void rnc_show_open_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_name_and_flags(out, rnc_decode_u32(call, index), RNC_ARG_OPEN_MODE, OPEN_MODE_MASK,
                       RNC_ARG_OPEN_BITS);
}

void rnc_show_fd_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_set(out, RNC_ARG_OPEN_BITS, rnc_decode_u32(call, index));
}

void rnc_show_mode(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_octal(out, rnc_decode_u32(call, index) & MODE_MASK);
}

static bool creates(const rnc_decode_call *call, unsigned flags) {
    return rnc_decode_u32(call, flags) & OPEN_CREATES;
}

void rnc_show_create_mode(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    if (creates(call, index - 1))
        rnc_show_mode(out, call, index);
}

void rnc_show_create_pointer(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    if (creates(call, index - 2))
        rnc_show_pointer(out, call, index);
}

void rnc_put_file_mode(rnc_buffer *out, uint32_t mode) {
    rnc_parts parts = {out, mode & MODE_MASK, 0};
    if (parts.left & NODE_TYPE_MASK)
        rnc_parts_name(&parts, RNC_ARG_FILE_TYPE, NODE_TYPE_MASK);
    if (!(parts.left & NODE_TYPE_MASK))
        rnc_parts_flags(&parts, RNC_ARG_MODE_BITS);
    rnc_parts_join(&parts);
    rnc_put_octal(out, parts.left);
}

void rnc_show_node_mode(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_file_mode(out, rnc_decode_u32(call, index));
}

void rnc_show_node_device(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint32_t type = rnc_decode_u32(call, index - 1) & NODE_TYPE_MASK;
    if (type == NODE_CHARACTER || type == NODE_BLOCK)
        rnc_show_device(out, call, index);
}

/* The size of huge pages is in the top bits, as a power of two. */
static unsigned take_huge_shift(uint64_t *value) {
    unsigned shift = *value >> HUGE_SHIFT & HUGE_MASK;
    *value &= ~((uint64_t)HUGE_MASK << HUGE_SHIFT);
    return shift;
}

static void put_huge_shift(rnc_parts *parts, unsigned shift, const char *name) {
    if (!shift)
        return;
    rnc_parts_join(parts);
    rnc_put_unsigned(parts->out, shift);
    rnc_buffer_text(parts->out, name);
}

void rnc_show_map_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint64_t value = rnc_decode_word(call, index);
    unsigned shift = take_huge_shift(&value);
    rnc_put_set(out, RNC_ARG_MAP_TYPE, value & MAP_TYPE_MASK);
    rnc_parts parts = {out, value & ~(uint64_t)MAP_TYPE_MASK, 1};
    rnc_parts_flags(&parts, RNC_ARG_MAP_BITS);
    rnc_parts_end(&parts, RNC_ARG_MAP_BITS);
    put_huge_shift(&parts, shift, "<<MAP_HUGE_SHIFT");
}

void rnc_show_memfd_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint64_t value = rnc_decode_u32(call, index);
    unsigned shift = take_huge_shift(&value);
    rnc_parts parts = {out, value, 0};
    rnc_parts_flags(&parts, RNC_ARG_MEMFD_BITS);
    if (parts.left || !shift)
        rnc_parts_end(&parts, RNC_ARG_MEMFD_BITS);
    put_huge_shift(&parts, shift, "<<MFD_HUGE_SHIFT");
}

void rnc_show_statx_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_name_and_flags(out, rnc_decode_u32(call, index), RNC_ARG_STATX_SYNC, STATX_SYNC_MASK,
                       RNC_ARG_AT_FLAGS);
}

void rnc_show_mpol(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_name_and_flags(out, rnc_decode_u32(call, index), RNC_ARG_MPOL_MODE,
                       ~(uint64_t)MPOL_FLAGS_MASK, RNC_ARG_MPOL_BITS);
}

void rnc_show_sched_policy(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_name_and_flags(out, rnc_decode_u32(call, index), RNC_ARG_SCHED_NAME, ~(uint64_t)SCHED_RESET,
                       RNC_ARG_SCHED_BITS);
}

void rnc_show_sock_type(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_name_and_flags(out, rnc_decode_u32(call, index), RNC_ARG_SOCK_KIND, SOCK_TYPE_MASK,
                       RNC_ARG_SOCK_FLAGS);
}

void rnc_show_sock_protocol(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    enum { INET = 2, INET6 = 10, NETLINK = 16 };
    uint32_t protocol = rnc_decode_u32(call, index);
    switch (rnc_decode_u32(call, index - 2)) {
    case INET:
    case INET6:
        rnc_put_set(out, RNC_ARG_PROTOCOL_INET, protocol);
        break;
    case NETLINK:
        rnc_put_set(out, RNC_ARG_PROTOCOL_NETLINK, protocol);
        break;
    default:
        rnc_put_unsigned(out, protocol);
    }
}

void rnc_show_sock_option(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    static const struct {
        uint32_t level;
        int kind;
    } options[] = {
        {0, RNC_ARG_IP_OPTION},    {1, RNC_ARG_SOCKET_OPTION},    {6, RNC_ARG_TCP_OPTION},
        {41, RNC_ARG_IPV6_OPTION}, {270, RNC_ARG_NETLINK_OPTION},
    };
    uint32_t level = rnc_decode_u32(call, index - 1), option = rnc_decode_u32(call, index);
    for (size_t i = 0; i < RNC_COUNT(options); i++)
        if (options[i].level == level)
            return rnc_put_set(out, options[i].kind, option);
    rnc_put_unsigned(out, option);
}

void rnc_show_ioctl(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    static const char *const directions[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                             "_IOC_READ|_IOC_WRITE"};
    uint32_t request = rnc_decode_u32(call, index);
    const char *name = rnc_set_name(RNC_ARG_IOCTL_REQUEST, request);
    if (name)
        return rnc_buffer_text(out, name);
    rnc_buffer_text(out, "_IOC(");
    rnc_buffer_text(out, directions[request >> 30]);
    rnc_buffer_text(out, ", ");
    rnc_put_hex(out, request >> 8 & 0xff);
    rnc_buffer_text(out, ", ");
    rnc_put_hex(out, request & 0xff);
    rnc_buffer_text(out, ", ");
    rnc_put_hex(out, request >> 16 & 0x3fff);
    rnc_buffer_char(out, ')');
}

/* Flags above the permissions, then the permissions. */
static void put_ipc_flags(rnc_buffer *out, uint64_t value, int kind, unsigned huge_shift) {
    rnc_parts parts = {out, value & ~(uint64_t)IPC_MODE_MASK, 0};
    rnc_parts_flags(&parts, kind);
    if (parts.left) {
        rnc_parts_join(&parts);
        rnc_put_hex(out, parts.left);
    }
    put_huge_shift(&parts, huge_shift, "<<SHM_HUGE_SHIFT");
    rnc_parts_join(&parts);
    rnc_put_octal(out, value & IPC_MODE_MASK);
}

void rnc_show_ipc_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_ipc_flags(out, rnc_decode_u32(call, index), RNC_ARG_IPC_BITS, 0);
}

void rnc_show_shm_flags(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint64_t value = rnc_decode_u32(call, index);
    unsigned shift = take_huge_shift(&value);
    put_ipc_flags(out, value, RNC_ARG_SHM_BITS, shift);
}

static void put_ipc_command(rnc_buffer *out, uint32_t command, int kind) {
    if (command & IPC_64)
        rnc_buffer_text(out, "IPC_64|");
    rnc_put_set(out, kind, command & ~(uint32_t)IPC_64);
}

void rnc_show_shm_cmd(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_ipc_command(out, rnc_decode_u32(call, index), RNC_ARG_SHM_OP);
}

void rnc_show_sem_cmd(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_ipc_command(out, rnc_decode_u32(call, index), RNC_ARG_SEM_OP);
}

void rnc_show_msg_cmd(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_ipc_command(out, rnc_decode_u32(call, index), RNC_ARG_MSG_OP);
}
