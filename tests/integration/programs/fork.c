/* A parent that waits for one child after the other; the exit status is the sum of theirs. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int sum = 0, status;
    for (int code = 1; code <= 3; code++) {
        pid_t child = fork();
        if (child == 0) {
            getppid();
            _exit(code);
        }
        waitpid(child, &status, 0);
        sum += WEXITSTATUS(status);
    }
    return sum;
}
