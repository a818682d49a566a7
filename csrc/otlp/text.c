#include "otlp/text.h"

static const char replacement[] = "\xEF\xBF\xBD";

static bool all_ascii(const char *bytes, size_t size) {
    const uint64_t high_bits = 0x8080808080808080u;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        if (word & high_bits)
            return false;
    }
    for (; i < size; i++)
        if (bytes[i] & 0x80)
            return false;
    return true;
}

typedef struct lead {
    uint8_t length;     /* of the whole character; 0: no character starts so */
    uint8_t second_min; /* bounds of the second byte: they rule out overlong forms, */
    uint8_t second_max; /* surrogates and what lies beyond U+10FFFF */
} lead;

static lead lead_of(uint8_t byte) {
    if (byte < 0x80)
        return (lead){1, 0, 0};
    if (byte < 0xC2)
        return (lead){0, 0, 0};
    if (byte < 0xE0)
        return (lead){2, 0x80, 0xBF};
    if (byte == 0xE0)
        return (lead){3, 0xA0, 0xBF};
    if (byte == 0xED)
        return (lead){3, 0x80, 0x9F};
    if (byte < 0xF0)
        return (lead){3, 0x80, 0xBF};
    if (byte == 0xF0)
        return (lead){4, 0x90, 0xBF};
    if (byte < 0xF4)
        return (lead){4, 0x80, 0xBF};
    if (byte == 0xF4)
        return (lead){4, 0x80, 0x8F};
    return (lead){0, 0, 0};
}

/* Bytes of the character, or of the ill-formed piece, at the start of `bytes` (size > 0). */
static size_t next_piece(const uint8_t *bytes, size_t size, bool *valid) {
    lead first = lead_of(bytes[0]);
    *valid = false;
    if (first.length == 0)
        return 1;
    if (first.length > 1) {
        if (size < 2 || bytes[1] < first.second_min || bytes[1] > first.second_max)
            return 1;
        for (size_t i = 2; i < first.length; i++)
            if (i >= size || (bytes[i] & 0xC0) != 0x80)
                return i;
    }
    *valid = true;
    return first.length;
}

rnc_slice rnc_text_clean(rnc_buffer *scratch, rnc_slice bytes, uint32_t limit) {
    if (RNC_LIKELY(all_ascii(bytes.data, bytes.size)))
        return (rnc_slice){bytes.data, limit && bytes.size > limit ? limit : bytes.size};
    const uint8_t *text = (const uint8_t *)bytes.data;
    size_t characters = 0;
    scratch->size = 0;
    for (size_t i = 0; i < bytes.size && (!limit || characters < limit); characters++) {
        bool valid;
        size_t piece = next_piece(text + i, bytes.size - i, &valid);
        if (valid)
            rnc_buffer_append(scratch, text + i, piece);
        else
            rnc_buffer_append(scratch, replacement, sizeof replacement - 1);
        i += piece;
    }
    if (scratch->failed) {
        scratch->failed = false;
        return (rnc_slice){"", 0};
    }
    return (rnc_slice){scratch->data, scratch->size};
}
