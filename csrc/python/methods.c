/* The operations as methods of View, expanded from ops.def and methods.def. An operation that the
 * core refuses comes back as a status out of the call itself; view._refused raises why. */
#include "python/methods.h"

#include "compute/ops.h"
#include "python/names.h"
#include "python/signature.h"
#include "python/view.h"

/* Data of fewer bytes is computed on with the GIL held: giving it up and asking for it back costs
 * as much as reading this much, which takes microseconds. */
#define HOLD_GIL_BELOW ((size_t)64 << 10)

/* Few enough numbers that they need no memory of their own. */
#define FEW_NUMBERS 8

/* One call of an operation. */
typedef struct call {
    PyObject *self;
    PyObject *other; /* of a pair; else NULL */
    int op;
    bool omit_nan;
    const double *params;
    Py_ssize_t param_count;
    double *results;
    void *out;
} call;

static bool keeps_gil(const rnc_vec *vec) {
    return rnc_view_bytes(vec) < HOLD_GIL_BELOW;
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

/* ---- refusals: each sets an exception and gives false ---------------------------------------- */

/* Calls a method of self that has nothing to do but raise. */
static bool raise_by(PyObject *self, PyObject *name, PyObject *arguments) {
    PyObject *method = arguments ? PyObject_GetAttr(self, name) : NULL;
    PyObject *nothing = method ? PyObject_CallObject(method, arguments) : NULL;
    if (nothing)
        PyErr_SetString(PyExc_SystemError, "a refusal did not say why");
    Py_XDECREF(nothing);
    Py_XDECREF(method);
    Py_XDECREF(arguments);
    return false;
}

/* length: of what the operation ran on. */
static bool refuse(const call *call, int status, size_t length) {
    PyObject *params = list_of(call->params, call->param_count);
    return raise_by(call->self, rnc_name__refused,
                    params ? Py_BuildValue("(iinNO)", call->op, status, (Py_ssize_t)length, params,
                                           call->other ? call->other : Py_None)
                           : NULL);
}

static bool refuse_argument(PyObject *self, const char *name, PyObject *value) {
    return raise_by(self, rnc_name__unknown, Py_BuildValue("(sO)", name, value));
}

/* ---- running --------------------------------------------------------------------------------- */

static bool apply(const call *call) {
    const rnc_vec *vectors[] = {rnc_view_vec(call->self),
                                call->other ? rnc_view_vec(call->other) : NULL};
    rnc_failure failure = {0, 0};
    const rnc_arguments arguments = {.vectors = vectors,
                                     .vector_count = call->other ? 2 : 1,
                                     .params = call->params,
                                     .param_count = (size_t)call->param_count,
                                     .results = call->results,
                                     .out = call->out,
                                     .omit_nan = call->omit_nan,
                                     .failure = &failure};
    int status;
    if (RNC_LIKELY(keeps_gil(vectors[0]))) {
        status = rnc_apply(call->op, &arguments);
    } else {
        Py_BEGIN_ALLOW_THREADS status = rnc_apply(call->op, &arguments);
        Py_END_ALLOW_THREADS
    }
    return RNC_LIKELY(status == RNC_OK) || refuse(call, status, failure.length);
}

/* The short way of what gives one number. */
static bool run(const call *call) {
    if (RNC_UNLIKELY(call->omit_nan))
        return apply(call);
    const rnc_vec *vec = rnc_view_vec(call->self);
    const rnc_vec *other = call->other ? rnc_view_vec(call->other) : NULL;
    int status;
    if (RNC_LIKELY(keeps_gil(vec))) {
        status = rnc_run(vec, other, call->op, call->params[0], call->results);
    } else {
        Py_BEGIN_ALLOW_THREADS status =
            rnc_run(vec, other, call->op, call->params[0], call->results);
        Py_END_ALLOW_THREADS
    }
    return RNC_LIKELY(status == RNC_OK) || refuse(call, status, vec->length);
}

/* ---- reading arguments: each gives false with an exception set ------------------------------- */

static bool read_number(PyObject *given, double *number) {
    *number = given ? PyFloat_AsDouble(given) : 0;
    return *number != -1 || !PyErr_Occurred();
}

static bool read_policy(PyObject *self, PyObject *given, bool *omit_nan) {
    *omit_nan = false;
    if (RNC_LIKELY(!given || given == rnc_name_propagate))
        return true;
    if (!PyUnicode_Check(given))
        return refuse_argument(self, "nan_policy", given);
    *omit_nan = PyUnicode_Compare(given, rnc_name_omit) == 0;
    return *omit_nan || PyUnicode_Compare(given, rnc_name_propagate) == 0 ||
           refuse_argument(self, "nan_policy", given);
}

/* ---- shapes: what a method of each does ------------------------------------------------------ */

/* Every function below is a method's body: METH_FASTCALL | METH_KEYWORDS arguments, after the row
 * of ops.def and the signature. nan_policy is the last parameter of each. */
#define BODY_PARAMETERS                                                                            \
    int op, const rnc_signature *signature, PyObject *self, PyObject *const *args,                 \
        Py_ssize_t count, PyObject *keywords

/* One number of one vector; its parameter, if it has one, comes first. */
static inline bool find_number(BODY_PARAMETERS, double *result) {
    PyObject *given[RNC_MOST_PARAMETERS];
    double param = 0;
    call call = {.self = self, .op = op, .params = &param, .param_count = 1, .results = result};
    return rnc_bind(signature, args, count, keywords, given) &&
           (signature->count == 1 || read_number(given[0], &param)) &&
           read_policy(self, given[signature->count - 1], &call.omit_nan) && run(&call);
}

static inline PyObject *run_number(BODY_PARAMETERS) {
    double result;
    return find_number(op, signature, self, args, count, keywords, &result)
               ? PyFloat_FromDouble(result)
               : NULL;
}

static inline PyObject *run_place(BODY_PARAMETERS) {
    double result;
    return find_number(op, signature, self, args, count, keywords, &result)
               ? PyLong_FromDouble(result)
               : NULL;
}

/* The other operand comes first, then the parameter, if it has one. */
static inline PyObject *run_pair(BODY_PARAMETERS) {
    PyObject *given[RNC_MOST_PARAMETERS];
    double param = 0, result;
    call call = {.self = self, .op = op, .params = &param, .param_count = 1, .results = &result};
    if (!rnc_bind(signature, args, count, keywords, given))
        return NULL;
    call.other = given[0];
    if (RNC_UNLIKELY(!rnc_view_is_alike(self, call.other))) {
        raise_by(self, rnc_name__unfit, Py_BuildValue("(O)", call.other));
        return NULL;
    }
    return (signature->count == 2 || read_number(given[1], &param)) &&
                   read_policy(self, given[signature->count - 1], &call.omit_nan) && run(&call)
               ? PyFloat_FromDouble(result)
               : NULL;
}

/* A number for each of `wanted`, a list; NULL with an exception set. */
static PyObject *find_several(PyObject *self, int op, PyObject *wanted, bool omit_nan) {
    Py_ssize_t count = PyList_Size(wanted);
    if (count == 0)
        return PyList_New(0);
    double few[2 * FEW_NUMBERS], *numbers = few;
    if (count > FEW_NUMBERS && !(numbers = PyMem_Malloc(2 * (size_t)count * sizeof *numbers)))
        return PyErr_NoMemory();
    double *params = numbers + count;
    bool read = true;
    for (Py_ssize_t i = 0; i < count && read; i++)
        read = read_number(PyList_GetItem(wanted, i), &params[i]);
    const call call = {.self = self,
                       .op = op,
                       .omit_nan = omit_nan,
                       .params = params,
                       .param_count = count,
                       .results = numbers};
    PyObject *found = read && apply(&call) ? list_of(numbers, count) : NULL;
    if (numbers != few)
        PyMem_Free(numbers);
    return found;
}

static PyObject *run_several(BODY_PARAMETERS) {
    PyObject *given[RNC_MOST_PARAMETERS];
    bool omit_nan;
    if (!rnc_bind(signature, args, count, keywords, given) ||
        !read_policy(self, given[1], &omit_nan))
        return NULL;
    PyObject *wanted = PySequence_List(given[0]);
    PyObject *found = wanted ? find_several(self, op, wanted, omit_nan) : NULL;
    Py_XDECREF(wanted);
    return found;
}

/* Percentiles by what was asked for; NULL with an exception set. */
static PyObject *find_quantiles(PyObject *self, PyObject *asked, bool omit_nan) {
    PyObject *by_percentile = PyDict_New();
    PyObject *wanted = by_percentile && asked ? PySequence_List(asked) : NULL;
    PyObject *found = wanted ? find_several(self, RNC_OP_percentiles, wanted, omit_nan) : NULL;
    bool failed = asked && !found;
    for (Py_ssize_t i = 0; found && !failed && i < PyList_Size(found); i++)
        failed =
            PyDict_SetItem(by_percentile, PyList_GetItem(wanted, i), PyList_GetItem(found, i)) < 0;
    if (failed)
        Py_CLEAR(by_percentile);
    Py_XDECREF(found);
    Py_XDECREF(wanted);
    return by_percentile;
}

/* The numbers and `last` as a tuple of self._description; steals last. */
static PyObject *describe(PyObject *self, const double *numbers, PyObject *last) {
    PyObject *kind = PyObject_GetAttr(self, rnc_name__description);
    if (kind && !(PyType_Check(kind) && PyType_IsSubtype((PyTypeObject *)kind, &PyTuple_Type))) {
        PyErr_SetString(PyExc_TypeError, "a description is a kind of tuple");
        Py_CLEAR(kind);
    }
    PyObject *tuple =
        kind ? PyType_GenericAlloc((PyTypeObject *)kind, RNC_SUMMARY_RESULTS + 1) : NULL;
    for (Py_ssize_t i = 0; tuple && i < RNC_SUMMARY_RESULTS; i++) {
        PyObject *number = i ? PyFloat_FromDouble(numbers[i]) : PyLong_FromDouble(numbers[i]);
        if (!number || PyTuple_SetItem(tuple, i, number))
            Py_CLEAR(tuple);
    }
    if (!tuple)
        Py_DECREF(last);
    else if (PyTuple_SetItem(tuple, RNC_SUMMARY_RESULTS, last))
        Py_CLEAR(tuple);
    Py_XDECREF(kind);
    return tuple;
}

static PyObject *run_summary(BODY_PARAMETERS) {
    PyObject *given[RNC_MOST_PARAMETERS];
    double param = 0, numbers[RNC_SUMMARY_RESULTS];
    call call = {.self = self, .op = op, .params = &param, .param_count = 1, .results = numbers};
    if (!rnc_bind(signature, args, count, keywords, given) || !read_number(given[1], &param) ||
        !read_policy(self, given[2], &call.omit_nan) || !apply(&call))
        return NULL;
    PyObject *quantiles = find_quantiles(self, given[0], call.omit_nan);
    return quantiles ? describe(self, numbers, quantiles) : NULL;
}

/* A new reference to what takes the result: `asked`, what self._output makes of it, or for None a
 * new view of self._plain. */
static PyObject *output_for(PyObject *self, PyObject *asked) {
    PyObject *out;
    if (asked && asked != Py_None) {
        if (rnc_view_takes(self, asked)) {
            Py_INCREF(asked);
            return asked;
        }
        out = PyObject_CallMethodObjArgs(self, rnc_name__output, asked, NULL);
    } else {
        PyObject *kind = PyObject_GetAttr(self, rnc_name__plain);
        out = kind ? rnc_view_new_output(self, kind) : NULL;
        Py_XDECREF(kind);
    }
    if (out && !rnc_view_takes(self, out)) {
        PyErr_SetString(PyExc_TypeError, "the output is not a writable view of the right size");
        Py_CLEAR(out);
    }
    return out;
}

static PyObject *run_map(BODY_PARAMETERS) {
    PyObject *given[RNC_MOST_PARAMETERS];
    double param = 0;
    call call = {.self = self, .op = op, .params = &param, .param_count = 1};
    if (!rnc_bind(signature, args, count, keywords, given) || !read_number(given[0], &param) ||
        !read_policy(self, given[2], &call.omit_nan))
        return NULL;
    PyObject *out = output_for(self, given[1]);
    if (!out)
        return NULL;
    call.out = (void *)rnc_view_vec(out)->data;
    if (!apply(&call))
        Py_CLEAR(out);
    return out;
}

/* ---- the methods ----------------------------------------------------------------------------- */

enum {
#define METHOD(name, signature, doc) METHOD_##name,
#include "python/methods.def"
#undef METHOD
    METHOD_COUNT
};

static rnc_signature signatures[METHOD_COUNT];

int rnc_methods_prepare(void) {
#define METHOD(name, signature, doc)                                                               \
    if (rnc_signature_read(&signatures[METHOD_##name], #name, signature))                          \
        return -1;
#include "python/methods.def"
#undef METHOD
    return 0;
}

#define DEFINE(name, shape)                                                                        \
    static PyObject *method_##name(PyObject *self, PyObject *const *args, Py_ssize_t count,        \
                                   PyObject *keywords) {                                           \
        return run_##shape(RNC_OP_##name, &signatures[METHOD_##name], self, args, count,           \
                           keywords);                                                              \
    }
#define DEFINE_number(name)  DEFINE(name, number)
#define DEFINE_place(name)   DEFINE(name, place)
#define DEFINE_pair(name)    DEFINE(name, pair)
#define DEFINE_several(name) DEFINE(name, several)
#define DEFINE_summary(name) DEFINE(name, summary)
#define DEFINE_map(name)     DEFINE(name, map)
#define DEFINE_norm(name)
#define OP(name, shape, family, second, finisher, parameter, empty_ok) DEFINE_##shape(name)
#include "compute/ops.def"
#undef OP

/* The rows that are orders of one method. */
static const struct {
    const char *order;
    int op;
} norms[] = {{"l2", RNC_OP_norm_l2}, {"l1", RNC_OP_norm_l1}, {"linf", RNC_OP_norm_linf}};

static PyObject *method_norm(PyObject *self, PyObject *const *args, Py_ssize_t count,
                             PyObject *keywords) {
    PyObject *given[RNC_MOST_PARAMETERS];
    double param = 0, result;
    call call = {.self = self, .params = &param, .param_count = 1, .results = &result};
    if (!rnc_bind(&signatures[METHOD_norm], args, count, keywords, given) ||
        !read_policy(self, given[1], &call.omit_nan))
        return NULL;
    size_t row = 0;
    if (given[0] && PyUnicode_Check(given[0]))
        while (row < RNC_COUNT(norms) &&
               PyUnicode_CompareWithASCIIString(given[0], norms[row].order))
            row++;
    else if (given[0])
        row = RNC_COUNT(norms);
    if (row == RNC_COUNT(norms)) {
        refuse_argument(self, "order", given[0]);
        return NULL;
    }
    call.op = norms[row].op;
    return run(&call) ? PyFloat_FromDouble(result) : NULL;
}

PyMethodDef rnc_methods[] = {
#define METHOD(name, signature, doc)                                                               \
    {#name, (PyCFunction)(void (*)(void))method_##name, METH_FASTCALL | METH_KEYWORDS,             \
     #name "($self, " signature ")\n--\n\n" doc},
#include "python/methods.def"
#undef METHOD
    {NULL, NULL, 0, NULL},
};
