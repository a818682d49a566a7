#include "trace/sink.h"

void rnc_sink_take(rnc_sink *sink, rnc_chunk *out) {
    sink->take(sink, out);
}
bool rnc_sink_full(rnc_sink *sink) {
    return sink->full(sink);
}
void rnc_sink_free(rnc_sink *sink) {
    if (sink)
        sink->free(sink);
}
