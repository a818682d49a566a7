/* The module's entry point: what cffi generates, which build_ext.py renames, and then our type. */
#include "python/view.h"

PyObject *rnc_init_cffi(void);

PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = rnc_init_cffi();
    PyObject *type = module ? rnc_view_type() : NULL;
    if (type && PyObject_SetAttrString(module, "View", type) == 0) {
        Py_DECREF(type);
        return module;
    }
    Py_XDECREF(type);
    Py_XDECREF(module);
    return NULL;
}
