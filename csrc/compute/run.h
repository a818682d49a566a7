/* What every way of running an operation shares. */
#ifndef RNC_COMPUTE_RUN_H
#define RNC_COMPUTE_RUN_H

#include "rnc.h"

/* What rnc_last_execution gives in this thread, to be filled in. */
rnc_execution *rnc_own_execution(void);

#endif
