/* Ids. Span ids are mix(counter ^ key) with one random key per process family and a counter that
 * forked children go on sharing, handed out to threads in blocks: mix is a bijection, so an id
 * never comes twice. Trace ids are the kernel's random bytes. No other random source is read or
 * disturbed. */
#ifndef RNC_TRACE_IDS_H
#define RNC_TRACE_IDS_H

#include "rnc.h"

/* The golden ratio's fraction: the increment of a Weyl sequence. */
#define RNC_WEYL 0x9E3779B97F4A7C15u

/* A bijection of 64 bits in which every input bit moves every output bit with probability about one
 * half (the finaliser of Steele, Lea and Flood's SplitMix64, after Stafford's variant 13). */
static inline uint64_t rnc_mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

/* A process's span id (rnc_process_span_id), which other programs may compute too:
 *
 *     h = mix(trace_high + WEYL)
 *     h = mix((h ^ trace_low) + WEYL)
 *     h = mix((h ^ pid) + WEYL)
 *     h = mix((h ^ start_ticks) + WEYL)
 *     id = h, or WEYL if h is 0
 *
 * in arithmetic modulo 2^64. trace_high and trace_low are the first and the last 8 bytes of the
 * trace id, big-endian; pid is the thread group's in the tracer's pid namespace; start_ticks is
 * field 22 of /proc/PID/stat. tests/native/ids_test.c holds test vectors. */

/* 8 bytes from the kernel's random source. */
uint64_t rnc_random_seed(void);

#endif
