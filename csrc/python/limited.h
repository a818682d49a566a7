/* Python.h as every file here includes it: the limited API of the oldest Python supported, so that
 * one build serves all later ones. A free-threaded Python has its own build and no limited API
 * before 3.15. */
#ifndef RNC_PYTHON_LIMITED_H
#define RNC_PYTHON_LIMITED_H

#include <pyconfig.h>

#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030a0000
#endif

#include <Python.h>

#endif
