#include "otlp/text.h"

#include "trace/utf8.h"

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

rnc_slice rnc_text_clean(rnc_buffer *scratch, rnc_slice bytes, uint32_t limit) {
    if (RNC_LIKELY(all_ascii(bytes.data, bytes.size)))
        return (rnc_slice){bytes.data, limit && bytes.size > limit ? limit : bytes.size};
    const uint8_t *text = (const uint8_t *)bytes.data;
    size_t characters = 0;
    scratch->size = 0;
    for (size_t i = 0; i < bytes.size && (!limit || characters < limit); characters++) {
        bool valid;
        size_t piece = rnc_utf8_piece(text + i, bytes.size - i, &valid);
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
