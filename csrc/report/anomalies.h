/* The anomaly sink as the sinks after it see it. */
#ifndef RNC_REPORT_ANOMALIES_H
#define RNC_REPORT_ANOMALIES_H

#include "trace/record.h"

/* What the sink, which has just been given the record, found: NULL if it is ordinary. Valid until
 * the sink's next record. */
const rnc_anomaly *rnc_anomaly_of(const rnc_sink *sink, const rnc_record *record);

#endif
