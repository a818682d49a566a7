/* Syscall names numbered 0, 1, … in order of first appearance. ABIs share a name; a number that no
 * table has is a name of its own. Finding allocates only for a name not seen before. */
#ifndef RNC_REPORT_NAME_INDEX_H
#define RNC_REPORT_NAME_INDEX_H

#include "syscall/tables.h"

typedef struct rnc_indexed_name {
    char text[24]; /* of a number that no table has; "" else */
    uint16_t row;
    int32_t number;
} rnc_indexed_name;

typedef struct rnc_name_index {
    rnc_indexed_name *names;
    size_t count;
    size_t capacity;
    size_t rows;         /* of the syscall table */
    uint16_t *first;     /* row → the first row of the same name */
    uint32_t *by_row;    /* row → its index + 1 */
    uint32_t *by_number; /* open hash of unknown numbers: index + 1 */
    size_t buckets;      /* a power of two, at least twice the unknown numbers; 0: none yet */
    size_t unknown;
} rnc_name_index;

#define RNC_NO_INDEX SIZE_MAX

bool rnc_name_index_open(rnc_name_index *self); /* false: no memory, and nothing to close */
void rnc_name_index_close(rnc_name_index *self);
size_t rnc_name_index_find(rnc_name_index *self, const rnc_syscall_body *call); /* or RNC_NO_INDEX:
                                                                                   no memory */
const char *rnc_name_index_text(const rnc_name_index *self, size_t index);

/* A call that returned and could return, which is what statistics are of. */
bool rnc_call_returned(const rnc_record *record);
/* Nanoseconds from the start to the end of a record. */
static inline uint64_t rnc_record_duration(const rnc_record *record) {
    return record->end > record->start ? record->end - record->start : 0;
}

#endif
