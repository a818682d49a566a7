/* The module's entry point: what cffi generates, which build_ext.py renames, then our type and the
 * functions for other extensions. */
#include "python/reporting.h"
#include "python/view.h"

PyObject *rnc_init_cffi(void);

/* Takes the reference to what is added, which may be NULL with an exception set. */
static int add(PyObject *module, const char *name, PyObject *value) {
    int status = value ? PyObject_SetAttrString(module, name, value) : -1;
    Py_XDECREF(value);
    return status;
}

/* Nothing here needs the GIL: what the module keeps is written while it is imported, a View never
 * changes once it is made, and what an operation did is its thread's own. */
static int declare_gil_unused(PyObject *module) {
#ifdef Py_GIL_DISABLED
    return PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#else
    return 0;
#endif
}

PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = rnc_init_cffi();
    if (module && (declare_gil_unused(module) || add(module, "View", rnc_view_type()) ||
                   add(module, "reporting", rnc_reporting_capsule())))
        Py_CLEAR(module);
    return module;
}
