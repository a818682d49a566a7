/* A vfork child that runs another program while its parent is suspended. */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status;
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", NULL);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}
