/* renacer._core.View: the base class of Vector. It holds a buffer and has the operations as methods
 * that do not pass through cffi, which costs more than a small operation itself.
 *
 * An instance never changes once it is made, so threads may share it. */
#ifndef RNC_PYTHON_VIEW_H
#define RNC_PYTHON_VIEW_H

#include <stdbool.h>

#include "python/limited.h"
#include "rnc.h"

typedef struct rnc_view {
    PyObject_HEAD rnc_vec vec;
    PyObject *memory; /* keeps the buffer of vec exported, hence in its place; NULL while unmade */
    PyObject *owner;  /* whose memory it is; None: a copy of our own */
} rnc_view;

/* A new reference, or NULL with an exception set. Once per process. */
PyObject *rnc_view_type(void);

/* Is it a view of elements of this one's type? */
bool rnc_view_is_alike(PyObject *view, PyObject *other);
/* Can a result of this view's size and type be written to the other? */
bool rnc_view_takes(PyObject *view, PyObject *other);
/* A view of this kind and the given one's size, on new memory that nothing was written to yet; NULL
 * with an exception set. */
PyObject *rnc_view_new_output(PyObject *view, PyObject *kind);

static inline const rnc_vec *rnc_view_vec(PyObject *view) {
    return &((rnc_view *)view)->vec;
}

static inline size_t rnc_view_bytes(const rnc_vec *vec) {
    return vec->length * (vec->dtype == RNC_F32 ? sizeof(float) : sizeof(double));
}

#endif
