/* Segments form a chain: the producer writes at its tail, the consumer reads at its head and gives
 * emptied segments back. Slot 0 of a segment is its own head; records follow, never across two
 * segments. */
#define _GNU_SOURCE
#include "trace/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SEGMENT_SIZE      ((size_t)1 << 20)
#define SEGMENT_SLOTS     (SEGMENT_SIZE / RNC_SLOT_SIZE)
#define DEFAULT_BUDGET    ((size_t)64 << 20)
#define SHORTEST_SLEEP_NS 1000000
#define LONGEST_SLEEP_NS  16000000

_Static_assert(RNC_QUEUE_PAYLOAD_MAX == (SEGMENT_SLOTS - 2) * RNC_SLOT_SIZE,
               "the largest record fills a segment after its head");

typedef struct segment segment;
struct segment {
    /* Slots that are whole, slot 0 included. Release: the consumer that acquires it sees them. */
    _Atomic uint32_t committed;
    /* Set once nothing more will be committed here. Release: orders it after the last commit. */
    _Atomic(segment *) next;
    segment *free_next; /* in a free list */
    segment *made_next; /* in queue->made */
    bool spilled;       /* lies in the file */
};
_Static_assert(sizeof(segment) <= RNC_SLOT_SIZE, "a segment's head is its slot 0");

/* Emptied segments on their way back. The consumer pushes, the producer takes the whole list, so no
 * node is ever popped while another thread looks at it. */
typedef struct free_list {
    _Atomic(segment *) returned;
    segment *taken; /* the producer's */
} free_list;

struct rnc_queue {
    rnc_stream stream;       /* first: a stream is its queue */
    _Atomic uint32_t closed; /* also the futex the consumer sleeps on */
    _Atomic uint64_t dropped;

    /* The consumer's. */
    _Alignas(RNC_CACHE_LINE) segment *head;
    uint32_t read; /* slot of head to be read next */

    /* The producer's. */
    _Alignas(RNC_CACHE_LINE) segment *tail;
    uint32_t write; /* slot of tail to be written next */
    segment *made;  /* every segment there is */
    size_t memory_left;
    off_t file_size;
    int file; /* -1 until the first spill */
    char *directory;

    _Alignas(RNC_CACHE_LINE) free_list memory_free;
    free_list file_free;
};

/* ---- segments (producer) --------------------------------------------------------------------- */

static segment *pop_free(free_list *list) {
    /* Acquire: the consumer's last reads of the segments happen before they are written again. */
    if (!list->taken)
        list->taken = atomic_exchange_explicit(&list->returned, NULL, memory_order_acquire);
    segment *found = list->taken;
    if (found)
        list->taken = found->free_next;
    return found;
}

static segment *adopt_mapping(rnc_queue *queue, void *mapping, bool spilled) {
    if (mapping == MAP_FAILED)
        return NULL;
    segment *made = mapping;
    made->spilled = spilled;
    made->made_next = queue->made;
    queue->made = made;
    return made;
}

static segment *map_memory(rnc_queue *queue) {
    if (queue->memory_left < SEGMENT_SIZE)
        return NULL;
    void *mapping =
        mmap(NULL, SEGMENT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    queue->memory_left -= SEGMENT_SIZE;
    return adopt_mapping(queue, mapping, false);
}

/* An unlinked file in `directory`, or -1. */
static int open_unlinked(const char *directory) {
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        return file;
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/renacer-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path)
        return -1;
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    return file;
}

/* Blocks are reserved before they are mapped: a full disk is an error here, not a SIGBUS later. */
static segment *map_file(rnc_queue *queue) {
    if (queue->file < 0)
        queue->file = open_unlinked(queue->directory);
    if (queue->file < 0)
        return NULL;
    if (posix_fallocate(queue->file, queue->file_size, (off_t)SEGMENT_SIZE) != 0)
        return NULL;
    void *mapping =
        mmap(NULL, SEGMENT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, queue->file, queue->file_size);
    if (mapping == MAP_FAILED)
        return NULL;
    queue->file_size += (off_t)SEGMENT_SIZE;
    return adopt_mapping(queue, mapping, true);
}

static segment *new_segment(rnc_queue *queue) {
    segment *found = pop_free(&queue->memory_free);
    if (!found)
        found = map_memory(queue);
    if (!found)
        found = pop_free(&queue->file_free);
    if (!found)
        found = map_file(queue);
    if (!found)
        return NULL;
    /* Relaxed: published by the store to the previous segment's next. */
    atomic_store_explicit(&found->committed, 1, memory_order_relaxed);
    atomic_store_explicit(&found->next, NULL, memory_order_relaxed);
    return found;
}

/* ---- producer -------------------------------------------------------------------------------- */

static rnc_record *slot_of(segment *of, uint32_t index) {
    return (rnc_record *)of + index;
}

static bool advance_tail(rnc_queue *queue) {
    segment *fresh = new_segment(queue);
    if (!fresh)
        return false;
    /* Release: the consumer that follows next sees fresh initialised and this segment's last
     * commit. */
    atomic_store_explicit(&queue->tail->next, fresh, memory_order_release);
    queue->tail = fresh;
    queue->write = 1;
    return true;
}

