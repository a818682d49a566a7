/* renacer._core.View: the base class of Vector. It holds a buffer and calls rnc_run on it without
 * passing through cffi, which costs more than a small operation itself.
 *
 * An instance never changes once it is made, so threads may share it. */
#ifndef RNC_PYTHON_VIEW_H
#define RNC_PYTHON_VIEW_H

#include "python/limited.h"

/* A new reference, or NULL with an exception set. Once per process. */
PyObject *rnc_view_type(void);

#endif
