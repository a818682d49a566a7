#include "python/view.h"

#include <stddef.h>
#include <structmember.h>

#include "rnc.h"
#include "trace/tracer.h"

/* Data of fewer bytes is computed on with the GIL held: giving it up and asking for it back costs
 * as much as reading this much, which takes microseconds. */
#define HOLD_GIL_BELOW ((size_t)64 << 10)

typedef struct view {
    PyObject_HEAD rnc_vec vec;
    PyObject *memory; /* keeps the buffer of vec exported, hence in its place; NULL while unmade */
    PyObject *owner;  /* keeps what the buffer itself does not keep alive, or None */
} view;

static const struct {
    const char *format; /* of the buffer protocol */
    size_t size;
} dtypes[] = {
    [RNC_F32] = {"f", sizeof(float)},
    [RNC_F64] = {"d", sizeof(double)},
};

/* Deprecated, and no longer declared after 3.12, but in the stable ABI of every Python 3; the rest
 * of the buffer protocol entered it with 3.11. It refuses what is not contiguous. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
extern int PyObject_AsReadBuffer(PyObject *memory, const void **data, Py_ssize_t *size);

static int contiguous_bytes(PyObject *memory, const void **data, Py_ssize_t *size) {
    return PyObject_AsReadBuffer(memory, data, size);
}
#pragma GCC diagnostic pop

static PyObject *name_of_format, *name_of_ndim, *name_of_read, *name_of_allocated;

/* ---- making one ------------------------------------------------------------------------------ */

static int hold(view *self, PyObject *memory, PyObject *owner, uint32_t dtype) {
    const void *data;
    Py_ssize_t size;
    if (contiguous_bytes(memory, &data, &size))
        return -1;
    Py_INCREF(memory);
    Py_INCREF(owner);
    self->memory = memory;
    self->owner = owner;
    self->vec = (rnc_vec){data, (size_t)size / dtypes[dtype].size, dtype};
    return 0;
}

/* The row of dtypes that a memoryview's elements are, or -1. */
static int dtype_of(PyObject *memory) {
    PyObject *format = PyObject_GetAttr(memory, name_of_format);
    int dtype = format ? (int)RNC_COUNT(dtypes) - 1 : -1;
    while (dtype >= 0 && PyUnicode_CompareWithASCIIString(format, dtypes[dtype].format))
        dtype--;
    Py_XDECREF(format);
    return dtype;
}

static bool one_dimensional(PyObject *memory) {
    PyObject *ndim = PyObject_GetAttr(memory, name_of_ndim);
    bool one = ndim && PyLong_AsLong(ndim) == 1;
    Py_XDECREF(ndim);
    return one;
}

/* Whether data could be held as it is: the usual case, without a step in Python. */
static bool hold_directly(view *self, PyObject *data) {
    PyObject *memory = PyMemoryView_FromObject(data);
    int dtype = memory ? dtype_of(memory) : -1;
    bool held =
        dtype >= 0 && one_dimensional(memory) && hold(self, memory, Py_None, (uint32_t)dtype) == 0;
    Py_XDECREF(memory);
    PyErr_Clear();
    return held;
}

/* Everything else: type._read(data, dtype) gives (memory, row of dtypes, bytes copied, owner). */
static int hold_read(view *self, PyObject *data, PyObject *dtype, Py_ssize_t *copied) {
    PyObject *type = (PyObject *)Py_TYPE(self);
    PyObject *read = PyObject_CallMethodObjArgs(type, name_of_read, data, dtype, NULL);
    PyObject *memory, *owner;
    unsigned int row;
    int status = -1;
    if (read && PyArg_ParseTuple(read, "OInO", &memory, &row, copied, &owner)) {
        if (row < RNC_COUNT(dtypes))
            status = hold(self, memory, owner, row);
        else
            PyErr_SetString(PyExc_ValueError, "no such element type");
    }
    Py_XDECREF(read);
    return status;
}

