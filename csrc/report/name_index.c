#include "report/name_index.h"

static size_t bucket_of(const rnc_name_index *self, int32_t number) {
    size_t at = (uint32_t)number * 2654435769u & (self->buckets - 1);
    while (self->by_number[at] && self->names[self->by_number[at] - 1].number != number)
        at = (at + 1) & (self->buckets - 1);
    return at;
}

static bool grow_buckets(rnc_name_index *self) {
    size_t buckets = self->buckets ? self->buckets * 2 : 16;
    uint32_t *old = self->by_number, *fresh = calloc(buckets, sizeof *fresh);
    if (!fresh)
        return false;
    self->by_number = fresh;
    self->buckets = buckets;
    for (size_t i = 0; i < self->count; i++)
        if (self->names[i].row == RNC_NO_ROW)
            fresh[bucket_of(self, self->names[i].number)] = (uint32_t)i + 1;
    free(old);
    return true;
}

/* The new name's index + 1, or 0 without memory. */
static uint32_t add(rnc_name_index *self, const rnc_syscall_body *call, uint16_t row) {
    if (self->count == self->capacity) {
        size_t capacity = self->capacity ? self->capacity * 2 : 64;
        rnc_indexed_name *grown = realloc(self->names, capacity * sizeof *grown);
        if (!grown)
            return 0;
        self->names = grown;
        self->capacity = capacity;
    }
    rnc_indexed_name *added = &self->names[self->count++];
    *added = (rnc_indexed_name){.row = row, .number = call->number};
    if (row == RNC_NO_ROW) {
        rnc_syscall_body nameless = *call;
        nameless.row = RNC_NO_ROW;
        rnc_syscall_name(&nameless, added->text);
    }
    return (uint32_t)self->count;
}

static uint32_t find_number(rnc_name_index *self, const rnc_syscall_body *call) {
    if (self->unknown * 2 >= self->buckets && !grow_buckets(self))
        return 0;
    uint32_t *found = &self->by_number[bucket_of(self, call->number)];
    if (!*found && (*found = add(self, call, RNC_NO_ROW)))
        self->unknown++;
    return *found;
}

static uint32_t find_row(rnc_name_index *self, const rnc_syscall_body *call) {
    uint16_t row = self->first[call->row];
    if (!self->by_row[row])
        self->by_row[row] = add(self, call, row);
    return self->by_row[row];
}

size_t rnc_name_index_find(rnc_name_index *self, const rnc_syscall_body *call) {
    uint32_t found = call->row < self->rows ? find_row(self, call) : find_number(self, call);
    return found ? found - 1 : RNC_NO_INDEX;
}

const char *rnc_name_index_text(const rnc_name_index *self, size_t index) {
    const rnc_indexed_name *name = &self->names[index];
    return name->row == RNC_NO_ROW ? name->text : rnc_syscall(name->row)->name;
}

static void find_first_rows(rnc_name_index *self) {
    for (size_t row = 0; row < self->rows; row++) {
        size_t first = 0;
        while (strcmp(rnc_syscall((int)first)->name, rnc_syscall((int)row)->name) != 0)
            first++;
        self->first[row] = (uint16_t)first;
    }
}

bool rnc_name_index_open(rnc_name_index *self) {
    *self = (rnc_name_index){0};
    while (rnc_syscall((int)self->rows))
        self->rows++;
    self->first = calloc(self->rows, sizeof *self->first);
    self->by_row = calloc(self->rows, sizeof *self->by_row);
    if (!self->first || !self->by_row) {
        rnc_name_index_close(self);
        return false;
    }
    find_first_rows(self);
    return true;
}

void rnc_name_index_close(rnc_name_index *self) {
    free(self->names);
    free(self->first);
    free(self->by_row);
    free(self->by_number);
    *self = (rnc_name_index){0};
}

bool rnc_call_returned(const rnc_record *record) {
    const rnc_syscall_body *call = &record->syscall;
    return record->kind == RNC_SYSCALL && !(call->flags & RNC_SYSCALL_UNFINISHED) &&
           !rnc_syscall_signature(call->row)->never_returns;
}
