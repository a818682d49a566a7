/* Which memory of the program a call's record carries, by the call's signature. */
#ifndef RNC_SYSCALL_CAPTURE_H
#define RNC_SYSCALL_CAPTURE_H

#include "trace/buffer.h"
#include "trace/record.h"

/* Replaces out with the captures that are due when the call begins. */
void rnc_capture_entry(rnc_buffer *out, const rnc_syscall_body *call,
                       const rnc_source_config *config);
/* Appends those due at its return; call->result is set. */
void rnc_capture_exit(rnc_buffer *out, const rnc_syscall_body *call,
                      const rnc_source_config *config);

#endif