static int tell_tracer(view *self, Py_ssize_t copied) {
    PyObject *size = PyLong_FromSize_t(self->vec.length * dtypes[self->vec.dtype].size);
    PyObject *copy = PyLong_FromSsize_t(copied);
    PyObject *told = size && copy ? PyObject_CallMethodObjArgs((PyObject *)self, name_of_allocated,
                                                               size, copy, NULL)
                                  : NULL;
    Py_XDECREF(size);
    Py_XDECREF(copy);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static PyObject *view_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"data", "dtype", NULL};
    PyObject *data, *dtype = Py_None;
    if (!keywords && PyTuple_Size(args) == 1)
        data = PyTuple_GetItem(args, 0);
    else if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:Vector", names, &data, &dtype))
        return NULL;
    view *self = (view *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    Py_ssize_t copied = 0;
    bool held = dtype == Py_None && hold_directly(self, data);
    if ((!held && hold_read(self, data, dtype, &copied)) ||
        (rnc_tracer_active() && tell_tracer(self, copied))) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int view_clear(PyObject *object) {
    view *self = (view *)object;
    self->vec.length = 0;
    Py_CLEAR(self->memory);
    Py_CLEAR(self->owner);
    return 0;
}

static int view_traverse(PyObject *object, visitproc visit, void *arg) {
    view *self = (view *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->memory);
    Py_VISIT(self->owner);
    return 0;
}

static void view_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    view_clear(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* ---- using it -------------------------------------------------------------------------------- */

static bool keeps_gil(const rnc_vec *vec) {
    return vec->length * dtypes[vec->dtype].size < HOLD_GIL_BELOW;
}

static PyObject *view_run(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    const rnc_vec *vec = &((view *)object)->vec;
    if (count != 1 && count != 2) {
        PyErr_SetString(PyExc_TypeError, "_run takes an operation and at most one parameter");
        return NULL;
    }
    long op = PyLong_AsLong(args[0]);
    double param = count == 2 ? PyFloat_AsDouble(args[1]) : 0;
    if ((op == -1 || param == -1) && PyErr_Occurred())
        return NULL;
    if (RNC_LIKELY(keeps_gil(vec)))
        return PyFloat_FromDouble(rnc_run(vec, (int)op, param));
    double result;
    Py_BEGIN_ALLOW_THREADS result = rnc_run(vec, (int)op, param);
    Py_END_ALLOW_THREADS return PyFloat_FromDouble(result);
}

static Py_ssize_t view_length(PyObject *self) {
    return (Py_ssize_t)((view *)self)->vec.length;
}

static PyObject *view_address(PyObject *self, void *closure) {
    return PyLong_FromVoidPtr(&((view *)self)->vec);
}

static PyMethodDef methods[] = {
    {"_run", (PyCFunction)(void (*)(void))view_run, METH_FASTCALL,
     "_run($self, op, param=0.0, /)\n--\n\nrnc_run on this view; NaN is what _checked looks at."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"_dtype", T_UINT, offsetof(view, vec.dtype), READONLY, "Row of enum rnc_dtype."},
    {"_memory", T_OBJECT, offsetof(view, memory), READONLY, "What exports the elements."},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef computed[] = {
    {"_address", view_address, NULL, "Where the rnc_vec is, as long as this object lives.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "View(data, dtype=None)\n--\n\nElements in memory that the core computes on."},
    {Py_tp_new, view_new},
    {Py_tp_dealloc, view_dealloc},
    {Py_tp_traverse, view_traverse},
    {Py_tp_clear, view_clear},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, computed},
    {Py_sq_length, view_length},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "renacer._core.View",
    .basicsize = sizeof(view),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

PyObject *rnc_view_type(void) {
    name_of_format = PyUnicode_InternFromString("format");
    name_of_ndim = PyUnicode_InternFromString("ndim");
    name_of_read = PyUnicode_InternFromString("_read");
    name_of_allocated = PyUnicode_InternFromString("_allocated");
    if (!name_of_format || !name_of_ndim || !name_of_read || !name_of_allocated)
        return NULL;
    return PyType_FromSpec(&spec);
}
