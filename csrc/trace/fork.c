#include "trace/fork.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void rnc_lock(void) {
    pthread_mutex_lock(&lock);
}
bool rnc_try_lock(void) {
    return pthread_mutex_trylock(&lock) == 0;
}
void rnc_unlock(void) {
    pthread_mutex_unlock(&lock);
}

static void forked(void) {
    rnc_ids_forked();
    rnc_thread_forked();
    rnc_tracers_forked();
    rnc_unlock();
}

__attribute__((constructor)) static void start(void) {
    rnc_clock_start();
    rnc_ids_start();
    pthread_atfork(rnc_lock, rnc_unlock, forked);
}
