/* renacer._core.reporting: the functions of renacer.h, with which other extensions report what
 * their own kernels did. */
#ifndef RNC_PYTHON_REPORTING_H
#define RNC_PYTHON_REPORTING_H

#include "python/limited.h"

/* A new capsule, or NULL with an exception set. */
PyObject *rnc_reporting_capsule(void);

#endif
