#include "python/names.h"

#define NAME(name) PyObject *rnc_name_##name;
#include "python/names.def"
#undef NAME

int rnc_names_intern(void) {
#define NAME(name)                                                                                 \
    if (!(rnc_name_##name = PyUnicode_InternFromString(#name)))                                    \
        return -1;
#include "python/names.def"
#undef NAME
    return 0;
}
