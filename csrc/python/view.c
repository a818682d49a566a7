#include "python/view.h"

#include <stddef.h>
#include <structmember.h>

#include "python/methods.h"
#include "python/names.h"
#include "trace/tracer.h"

static const struct {
    const char *name;
    const char *format; /* of the buffer protocol */
    size_t size;
} dtypes[] = {
    [RNC_F32] = {"float32", "f", sizeof(float)},
    [RNC_F64] = {"float64", "d", sizeof(double)},
};

/* Deprecated, and no longer declared after 3.12, but in the stable ABI of every Python 3; the rest
 * of the buffer protocol entered it with 3.11. It refuses what is not contiguous. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
extern int PyObject_AsReadBuffer(PyObject *memory, const void **data, Py_ssize_t *size);
extern int PyObject_AsWriteBuffer(PyObject *memory, void **data, Py_ssize_t *size);

static int contiguous_bytes(PyObject *memory, const void **data, Py_ssize_t *size) {
    return PyObject_AsReadBuffer(memory, data, size);
}

static bool is_writable(PyObject *memory) {
    void *data;
    Py_ssize_t size;
    bool writable = PyObject_AsWriteBuffer(memory, &data, &size) == 0;
    PyErr_Clear();
    return writable;
}
#pragma GCC diagnostic pop

static PyObject *dtype_names[RNC_COUNT(dtypes)];

static PyTypeObject *view_type;

/* ---- making one ------------------------------------------------------------------------------ */

static int hold(rnc_view *self, PyObject *memory, PyObject *owner, uint32_t dtype) {
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
    PyObject *format = PyObject_GetAttr(memory, rnc_name_format);
    int dtype = format ? (int)RNC_COUNT(dtypes) - 1 : -1;
    while (dtype >= 0 && PyUnicode_CompareWithASCIIString(format, dtypes[dtype].format))
        dtype--;
    Py_XDECREF(format);
    return dtype;
}

static bool one_dimensional(PyObject *memory) {
    PyObject *ndim = PyObject_GetAttr(memory, rnc_name_ndim);
    bool one = ndim && PyLong_AsLong(ndim) == 1;
    Py_XDECREF(ndim);
    return one;
}

/* Whether data could be held as it is: the usual case, without a step in Python. What refuses data
 * is cleared, for _read to say; what has nothing to do with it, as KeyboardInterrupt, stays set. */
static bool hold_directly(rnc_view *self, PyObject *data) {
    PyObject *memory = PyMemoryView_FromObject(data);
    int dtype = memory ? dtype_of(memory) : -1;
    bool held =
        dtype >= 0 && one_dimensional(memory) && hold(self, memory, data, (uint32_t)dtype) == 0;
    Py_XDECREF(memory);
    if (!held && PyErr_Occurred() &&
        (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
         PyErr_ExceptionMatches(PyExc_BufferError)))
        PyErr_Clear();
    return held;
}

