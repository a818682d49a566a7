/* Ends while another thread is in a read that never returns. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *block(void *ends) {
    char byte;
    return (void *)(long)read(((int *)ends)[0], &byte, 1);
}

int main(void) {
    int ends[2];
    pthread_t thread;
    if (pipe(ends) != 0)
        return 1;
    pthread_create(&thread, NULL, block, ends);
    usleep(50000);
    exit(6);
}
