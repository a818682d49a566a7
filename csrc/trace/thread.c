#include "trace/thread.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trace/fork.h"

RNC_THREAD_LOCAL rnc_thread rnc_thread_self = {.shard = RNC_SHARD_UNCHOSEN};

static bool taken[RNC_SHARDS]; /* under the lock */
static pthread_key_t at_exit;  /* its destructor gives the shard back */
static bool at_exit_made;

uint32_t rnc_thread_ask_tid(rnc_thread *thread) {
    return thread->tid = (uint32_t)syscall(SYS_gettid);
}

/* The value is the shard. Operations after this, in later destructors, count in the shared one. */
static void give_shard_back(void *value) {
    rnc_lock();
    taken[(uintptr_t)value] = false;
    rnc_unlock();
    rnc_thread_self.shard = 0;
}

void rnc_thread_take_shard(rnc_thread *thread) {
    uint16_t shard = 0;
    rnc_lock();
    if (!at_exit_made)
        at_exit_made = pthread_key_create(&at_exit, give_shard_back) == 0;
    for (uint16_t i = 1; at_exit_made && i < RNC_SHARDS && !shard; i++)
        if (!taken[i])
            shard = i;
    if (shard && pthread_setspecific(at_exit, (void *)(uintptr_t)shard))
        shard = 0;
    taken[shard] = true;
    rnc_unlock();
    thread->shard = shard;
}

void rnc_thread_forked(void) {
    rnc_thread *thread = &rnc_thread_self;
    for (uint16_t i = 0; i < RNC_SHARDS; i++)
        taken[i] = i == thread->shard;
    thread->tid = 0;
    thread->random = 0;
}
