/* Reports the operations of your own kernels to Renacer, beside those of renacer.Vector: each
 * becomes a span "<library>: <name>" under the operation that is open in its thread, counted and
 * sampled as any other. Nothing is linked and Renacer need not be there: what cannot be found is
 * not called.
 *
 *     static const renacer_api *renacer;                     // once: renacer = renacer_find();
 *
 *     renacer_operation operation = {.library = "mylib", .name = "fft", .elements = n};
 *     renacer_begin(renacer, &operation);
 *     fft_f32_avx2(data, n, &operation);                     // it stamps what ran, see below
 *     renacer_end(renacer, &operation);
 *
 * A kernel stamps itself: only its own body sets .kernel and .backend, so that a span says what ran
 * and not what was meant to. Compile with -I and renacer.get_include(). */
#ifndef RENACER_H
#define RENACER_H

#include <Python.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RENACER_API_VERSION 1
#define RENACER_CAPSULE     "renacer._core.reporting"

enum renacer_backend {
    RENACER_UNKNOWN = 0, /* also for any value that is none of these */
    RENACER_SCALAR = 1,
    RENACER_SSE2 = 2,
    RENACER_AVX2 = 3,
    RENACER_NEON = 4,
};

enum renacer_dtype {
    RENACER_FLOAT32 = 0,
    RENACER_FLOAT64 = 1,
    RENACER_OTHER = 255, /* also for any value that is none of these */
};

/* Texts are UTF-8 and, but for the error, literals or as long-lived: they are read when the span is
 * sent. */
typedef struct renacer_operation {
    const char *library; /* what has the kernel: compute.library */
    const char *name;    /* compute.operation */
    uint64_t elements;
    int32_t dtype;      /* enum renacer_dtype */
    int32_t backend;    /* enum renacer_backend; set by the kernel that ran */
    const char *kernel; /* the same: "fft_f32_avx2"; NULL when none ran */
    const char
        *error;   /* NULL, or why it failed: makes the span's status ERROR; copied at its end */
    void *tracer; /* the rest is Renacer's own */
    uint64_t generation;
    uint64_t start;
} renacer_operation;

/* Neither function needs the GIL, allocates, locks or blocks. Both are called on one thread; other
 * operations may run in between. */
typedef struct renacer_api {
    uint32_t version; /* grows when something is added; nothing is ever taken away */
    /* 1 when a span of this operation is wanted, and the clock runs; 0 when nothing traces this
     * thread, or sampling left the operation out. */
    int (*begin)(renacer_operation *operation);
    /* Always after begin, whatever that gave. */
    void (*end)(renacer_operation *operation);
} renacer_api;

/* Renacer's functions, or NULL, with no exception set, when it is not installed or too old. With
 * the GIL; once, as when your module is made. */
static inline const renacer_api *renacer_find(void) {
    PyObject *module = PyImport_ImportModule("renacer");
    PyObject *capsule = module ? PyObject_GetAttrString(module, "_reporting") : NULL;
    const renacer_api *api =
        capsule ? (const renacer_api *)PyCapsule_GetPointer(capsule, RENACER_CAPSULE) : NULL;
    Py_XDECREF(capsule);
    Py_XDECREF(module);
    PyErr_Clear();
    return api && api->version >= RENACER_API_VERSION ? api : NULL;
}

static inline int renacer_begin(const renacer_api *api, renacer_operation *operation) {
    return api ? api->begin(operation) : 0;
}

static inline void renacer_end(const renacer_api *api, renacer_operation *operation) {
    if (api)
        api->end(operation);
}

#ifdef __cplusplus
}
#endif

#endif
