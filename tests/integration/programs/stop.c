/* A child that stops itself is seen stopped, then goes on; the exit status is what was seen. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status, seen = 0, ends[2];
    char byte;
    if (pipe(ends) != 0) return 100;
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(read(ends[0], &byte, 1) == 1 ? 4 : 0);
    }
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) seen |= 1;
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    if (WIFCONTINUED(status)) seen |= 2;
    if (write(ends[1], "x", 1) != 1) return 101;
    waitpid(child, &status, 0);
    return seen | WEXITSTATUS(status);
}
