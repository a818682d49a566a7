/* Alarms interrupt a read: the first is restarted after the handler, the second fails. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static int ends[2];

static void ring(int number) {}

static void ring_and_feed(int number) {
    if (write(ends[1], "x", 1) < 0)
        _exit(9);
}

static int read_with_alarm(void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    char byte;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    return read(ends[0], &byte, 1) == 1 ? 0 : errno;
}

int main(void) {
    if (pipe(ends) != 0)
        return 1;
    if (read_with_alarm(ring_and_feed, SA_RESTART) != 0)
        return 2;
    return read_with_alarm(ring, 0) == EINTR ? 0 : 3;
}
