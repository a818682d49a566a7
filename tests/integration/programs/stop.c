/* A child that stops itself is seen stopped, then goes on; the exit status is what was seen. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status, seen = 0;
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        getppid();
        _exit(4);
    }
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) seen |= 1;
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    if (WIFCONTINUED(status)) seen |= 2;
    waitpid(child, &status, 0);
    return seen | WEXITSTATUS(status);
}
