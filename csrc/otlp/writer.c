#include "otlp/writer.h"

const rnc_slice rnc_keys[RNC_KEY_COUNT] = {
#define KEY(name, key) {key, sizeof(key) - 1},
#include "otlp/attributes.def"
#undef KEY
};
