/* The operations as methods of View. */
#ifndef RNC_PYTHON_METHODS_H
#define RNC_PYTHON_METHODS_H

#include "python/limited.h"

/* Ends with an empty row. */
extern PyMethodDef rnc_methods[];

/* Reads the methods' signatures: 0, or -1 with an exception set. */
int rnc_methods_prepare(void);

#endif
