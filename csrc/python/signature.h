/* How a method written in C is called. Its parameters are read from the signature that help()
 * shows, so that the two cannot differ. */
#ifndef RNC_PYTHON_SIGNATURE_H
#define RNC_PYTHON_SIGNATURE_H

#include <stdbool.h>

#include "python/limited.h"
#include "rnc.h"

#define RNC_MOST_PARAMETERS 3

/* Set once while the module is imported. */
typedef struct rnc_signature {
    const char *method;
    PyObject *names[RNC_MOST_PARAMETERS]; /* interned; those with a place come first */
    Py_ssize_t count;
    Py_ssize_t positional;
    Py_ssize_t required;
} rnc_signature;

/* Reads "q, ddof=0, *, out=None": 0, or -1 with an exception set. */
int rnc_signature_read(rnc_signature *signature, const char *method, const char *text);

/* The arguments of a METH_FASTCALL | METH_KEYWORDS call that are not just the positional ones;
 * false with a TypeError set. */
bool rnc_bind_rest(const rnc_signature *signature, PyObject *const *args, Py_ssize_t count,
                   PyObject *keywords, PyObject *given[RNC_MOST_PARAMETERS]);

/* given[i] becomes the argument for names[i], borrowed, or NULL where the default holds; false with
 * a TypeError set. */
static inline bool rnc_bind(const rnc_signature *signature, PyObject *const *args, Py_ssize_t count,
                            PyObject *keywords, PyObject *given[RNC_MOST_PARAMETERS]) {
    for (Py_ssize_t i = 0; i < signature->count; i++)
        given[i] = i < count ? args[i] : NULL;
    if (RNC_LIKELY(!keywords && count >= signature->required && count <= signature->positional))
        return true;
    return rnc_bind_rest(signature, args, count, keywords, given);
}

#endif
