/* A small extension with kernels of its own, reported to Renacer where that is installed:
 * sumsq.sumsq(data) is the sum of the squares of a float32 buffer. Build it with
 *
 *     cc -O2 -shared -fPIC $(python3-config --includes) \
 *        -I"$(python3 -c 'import renacer; print(renacer.get_include())')" \
 *        sumsq.c -o sumsq.so
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <renacer.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const renacer_api *renacer;

static double sumsq_f32_scalar(const float *data, size_t count, renacer_operation *ran) {
    ran->kernel = "sumsq_f32_scalar";
    ran->backend = RENACER_SCALAR;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)data[i] * data[i];
    return sum;
}

#ifdef __SSE2__
static double sumsq_f32_sse2(const float *data, size_t count, renacer_operation *ran) {
    ran->kernel = "sumsq_f32_sse2";
    ran->backend = RENACER_SSE2;
    __m128d sum = _mm_setzero_pd();
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        __m128d pair = _mm_set_pd(data[i + 1], data[i]);
        sum = _mm_add_pd(sum, _mm_mul_pd(pair, pair));
    }
    double parts[2];
    _mm_storeu_pd(parts, sum);
    double last = i < count ? data[i] : 0;
    return parts[0] + parts[1] + last * last;
}
#endif

static double run(const float *data, size_t count, renacer_operation *ran) {
#ifdef __SSE2__
    if (count >= 2)
        return sumsq_f32_sse2(data, count, ran);
#endif
    return sumsq_f32_scalar(data, count, ran);
}

static PyObject *sumsq(PyObject *module, PyObject *data) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(data, &buffer, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS))
        return NULL;
    if (!buffer.format || strcmp(buffer.format, "f") != 0) {
        PyBuffer_Release(&buffer);
        PyErr_SetString(PyExc_TypeError, "sumsq takes a buffer of float32");
        return NULL;
    }
    size_t count = (size_t)buffer.len / sizeof(float);
    renacer_operation operation = {
        .library = "sumsq", .name = "sumsq", .elements = count, .dtype = RENACER_FLOAT32};
    double sum = 0;
    Py_BEGIN_ALLOW_THREADS renacer_begin(renacer, &operation);
    if (count)
        sum = run(buffer.buf, count, &operation);
    else
        operation.error = "EmptyBuffer";
    renacer_end(renacer, &operation);
    Py_END_ALLOW_THREADS PyBuffer_Release(&buffer);
    if (count)
        return PyFloat_FromDouble(sum);
    PyErr_SetString(PyExc_ValueError, "sumsq of nothing");
    return NULL;
}

static PyMethodDef methods[] = {
    {"sumsq", sumsq, METH_O, "The sum of the squares of a float32 buffer."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "sumsq", .m_size = -1,
                                        .m_methods = methods};

PyMODINIT_FUNC PyInit_sumsq(void) {
    renacer = renacer_find();
    return PyModule_Create(&definition);
}
