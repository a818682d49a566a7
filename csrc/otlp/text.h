/* Arbitrary bytes to valid UTF-8. */
#ifndef RNC_OTLP_TEXT_H
#define RNC_OTLP_TEXT_H

#include "otlp/writer.h"

/* The first `limit` characters of the bytes (0: all), each maximal ill-formed piece replaced by
 * U+FFFD as Unicode recommends. The result is the given bytes themselves, or stands in scratch,
 * which is overwritten. Without memory it is empty. */
rnc_slice rnc_text_clean(rnc_buffer *scratch, rnc_slice bytes, uint32_t limit);

#endif
