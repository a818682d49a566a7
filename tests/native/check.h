/* The whole test framework of the C tests: CHECK fails loudly with file, line and expression, and
 * the program's exit status says whether anything failed. */
#ifndef RNC_TESTS_CHECK_H
#define RNC_TESTS_CHECK_H

#include <stdio.h>

static int check_failures;
static long check_count;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        check_count++;                                                                             \
        if (!(condition)) {                                                                        \
            check_failures++;                                                                      \
            if (check_failures <= 20) {                                                            \
                fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                    \
                fprintf(stderr, "" __VA_ARGS__);                                                   \
                fputc('\n', stderr);                                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline int check_report(void) {
    printf("  %ld checks, %d failed\n", check_count, check_failures);
    return check_failures != 0 || check_count == 0;
}

#endif
