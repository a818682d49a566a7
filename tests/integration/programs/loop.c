/* Makes the given number of getppid calls. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    for (long left = atol(argv[1]); left > 0; left--)
        syscall(SYS_getppid);
    return 0;
}
