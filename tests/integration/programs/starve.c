/* Threads that make calls all the time beside one that has a few to make. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int over;

static void *loop(void *argument) {
    while (!atomic_load(&over))
        syscall(SYS_getppid);
    return argument;
}

int main(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, loop, NULL);
    for (int i = 0; i < 100; i++)
        syscall(SYS_getuid);
    atomic_store(&over, 1);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
