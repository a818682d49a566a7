/* Names of errors and signals. */
#include "syscall/tables.h"

const char *rnc_errno_name(int number) {
    static const char *const names[] = {
#define ERRNO(name, value)         [value] = #name,
#define RESTART(name, value, text) [value] = #name,
#include "syscall/tables/errnos.def"
#undef RESTART
#undef ERRNO
    };
    return number >= 0 && (size_t)number < RNC_COUNT(names) ? names[number] : NULL;
}

enum signal_number {
    NUMBER_ANY,
#define SIGNAL(name, value) NUMBER_##name = value,
#define CODE(signal, name, value)
#include "syscall/tables/signals.def"
#undef CODE
#undef SIGNAL
};

enum { SIGNALS = 64 };

const char *rnc_signal_name(int number) {
    static const char *const names[SIGNALS + 1] = {
#define SIGNAL(name, value) [value] = #name,
#define CODE(signal, name, value)
#include "syscall/tables/signals.def"
#undef CODE
#undef SIGNAL
    };
    return number > 0 && number <= SIGNALS ? names[number] : NULL;
}

const char *rnc_signal_code_name(int signal, int code) {
    static const struct {
        int signal;
        int code;
        const char *name;
    } codes[] = {
#define SIGNAL(name, value)
#define CODE(signal, name, value) {NUMBER_##signal, value, #name},
#include "syscall/tables/signals.def"
#undef CODE
#undef SIGNAL
    };
    for (size_t i = 0; i < RNC_COUNT(codes); i++)
        if (codes[i].code == code && (codes[i].signal == signal || codes[i].signal == NUMBER_ANY))
            return codes[i].name;
    return NULL;
}
