#include "trace/thread.h"

void rnc_context_get(rnc_context *out) {
    *out = rnc_thread_self.context;
}
void rnc_context_set(const rnc_context *context) {
    rnc_thread_self.context = *context;
}
