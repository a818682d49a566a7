/* A program that wants to trace its own child: 0 when it may, 5 when it may not. It always ends. */
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        long refused = ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl("/bin/true", "true", NULL);
        _exit(refused ? 5 : 1);
    }
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status))
        return 5;
    ptrace(PTRACE_CONT, child, NULL, NULL);
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}
