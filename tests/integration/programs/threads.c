/* Four threads, one after the other, each with a number of calls of its own. */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *work(void *argument) {
    for (long i = 0; i < (long)argument; i++)
        syscall(SYS_getppid);
    return NULL;
}

int main(void) {
    for (long calls = 10; calls <= 40; calls += 10) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, (void *)calls);
        pthread_join(thread, NULL);
    }
    return 0;
}
