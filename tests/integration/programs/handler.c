/* Handlers run once per signal; the exit status is how often. */
#include <signal.h>
#include <unistd.h>

static volatile int runs;

static void count(int signal) {
    runs++;
}

int main(void) {
    signal(SIGUSR1, count);
    signal(SIGUSR2, count);
    for (int i = 0; i < 5; i++)
        kill(getpid(), i % 2 ? SIGUSR1 : SIGUSR2);
    return runs;
}
