/* Well-formed UTF-8, as Unicode defines it. */
#ifndef RNC_TRACE_UTF8_H
#define RNC_TRACE_UTF8_H

#include "rnc.h"

/* Bytes of the character, or of the ill-formed piece, at the start of `bytes` (size > 0). */
size_t rnc_utf8_piece(const uint8_t *bytes, size_t size, bool *valid);
/* The code point of a whole, valid piece of `size` bytes. */
uint32_t rnc_utf8_character(const uint8_t *bytes, size_t size);

#endif