rnc_record *rnc_queue_reserve(rnc_queue *queue, size_t payload_size) {
    size_t slots = rnc_record_slots(payload_size);
    bool fits = queue->write + slots <= SEGMENT_SLOTS;
    if (payload_size > RNC_QUEUE_PAYLOAD_MAX || (!fits && !advance_tail(queue))) {
        atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
        return NULL;
    }
    rnc_record *record = slot_of(queue->tail, queue->write);
    memset(record, 0, sizeof *record);
    record->payload_size = (uint32_t)payload_size;
    return record;
}

void rnc_queue_commit(rnc_queue *queue, rnc_record *record) {
    record->slots = (uint16_t)rnc_record_slots(record->payload_size);
    queue->write += record->slots;
    atomic_store_explicit(&queue->tail->committed, queue->write, memory_order_release);
}

void rnc_queue_close(rnc_queue *queue) {
    /* Release: who sees closed sees every commit before it. */
    atomic_store_explicit(&queue->closed, 1, memory_order_release);
    syscall(SYS_futex, &queue->closed, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- consumer -------------------------------------------------------------------------------- */

static void give_back(rnc_queue *queue, segment *emptied) {
    free_list *list = emptied->spilled ? &queue->file_free : &queue->memory_free;
    segment *first = atomic_load_explicit(&list->returned, memory_order_relaxed);
    do {
        emptied->free_next = first;
        /* Release: pairs with the acquire in pop_free. */
    } while (!atomic_compare_exchange_weak_explicit(&list->returned, &first, emptied,
                                                    memory_order_release, memory_order_relaxed));
}

static bool has_record(rnc_queue *queue) {
    return queue->read < atomic_load_explicit(&queue->head->committed, memory_order_acquire);
}

static const rnc_record *peek(rnc_stream *stream) {
    rnc_queue *queue = (rnc_queue *)stream;
    while (!has_record(queue)) {
        segment *next = atomic_load_explicit(&queue->head->next, memory_order_acquire);
        if (!next)
            return NULL;
        /* Commits made between the two loads above are visible now that next is. */
        if (has_record(queue))
            break;
        segment *emptied = queue->head;
        queue->head = next;
        queue->read = 1;
        give_back(queue, emptied);
    }
    return slot_of(queue->head, queue->read);
}

static void release(rnc_stream *stream, const rnc_record *record) {
    ((rnc_queue *)stream)->read += record->slots;
}

static bool is_closed(rnc_stream *stream) {
    return atomic_load_explicit(&((rnc_queue *)stream)->closed, memory_order_acquire);
}

/* The producer wakes nobody but at its close: the consumer looks again after ever longer sleeps. */
static void wait_for_record(rnc_stream *stream, uint32_t wait_ms) {
    rnc_queue *queue = (rnc_queue *)stream;
    int64_t left = (int64_t)wait_ms * 1000000;
    int64_t nap = SHORTEST_SLEEP_NS;
    while (left > 0 && !peek(stream) && !is_closed(stream)) {
        if (nap > left)
            nap = left;
        struct timespec timeout = {.tv_sec = 0, .tv_nsec = nap};
        syscall(SYS_futex, &queue->closed, FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0);
        left -= nap;
        if (nap < LONGEST_SLEEP_NS)
            nap *= 2;
    }
}

static uint64_t dropped(rnc_stream *stream) {
    return atomic_load_explicit(&((rnc_queue *)stream)->dropped, memory_order_relaxed);
}

/* ---- life ------------------------------------------------------------------------------------ */

static const char *spill_directory(void) {
    const char *chosen = getenv("TMPDIR");
    if (chosen && access(chosen, W_OK | X_OK) == 0)
        return chosen;
    return access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

rnc_queue *rnc_queue_new(size_t memory_budget) {
    rnc_queue *queue = aligned_alloc(RNC_CACHE_LINE, sizeof *queue);
    if (!queue)
        return NULL;
    memset(queue, 0, sizeof *queue);
    queue->stream = (rnc_stream){peek, release, is_closed, wait_for_record, dropped};
    queue->memory_left = memory_budget ? memory_budget : DEFAULT_BUDGET;
    queue->file = -1;
    queue->directory = strdup(spill_directory());
    queue->tail = queue->directory ? new_segment(queue) : NULL;
    if (!queue->tail) {
        rnc_queue_free(queue);
        return NULL;
    }
    queue->head = queue->tail;
    queue->read = queue->write = 1;
    return queue;
}

void rnc_queue_free(rnc_queue *queue) {
    if (!queue)
        return;
    for (segment *made = queue->made; made;) {
        segment *next = made->made_next;
        munmap(made, SEGMENT_SIZE);
        made = next;
    }
    if (queue->file >= 0)
        close(queue->file);
    free(queue->directory);
    free(queue);
}

rnc_stream *rnc_queue_stream(rnc_queue *queue) {
    return &queue->stream;
}
