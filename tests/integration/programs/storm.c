/* Two hundred children, all at once; the exit status is how many of them were lost. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status, left = 200;
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            getppid();
            _exit(i & 127);
        }
    }
    while (wait(&status) > 0)
        left--;
    return left;
}
