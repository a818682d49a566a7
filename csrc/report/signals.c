/* A signal as a line: what its siginfo says, as far as a record carries it. */
#include <signal.h>

#include "report/text.h"

static void put(rnc_buffer *out, const char *format, long long value) {
    char text[64];
    snprintf(text, sizeof text, format, value);
    rnc_buffer_text(out, text);
}

void rnc_put_signal_name(rnc_buffer *out, int signal) {
    const char *name = rnc_signal_name(signal);
    if (name)
        rnc_buffer_text(out, name);
    else
        put(out, "%lld", signal);
}

static void put_code(rnc_buffer *out, const rnc_signal_body *signal) {
    const char *name = rnc_signal_code_name(signal->signal, signal->code);
    rnc_buffer_text(out, ", si_code=");
    if (name)
        rnc_buffer_text(out, name);
    else
        put(out, "%lld", signal->code);
}

static void put_sender(rnc_buffer *out, const rnc_signal_body *signal) {
    put(out, ", si_pid=%lld", signal->sender_pid);
    put(out, ", si_uid=%lld", signal->sender_uid);
}

static void put_status(rnc_buffer *out, const rnc_signal_body *signal) {
    rnc_buffer_text(out, ", si_status=");
    if (signal->code == CLD_EXITED)
        put(out, "%lld", signal->status);
    else
        rnc_put_signal_name(out, (int)signal->status);
}

static void put_address(rnc_buffer *out, const rnc_signal_body *signal) {
    if (signal->address)
        put(out, ", si_addr=0x%llx", (long long)signal->address);
    else
        rnc_buffer_text(out, ", si_addr=NULL");
}

/* "..." stands for members that a record does not carry. */
static void put_details(rnc_buffer *out, const rnc_signal_body *signal) {
    switch (signal->code) {
    case SI_USER:
    case SI_TKILL:
        return put_sender(out, signal);
    case SI_QUEUE:
        put_sender(out, signal);
        return rnc_buffer_text(out, ", ...");
    }
    switch (signal->signal) {
    case SIGCHLD:
        put_sender(out, signal);
        put_status(out, signal);
        return rnc_buffer_text(out, ", ...");
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        return put_address(out, signal);
    }
    if (signal->code != SI_KERNEL)
        rnc_buffer_text(out, ", ...");
}

void rnc_put_signal_line(rnc_buffer *out, const rnc_signal_body *signal) {
    rnc_buffer_text(out, signal->stopped ? "--- stopped by " : "--- ");
    rnc_put_signal_name(out, signal->signal);
    if (!signal->stopped) {
        rnc_buffer_text(out, " {si_signo=");
        rnc_put_signal_name(out, signal->signal);
        put_code(out, signal);
        put_details(out, signal);
        rnc_buffer_char(out, '}');
    }
    rnc_buffer_text(out, " ---");
}
