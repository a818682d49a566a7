/* Threads that end by themselves while another one replaces the program, ten programs in a row. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *end_soon(void *argument) {
    for (long i = 0; i < (long)argument; i++)
        syscall(SYS_getppid);
    return NULL;
}

static void *replace(void *argument) {
    char **argv = argument, round[8];
    snprintf(round, sizeof round, "%d", atoi(argv[1]) - 1);
    execl(argv[0], argv[0], round, NULL);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    if (argc < 2)
        execl(argv[0], argv[0], "10", NULL);
    if (atoi(argv[1]) == 0)
        return 9;
    for (long i = 0; i < 6; i++)
        pthread_create(&thread, NULL, end_soon, (void *)i);
    pthread_create(&thread, NULL, replace, argv);
    pthread_exit(NULL);
}
