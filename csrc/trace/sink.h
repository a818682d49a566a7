/* What the pump hands records to. A sink turns records into bytes or tables; it never blocks, never
 * sees a stream, and knows nothing of other sinks. */
#ifndef RNC_TRACE_SINK_H
#define RNC_TRACE_SINK_H

#include "trace/processes.h"
#include "trace/record.h"

struct rnc_sink {
    /* process: the record's process, or NULL for a record that has none or whose START was lost. On
     * PROCESS_EXIT it is complete. It is the pump's: of its members only held_back is a sink's to
     * change. */
    void (*accept)(rnc_sink *sink, const rnc_record *record, rnc_process *process);
    void (*take)(rnc_sink *sink, rnc_chunk *out);
    bool (*full)(rnc_sink *sink);
    void (*free)(rnc_sink *sink);
};

#endif
