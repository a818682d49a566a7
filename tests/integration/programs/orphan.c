/* Leaves a child behind that writes to standard output a little later. */
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        usleep(100000);
        return write(1, "alive\n", 6) != 6;
    }
    return 0;
}
