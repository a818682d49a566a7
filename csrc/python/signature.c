#include "python/signature.h"

#include <string.h>

int rnc_signature_read(rnc_signature *signature, const char *method, const char *text) {
    *signature = (rnc_signature){.method = method, .positional = -1};
    while (*text) {
        size_t size = strcspn(text, ",");
        if (*text == '*') {
            signature->positional = signature->count;
        } else {
            size_t name = strcspn(text, "=,");
            PyObject *string = PyUnicode_FromStringAndSize(text, (Py_ssize_t)name);
            if (!string)
                return -1;
            PyUnicode_InternInPlace(&string);
            signature->names[signature->count++] = string;
            if (name == size)
                signature->required = signature->count;
        }
        text += size;
        text += strspn(text, ", ");
    }
    if (signature->positional < 0)
        signature->positional = signature->count;
    return 0;
}

/* The place of a keyword among the names, or -1 with a TypeError set. */
static Py_ssize_t place_of(const rnc_signature *signature, PyObject *keyword) {
    for (Py_ssize_t i = 0; i < signature->count; i++)
        if (keyword == signature->names[i] || PyUnicode_Compare(keyword, signature->names[i]) == 0)
            return i;
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature->method,
                 keyword);
    return -1;
}

bool rnc_bind_rest(const rnc_signature *signature, PyObject *const *args, Py_ssize_t count,
                   PyObject *keywords, PyObject *given[RNC_MOST_PARAMETERS]) {
    if (count > signature->positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional argument%s (%zd given)",
                     signature->method, signature->positional,
                     signature->positional == 1 ? "" : "s", count);
        return false;
    }
    Py_ssize_t named = keywords ? PyTuple_Size(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *keyword = PyTuple_GetItem(keywords, i);
        Py_ssize_t place = place_of(signature, keyword);
        if (place < 0)
            return false;
        if (given[place]) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'",
                         signature->method, keyword);
            return false;
        }
        given[place] = args[count + i];
    }
    for (Py_ssize_t i = 0; i < signature->required; i++)
        if (!given[i]) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%U'", signature->method,
                         signature->names[i]);
            return false;
        }
    return true;
}
