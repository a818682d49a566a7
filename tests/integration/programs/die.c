/* Ends by the signal whose number it is given; by a fault of its own for SIGSEGV. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int number = atoi(argv[1]);
    if (number == SIGSEGV)
        *(volatile int *)8 = 1;
    kill(getpid(), number);
    return 0;
}
