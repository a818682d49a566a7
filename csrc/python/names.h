/* The rows of names.def as interned strings, set once while the module is imported. */
#ifndef RNC_PYTHON_NAMES_H
#define RNC_PYTHON_NAMES_H

#include "python/limited.h"

#define NAME(name) extern PyObject *rnc_name_##name;
#include "python/names.def"
#undef NAME

/* 0, or -1 with an exception set. */
int rnc_names_intern(void);

#endif