/* Everything else: type._read(data, dtype) gives (memory, row of dtypes, bytes copied, owner). */
static int hold_read(rnc_view *self, PyObject *data, PyObject *dtype, Py_ssize_t *copied) {
    PyObject *type = (PyObject *)Py_TYPE(self);
    PyObject *read = PyObject_CallMethodObjArgs(type, rnc_name__read, data, dtype, NULL);
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

static int tell_tracer(rnc_view *self, Py_ssize_t copied) {
    PyObject *size = PyLong_FromSize_t(rnc_view_bytes(&self->vec));
    PyObject *copy = PyLong_FromSsize_t(copied);
    PyObject *told =
        size && copy
            ? PyObject_CallMethodObjArgs((PyObject *)self, rnc_name__allocated, size, copy, NULL)
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
    rnc_view *self = (rnc_view *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    Py_ssize_t copied = 0;
    bool held = dtype == Py_None && hold_directly(self, data);
    if ((!held && (PyErr_Occurred() || hold_read(self, data, dtype, &copied))) ||
        (rnc_tracer_active() && tell_tracer(self, copied))) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int view_clear(PyObject *object) {
    rnc_view *self = (rnc_view *)object;
    self->vec.length = 0;
    Py_CLEAR(self->memory);
    Py_CLEAR(self->owner);
    return 0;
}

static int view_traverse(PyObject *object, visitproc visit, void *arg) {
    rnc_view *self = (rnc_view *)object;
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

/* ---- operands and outputs -------------------------------------------------------------------- */

bool rnc_view_is_alike(PyObject *object, PyObject *other) {
    return PyObject_TypeCheck(other, view_type) &&
           rnc_view_vec(object)->dtype == rnc_view_vec(other)->dtype;
}

bool rnc_view_takes(PyObject *object, PyObject *other) {
    return rnc_view_is_alike(object, other) &&
           rnc_view_vec(object)->length == rnc_view_vec(other)->length &&
           is_writable(((rnc_view *)other)->memory);
}

PyObject *rnc_view_new_output(PyObject *object, PyObject *kind) {
    if (!PyType_Check(kind) || !PyType_IsSubtype((PyTypeObject *)kind, view_type)) {
        PyErr_SetString(PyExc_TypeError, "an output is a kind of view");
        return NULL;
    }
    const rnc_vec *vec = rnc_view_vec(object);
    PyObject *bytes = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)rnc_view_bytes(vec));
    PyObject *memory = bytes ? PyMemoryView_FromObject(bytes) : NULL;
    rnc_view *made = memory ? (rnc_view *)PyType_GenericAlloc((PyTypeObject *)kind, 0) : NULL;
    if (made &&
        (hold(made, memory, Py_None, vec->dtype) || (rnc_tracer_active() && tell_tracer(made, 0))))
        Py_CLEAR(made);
    Py_XDECREF(memory);
    Py_XDECREF(bytes);
    return (PyObject *)made;
}

/* ---- the type -------------------------------------------------------------------------------- */

static Py_ssize_t view_length(PyObject *self) {
    return (Py_ssize_t)((rnc_view *)self)->vec.length;
}

static PyObject *view_address(PyObject *self, void *closure) {
    return PyLong_FromVoidPtr(&((rnc_view *)self)->vec);
}

static PyObject *view_dtype(PyObject *self, void *closure) {
    PyObject *name = dtype_names[((rnc_view *)self)->vec.dtype];
    Py_INCREF(name);
    return name;
}

static PyMemberDef members[] = {
    {"_owner", T_OBJECT, offsetof(rnc_view, owner), READONLY,
     "Whose memory it is; None for a copy."},
    {NULL, 0, 0, 0, NULL},
};

/* A new one each time: releasing it does not release what this object holds. */
static PyObject *view_buffer(PyObject *self, void *closure) {
    PyObject *memory = ((rnc_view *)self)->memory;
    return PyMemoryView_FromObject(memory ? memory : Py_None);
}

static PyGetSetDef computed[] = {
    {"_buffer", view_buffer, NULL, "A memoryview of the elements.", NULL},
    {"_dtype", view_dtype, NULL, "Element type, \"float32\" or \"float64\".", NULL},
    {"_address", view_address, NULL, "Where the rnc_vec is, as long as this object lives.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "View(data, dtype=None)\n--\n\nElements in memory that the core computes on."},
    {Py_tp_new, view_new},
    {Py_tp_dealloc, view_dealloc},
    {Py_tp_traverse, view_traverse},
    {Py_tp_clear, view_clear},
    {Py_tp_methods, rnc_methods},
    {Py_tp_members, members},
    {Py_tp_getset, computed},
    {Py_sq_length, view_length},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "renacer._core.View",
    .basicsize = sizeof(rnc_view),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

PyObject *rnc_view_type(void) {
    for (size_t i = 0; i < RNC_COUNT(dtypes); i++)
        if (!(dtype_names[i] = PyUnicode_InternFromString(dtypes[i].name)))
            return NULL;
    if (rnc_names_intern() || rnc_methods_prepare())
        return NULL;
    view_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return (PyObject *)view_type;
}
