/* Sets of named numbers, tables/flags/: one kind each. Inside syscall/ only. */
#ifndef RNC_SYSCALL_FLAGS_H
#define RNC_SYSCALL_FLAGS_H

#include "syscall/tables.h"

enum rnc_set_style {
    VALUES,     /* 32 bits, one name for the whole */
    FLAGS,      /* 32 bits, names for parts, joined by "|"; a first row of 0 names none of them */
    WIDE_FLAGS, /* the same, of a word */
};

/* The name of exactly this value in a set, or NULL. */
const char *rnc_set_name(int kind, uint64_t value);
/* The value by its set's style; what has no name is hexadecimal, alone with a comment. */
void rnc_put_set(rnc_buffer *out, int kind, uint64_t value);

/* A number of several parts, joined by "|" where parts were put before. */
typedef struct rnc_parts {
    rnc_buffer *out;
    uint64_t left; /* bits not shown yet */
    unsigned put;  /* parts shown */
} rnc_parts;

void rnc_parts_join(rnc_parts *parts); /* before a part of the caller's own */
/* Shows and takes the part under mask if it has a name. */
void rnc_parts_name(rnc_parts *parts, int kind, uint64_t mask);
void rnc_parts_flags(rnc_parts *parts, int kind);
/* Shows what is left: nothing if 0 and anything was put, "0" if nothing was; else hexadecimal, with
 * the kind's comment if nothing was put before. */
void rnc_parts_end(rnc_parts *parts, int kind);

#endif
