#include "python/view.h"

#include <limits.h>
#include <math.h>
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

/* Attributes and methods that C asks for, by the name of the variable. */
#define NAMES(NAME)                                                                                \
    NAME(format) NAME(ndim) NAME(_read) NAME(_allocated) NAME(_refused) NAME(_unfit) NAME(_output)

#define NAME(name) static PyObject *name_of_##name;
NAMES(NAME)
#undef NAME

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
    PyObject *read = PyObject_CallMethodObjArgs(type, name_of__read, data, dtype, NULL);
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
    PyObject *told = size && copy ? PyObject_CallMethodObjArgs((PyObject *)self, name_of__allocated,
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

/* rnc_apply on one view. */
static int apply(long op, const rnc_vec *vec, const double *params, size_t param_count,
                 double *results, void *out) {
    const rnc_arguments arguments = {.vectors = &vec,
                                     .vector_count = 1,
                                     .params = params,
                                     .param_count = param_count,
                                     .results = results,
                                     .out = out};
    if (RNC_LIKELY(keeps_gil(vec)))
        return rnc_apply((int)op, &arguments);
    int status;
    Py_BEGIN_ALLOW_THREADS status = rnc_apply((int)op, &arguments);
    Py_END_ALLOW_THREADS return status;
}

/* The NULL of a call that the core refused: self._refused(params, other) raises why. */
static PyObject *refused(PyObject *self, const double *params, Py_ssize_t count, PyObject *other) {
    PyObject *numbers = list_of(params, count);
    PyObject *nothing =
        numbers ? PyObject_CallMethodObjArgs(self, name_of__refused, numbers, other, NULL) : NULL;
    Py_XDECREF(numbers);
    Py_XDECREF(nothing);
    if (nothing)
        PyErr_SetString(PyExc_SystemError, "an operation gave nothing and no reason");
    return NULL;
}

/* Is it a view of elements of this one's type? */
static bool is_alike(PyObject *object, PyObject *other) {
    return PyObject_TypeCheck(other, view_type) &&
           ((view *)object)->vec.dtype == ((view *)other)->vec.dtype;
}

static PyObject *view_run(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    const rnc_vec *vec = &((view *)object)->vec, *other = NULL;
    if (count < 1 || count > 3) {
        PyErr_SetString(PyExc_TypeError, "_run takes an operation, a parameter and another view");
        return NULL;
    }
    long op = PyLong_AsLong(args[0]);
    double param = count >= 2 ? PyFloat_AsDouble(args[1]) : 0, result;
    if ((op == -1 || param == -1) && PyErr_Occurred())
        return NULL;
    if (count == 3) {
        if (RNC_UNLIKELY(!is_alike(object, args[2])))
            return PyObject_CallMethodObjArgs(object, name_of__unfit, args[2], NULL);
        other = &((view *)args[2])->vec;
    }
    if (RNC_LIKELY(keeps_gil(vec))) {
        result = other ? rnc_run_pair(vec, other, (int)op, param) : rnc_run(vec, (int)op, param);
    } else {
        Py_BEGIN_ALLOW_THREADS result =
            other ? rnc_run_pair(vec, other, (int)op, param) : rnc_run(vec, (int)op, param);
        Py_END_ALLOW_THREADS
    }
    if (RNC_UNLIKELY(isnan(result)) && rnc_last_execution()->status != RNC_OK)
        return refused(object, &param, 1, other ? args[2] : NULL);
    return PyFloat_FromDouble(result);
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
    if (!PyErr_Occurred())
        list = apply(op, vec, parameters, (size_t)params, numbers, NULL) == RNC_OK
                   ? list_of(numbers, results)
                   : refused(object, parameters, params, NULL);
    if (!is_few)
        PyMem_Free(numbers);
    return list;
}

/* Operation and parameter, the first two arguments of several methods; false with an exception. */
static bool read_operation(PyObject *const *args, long *op, double *param) {
    *op = PyLong_AsLong(args[0]);
    *param = PyFloat_AsDouble(args[1]);
    return !((*op == -1 || *param == -1) && PyErr_Occurred());
}

static PyObject *view_summary(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    long op;
    double param, numbers[RNC_SUMMARY_RESULTS];
    if (count != 4 || !PyType_Check(args[2]) ||
        !PyType_IsSubtype((PyTypeObject *)args[2], &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "_summary takes an operation, a parameter, a kind of "
                                         "tuple and its last item");
        return NULL;
    }
    if (!read_operation(args, &op, &param))
        return NULL;
    if (apply(op, &((view *)object)->vec, &param, 1, numbers, NULL) != RNC_OK)
        return refused(object, &param, 1, NULL);
    PyObject *summary = PyType_GenericAlloc((PyTypeObject *)args[2], RNC_SUMMARY_RESULTS + 1);
    for (Py_ssize_t i = 0; summary && i < RNC_SUMMARY_RESULTS; i++) {
        PyObject *number = i ? PyFloat_FromDouble(numbers[i]) : PyLong_FromDouble(numbers[i]);
        if (!number || PyTuple_SetItem(summary, i, number))
            Py_CLEAR(summary);
    }
    if (summary) {
        Py_INCREF(args[3]);
        if (PyTuple_SetItem(summary, RNC_SUMMARY_RESULTS, args[3]))
            Py_CLEAR(summary);
    }
    return summary;
}

/* A view of this kind and this one's size, on new memory that nothing was written to yet. */
static PyObject *new_output(PyObject *object, PyTypeObject *kind) {
    const rnc_vec *vec = &((view *)object)->vec;
    Py_ssize_t size = (Py_ssize_t)(vec->length * dtypes[vec->dtype].size);
    PyObject *bytes = PyByteArray_FromStringAndSize(NULL, size);
    PyObject *memory = bytes ? PyMemoryView_FromObject(bytes) : NULL;
    view *made = memory ? (view *)PyType_GenericAlloc(kind, 0) : NULL;
    if (made &&
        (hold(made, memory, Py_None, vec->dtype) || (rnc_tracer_active() && tell_tracer(made, 0))))
        Py_CLEAR(made);
    Py_XDECREF(memory);
    Py_XDECREF(bytes);
    return (PyObject *)made;
}

/* Can a result of this view's size and type be written to the other? */
static bool takes(PyObject *object, PyObject *other) {
    return is_alike(object, other) && ((view *)object)->vec.length == ((view *)other)->vec.length &&
           is_writable(((view *)other)->memory);
}

static PyObject *view_map(PyObject *object, PyObject *const *args, Py_ssize_t count) {
    long op;
    double param;
    if (count != 4 || !PyType_Check(args[3]) ||
        !PyType_IsSubtype((PyTypeObject *)args[3], view_type)) {
        PyErr_SetString(PyExc_TypeError,
                        "_map takes an operation, a parameter, an output and a kind of view");
        return NULL;
    }
    if (!read_operation(args, &op, &param))
        return NULL;
    PyObject *out = args[2];
    if (takes(object, out))
        Py_INCREF(out);
    else if (!(out = out == Py_None
                         ? new_output(object, (PyTypeObject *)args[3])
                         : PyObject_CallMethodObjArgs(object, name_of__output, out, NULL)))
        return NULL;
    if (!takes(object, out))
        PyErr_SetString(PyExc_TypeError, "the output is not a writable view of the right size");
    else if (apply(op, &((view *)object)->vec, &param, 1, NULL, (void *)((view *)out)->vec.data) ==
             RNC_OK)
        return out;
    else
        refused(object, &param, 1, NULL);
    Py_DECREF(out);
    return NULL;
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
     "_run($self, op, param=0.0, other=None, /)\n--\n\nrnc_run on this view, or rnc_run_pair. "
     "Calls _unfit for an operand of another type, _refused for what the core refuses."},
    {"_gather", (PyCFunction)(void (*)(void))view_gather, METH_FASTCALL,
     "_gather($self, op, results, /, *params)\n--\n\nrnc_apply on this view: the results, as many "
     "as the operation's shape says. Calls _refused."},
    {"_summary", (PyCFunction)(void (*)(void))view_summary, METH_FASTCALL,
     "_summary($self, op, param, kind, last, /)\n--\n\nrnc_apply of a summary, as a tuple of this "
     "kind that ends in last. Calls _refused."},
    {"_map", (PyCFunction)(void (*)(void))view_map, METH_FASTCALL,
     "_map($self, op, param, out, kind, /)\n--\n\nrnc_apply of a map into out: this view, a new "
     "one of "
     "this kind for None, or what _output makes of it. Returns it. Calls _refused."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"_owner", T_OBJECT, offsetof(view, owner), READONLY, "Whose memory it is; None for a copy."},
    {NULL, 0, 0, 0, NULL},
};

/* A new one each time: releasing it does not release what this object holds. */
static PyObject *view_buffer(PyObject *self, void *closure) {
    PyObject *memory = ((view *)self)->memory;
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
#define NAME(name)                                                                                 \
    if (!(name_of_##name = PyUnicode_InternFromString(#name)))                                     \
        return NULL;
    NAMES(NAME)
#undef NAME
    view_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return (PyObject *)view_type;
}
