#include "compute/reason.h"

static const char *const sentences[] = {
#define REASON(name, sentence) [RNC_REASON_##name] = sentence,
#include "compute/reasons.def"
#undef REASON
};

uint32_t rnc_reason_for(int family, uint32_t dtype, rnc_selection selection, int ran) {
    return rnc_reason_of(rnc_has_kernel(family, dtype, selection.target), selection, ran);
}

uint32_t rnc_reason_of(bool has_kernel, rnc_selection selection, int ran) {
    if (selection.unmet)
        return RNC_REASON_UNAVAILABLE;
    if (ran == rnc_isa_best_built())
        return RNC_REASON_NONE;
    if (ran != selection.target)
        return has_kernel ? RNC_REASON_FEW_ELEMENTS : RNC_REASON_NOT_OPTIMIZED;
    return selection.requested >= 0 ? RNC_REASON_FORCED : RNC_REASON_UNAVAILABLE;
}

typedef struct text {
    char *out;
    size_t size;
    size_t length;
} text;

static void append(text *text, const char *bytes, size_t count) {
    if (count > text->size - text->length)
        count = text->size - text->length;
    memcpy(text->out + text->length, bytes, count);
    text->length += count;
}

static const char *placeholder(const char *name, const rnc_execution *execution) {
    int wanted = execution->requested >= 0 ? execution->requested : rnc_isa_best_built();
    if (!strncmp(name, "{op}", 4))
        return rnc_op(execution->op)->name;
    if (!strncmp(name, "{wanted}", 8))
        return rnc_isa(wanted)->name;
    return rnc_isa(wanted)->missing;
}

size_t rnc_execution_reason(const rnc_execution *execution, char *out, size_t size) {
    if (execution->op < 0 || execution->reason >= RNC_COUNT(sentences))
        return 0;
    text text = {out, size, 0};
    for (const char *rest = sentences[execution->reason]; *rest;) {
        if (*rest != '{') {
            append(&text, rest++, 1);
            continue;
        }
        const char *filler = placeholder(rest, execution);
        append(&text, filler, strlen(filler));
        rest = strchr(rest, '}') + 1;
    }
    return text.length;
}
