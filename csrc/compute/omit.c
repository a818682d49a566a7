#include "compute/omit.h"

#include <stdlib.h>

static bool drops(const rnc_vec *vecs, size_t count, size_t index) {
    return rnc_is_nan_at(&vecs[0], index) || (count == 2 && rnc_is_nan_at(&vecs[1], index));
}

int rnc_omit_nans(rnc_vec *vecs, size_t count, void **memory) {
    size_t length = vecs[0].length, kept = 0;
    size_t size = rnc_element_size(vecs[0].dtype);
    *memory = NULL;
    while (kept < length && !drops(vecs, count, kept))
        kept++;
    if (kept == length)
        return RNC_OK;
    char *copies = malloc(count * length * size);
    if (!copies)
        return RNC_NO_MEMORY;
    for (size_t k = 0; k < count; k++)
        memcpy(copies + k * length * size, vecs[k].data, kept * size);
    for (size_t i = kept + 1; i < length; i++) {
        if (drops(vecs, count, i))
            continue;
        for (size_t k = 0; k < count; k++)
            memcpy(copies + (k * length + kept) * size, (const char *)vecs[k].data + i * size,
                   size);
        kept++;
    }
    for (size_t k = 0; k < count; k++) {
        vecs[k].data = copies + k * length * size;
        vecs[k].length = kept;
    }
    *memory = copies;
    return RNC_OK;
}
