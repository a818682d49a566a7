/* A thread that is not the leader replaces the program while the leader and another thread sleep in
 * a call; with an argument, it is the new program. */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *sleep_on(void *argument) {
    pause();
    return argument;
}

static void *replace(void *path) {
    usleep(20000);
    execl(path, path, "again", NULL);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (argc > 1) {
        for (int i = 0; i < 5; i++)
            syscall(SYS_getppid);
        return 7;
    }
    pthread_create(&thread, NULL, sleep_on, NULL);
    pthread_create(&thread, NULL, replace, argv[0]);
    pause();
    return 1;
}
