/* A growing byte buffer for sinks. Growth that fails leaves it as it was and sets failed. */
#ifndef RNC_TRACE_BUFFER_H
#define RNC_TRACE_BUFFER_H

#include <stdlib.h>
#include <string.h>

#include "rnc.h"

typedef struct rnc_buffer {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
} rnc_buffer;

/* Room for `size` more bytes at the returned place; the caller adds what it used to buffer->size.
 */
static inline char *rnc_buffer_room(rnc_buffer *buffer, size_t size) {
    if (RNC_UNLIKELY(buffer->capacity - buffer->size < size)) {
        size_t capacity = buffer->capacity ? buffer->capacity : 4096;
        while (capacity - buffer->size < size)
            capacity *= 2;
        char *data = realloc(buffer->data, capacity);
        if (!data) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

static inline void rnc_buffer_append(rnc_buffer *buffer, const void *bytes, size_t size) {
    char *room = rnc_buffer_room(buffer, size);
    if (!room || !size)
        return;
    memcpy(room, bytes, size);
    buffer->size += size;
}

static inline void rnc_buffer_text(rnc_buffer *buffer, const char *text) {
    rnc_buffer_append(buffer, text, strlen(text));
}

static inline void rnc_buffer_char(rnc_buffer *buffer, char character) {
    rnc_buffer_append(buffer, &character, 1);
}

static inline void rnc_buffer_free(rnc_buffer *buffer) {
    free(buffer->data);
    *buffer = (rnc_buffer){0};
}

#endif
