#include "python/view.h"

#include <limits.h>
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
    PyObject *owner;  /* whose memory it is; None: a copy of our own */
} view;

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

static int contiguous_bytes(PyObject *memory, const void **data, Py_ssize_t *size) {
    return PyObject_AsReadBuffer(memory, data, size);
}
#pragma GCC diagnostic pop

static PyObject *dtype_names[RNC_COUNT(dtypes)];
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

/* Whether data could be held as it is: the usual case, without a step in Python. What refuses data
 * is cleared, for _read to say; what has nothing to do with it, as KeyboardInterrupt, stays set. */
static bool hold_directly(view *self, PyObject *data) {
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
    if ((!held && (PyErr_Occurred() || hold_read(self, data, dtype, &copied))) ||
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

static PyTypeObject *view_type;

static PyObject *view_run(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    const rnc_vec *vec = &((view *)object)->vec, *other = NULL;
    if (count < 1 || count > 3) {
        PyErr_SetString(PyExc_TypeError, "_run takes an operation, a parameter and another view");
        return NULL;
    }
    long op = PyLong_AsLong(args[0]);
    double param = count >= 2 ? PyFloat_AsDouble(args[1]) : 0;
    if ((op == -1 || param == -1) && PyErr_Occurred())
        return NULL;
    if (count == 3) {
        if (!PyObject_TypeCheck(args[2], view_type)) {
            PyErr_SetString(PyExc_TypeError, "the other operand is not a view");
            return NULL;
        }
        other = &((view *)args[2])->vec;
    }
    double result;
    if (RNC_LIKELY(keeps_gil(vec)))
        return PyFloat_FromDouble(other ? rnc_run_pair(vec, other, (int)op, param)
                                        : rnc_run(vec, (int)op, param));
    Py_BEGIN_ALLOW_THREADS result =
        other ? rnc_run_pair(vec, other, (int)op, param) : rnc_run(vec, (int)op, param);
    Py_END_ALLOW_THREADS return PyFloat_FromDouble(result);
}

/* The numbers as a list; NULL with an exception when there is no memory. */
static PyObject *list_of(const double *numbers, Py_ssize_t count) {
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *number = PyFloat_FromDouble(numbers[i]);
        if (!number || PyList_SetItem(list, i, number))
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *none(void) {
    Py_INCREF(Py_None);
    return Py_None;
}

/* Few enough that they need no memory of their own. */
#define FEW_NUMBERS 8

static PyObject *view_gather(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    const rnc_vec *vec = &((view *)object)->vec;
    long op = count >= 2 ? PyLong_AsLong(args[0]) : -1;
    Py_ssize_t results = count >= 2 ? PyLong_AsSsize_t(args[1]) : -1, params = count - 2;
    if (op < 0 || results < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "_gather takes an operation and a count of results");
        return NULL;
    }
    const rnc_op_row *row = op <= INT_MAX ? rnc_op((int)op) : NULL;
    Py_ssize_t given = !row                        ? -1
                       : row->shape == RNC_SEVERAL ? params
                       : row->shape == RNC_SUMMARY ? (Py_ssize_t)RNC_SUMMARY_RESULTS
                                                   : 1;
    if (results != given) {
        PyErr_SetString(PyExc_ValueError, "that is not how many results the operation gives");
        return NULL;
    }
    double few[2 * FEW_NUMBERS], *numbers = few;
    bool is_few = results <= FEW_NUMBERS && params <= FEW_NUMBERS;
    if (!is_few && !(numbers = PyMem_Malloc((size_t)(results + params) * sizeof *numbers)))
        return PyErr_NoMemory();
    double *parameters = numbers + results;
    for (Py_ssize_t i = 0; i < params; i++)
        parameters[i] = PyFloat_AsDouble(args[2 + i]);
    PyObject *list = NULL;
    if (!PyErr_Occurred()) {
        const rnc_arguments arguments = {.vectors = &vec,
                                         .vector_count = 1,
                                         .params = parameters,
                                         .param_count = (size_t)params,
                                         .results = numbers};
        int status;
        if (RNC_LIKELY(keeps_gil(vec))) {
            status = rnc_apply((int)op, &arguments);
        } else {
            Py_BEGIN_ALLOW_THREADS status = rnc_apply((int)op, &arguments);
            Py_END_ALLOW_THREADS
        }
        list = status == RNC_OK ? list_of(numbers, results) : none();
    }
    if (!is_few)
        PyMem_Free(numbers);
    return list;
}

static Py_ssize_t view_length(PyObject *self) {
    return (Py_ssize_t)((view *)self)->vec.length;
}

static PyObject *view_address(PyObject *self, void *closure) {
    return PyLong_FromVoidPtr(&((view *)self)->vec);
}

static PyObject *view_dtype(PyObject *self, void *closure) {
    PyObject *name = dtype_names[((view *)self)->vec.dtype];
    Py_INCREF(name);
    return name;
}

static PyMethodDef methods[] = {
    {"_run", (PyCFunction)(void (*)(void))view_run, METH_FASTCALL,
     "_run($self, op, param=0.0, other=None, /)\n--\n\nrnc_run on this view, or rnc_run_pair; "
     "NaN is what _checked looks at."},
    {"_gather", (PyCFunction)(void (*)(void))view_gather, METH_FASTCALL,
     "_gather($self, op, results, /, *params)\n--\n\nrnc_apply on this view: the results, as many "
     "as the operation's shape says, or None where it was refused."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"_buffer", T_OBJECT, offsetof(view, memory), READONLY, "What exports the elements."},
    {"_owner", T_OBJECT, offsetof(view, owner), READONLY, "Whose memory it is; None for a copy."},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef computed[] = {
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
    for (size_t i = 0; i < RNC_COUNT(dtypes); i++)
        if (!(dtype_names[i] = PyUnicode_InternFromString(dtypes[i].name)))
            return NULL;
    name_of_format = PyUnicode_InternFromString("format");
    name_of_ndim = PyUnicode_InternFromString("ndim");
    name_of_read = PyUnicode_InternFromString("_read");
    name_of_allocated = PyUnicode_InternFromString("_allocated");
    if (!name_of_format || !name_of_ndim || !name_of_read || !name_of_allocated)
        return NULL;
    view_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return (PyObject *)view_type;
}
