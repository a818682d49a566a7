#include "trace/utf8.h"

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

size_t rnc_utf8_piece(const uint8_t *bytes, size_t size, bool *valid) {
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

uint32_t rnc_utf8_character(const uint8_t *bytes, size_t size) {
    static const uint8_t lead_bits[] = {0x7F, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t character = bytes[0] & lead_bits[size];
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (bytes[i] & 0x3F);
    return character;
}
