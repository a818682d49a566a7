/* Calls with structures, the same in every run but for addresses, times and ports. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int signal) {}

static void files(void) {
    struct stat stat_of;
    struct statx statx_of;
    stat("/dev/null", &stat_of);
    stat("/tmp", &stat_of);
    stat("/etc/passwd", &stat_of);
    syscall(SYS_statx, AT_FDCWD, "/etc/passwd", 0, STATX_BASIC_STATS, &statx_of);
    utimensat(AT_FDCWD, "/nonexistent", (struct timespec[]){{1, 2}, {0, UTIME_OMIT}}, 0);
    utimensat(AT_FDCWD, "/nonexistent", (struct timespec[]){{1, UTIME_NOW}, {7, 0}}, 0);
}

static void vectors(void) {
    char small[4], large[50];
    struct iovec in[] = {{small, sizeof small}, {large, sizeof large}};
    struct iovec out[] = {{"one ", 4}, {"two\377\n", 5}, {NULL, 0}};
    struct iovec many[40];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    for (int i = 0; i < 40; i++)
        many[i] = (struct iovec){"x", 1};
    writev(null, out, 3);
    writev(null, out, 0);
    writev(null, many, 40);
    writev(null, (void *)8, 2);
    readv(zero, in, 2);
    readv(null, in, 2);
}

static void signals(void) {
    sigset_t set;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_NODEFER};
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, &set);
    sigprocmask(SIG_SETMASK, &set, &set);
    sigprocmask(99, &set, &set);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR2, &action, &action);
    sigaction(SIGUSR1, NULL, &action);
}

static void readiness(void) {
    int pair[2];
    struct epoll_event event = {EPOLLOUT | EPOLLET, {.u64 = 0x123456789abc}}, events[4];
    pipe2(pair, 0);
    pipe2(pair, O_CLOEXEC);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct pollfd polled[] = {
        {pair[0], POLLIN | POLLPRI, 0}, {pair[1], POLLOUT, 0}, {-1, POLLIN, 0}};
    poll(polled, 3, 10);
    poll(polled, 1, 0);
    poll(polled, 0, 0);
    poll(NULL, 0, 0);
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event);
    epoll_wait(epoll, events, 4, 0);
    epoll_ctl(epoll, EPOLL_CTL_DEL, pair[1], NULL);
    epoll_wait(epoll, events, 4, 0);
}

static void addresses(void) {
    struct sockaddr_in inet = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 inet6 = {AF_INET6, htons(80), htonl(5), IN6ADDR_LOOPBACK_INIT, 0};
    struct sockaddr_un unix_address = {AF_UNIX, "/nonexistent/socket"};
    char other[128];
    socklen_t size = sizeof inet;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    bind(server, (void *)&inet, sizeof inet);
    listen(server, 5);
    getsockname(server, (void *)&inet, &size);
    connect(client, (void *)&inet, sizeof inet);
    size = sizeof other;
    accept(server, (void *)other, &size);
    connect(server, (void *)&inet6, sizeof inet6);
    bind(server, (void *)&inet6, 4);
    bind(server, (void *)&inet6, 1);
    bind(server, NULL, 0);
    int local = socket(AF_UNIX, SOCK_DGRAM, 0);
    connect(local, (void *)&unix_address, sizeof unix_address);
    size = sizeof unix_address;
    getsockname(local, (void *)&unix_address, &size);
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    sendto(datagram, "x", 1, 0, (void *)&inet, sizeof inet);
    sendto(local, "q", 1, 0, NULL, 0);
    recvfrom(datagram, other, 10, MSG_DONTWAIT, (void *)&inet, &size);
}

static void processes(void) {
    struct rlimit limit = {4096, RLIM_INFINITY};
    struct rusage usage;
    struct utsname names;
    int status, child;
    cpu_set_t cpus;
    uname(&names);
    sched_getaffinity(0, sizeof cpus, &cpus);
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL);
    syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit);
    if ((child = fork()) == 0)
        _exit(3);
    wait4(child, &status, 0, NULL);
    if ((child = fork()) == 0) {
        pause();
        _exit(0);
    }
    wait4(child, &status, WNOHANG, &usage);
    kill(child, SIGTERM);
    wait4(child, &status, 0, NULL);
    if ((child = fork()) == 0)
        kill(getpid(), SIGKILL);
    wait4(child, &status, 0, &usage);
    wait4(-1, &status, WNOHANG, NULL);
}

static void times(void) {
    struct timespec time = {0, 1000};
    struct itimerval timer = {{0, 0}, {500, 3}};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
    syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &time);
    setitimer(ITIMER_REAL, &timer, NULL);
    getitimer(ITIMER_REAL, &timer);
}

int main(void) {
    files();
    vectors();
    signals();
    readiness();
    addresses();
    processes();
    times();
    char *arguments[] = {"true", "a b", "0123456789012345678901234567890123456789", NULL};
    execve("/bin/true", arguments, (char *[]){"A=1", "B=\377", NULL});
}
