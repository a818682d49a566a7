/* On x86_64: getpid through the 64-bit and then through the 32-bit entry, where it has number 20.
 */
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    syscall(SYS_getppid);
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result != getpid();
#else
    return 0;
#endif
}
