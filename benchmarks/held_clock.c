/* A process's clocks, held by somebody else: every question for the time is answered with the
   microseconds in the shared file that HELD_CLOCK names. Sleeping and waiting stay real.

   It asks the system and the allocator for nothing that they would ask the time for, because
   jemalloc wants to know it before the program has begun. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *held;

static int64_t microseconds(void) {
    if (!held) {
        int file = open(getenv("HELD_CLOCK"), O_RDONLY);
        void *page = mmap(NULL, sizeof *held, PROT_READ, MAP_SHARED, file, 0);
        if (page == MAP_FAILED) _exit(70);
        close(file);
        held = page;
    }
    return *held;
}

int clock_gettime(clockid_t which, struct timespec *answer) {
    (void)which;
    int64_t now = microseconds();
    answer->tv_sec = now / 1000000;
    answer->tv_nsec = now % 1000000 * 1000;
    return 0;
}

int gettimeofday(struct timeval *restrict answer, void *restrict zone) {
    (void)zone;
    int64_t now = microseconds();
    answer->tv_sec = now / 1000000;
    answer->tv_usec = now % 1000000;
    return 0;
}

time_t time(time_t *answer) {
    time_t now = microseconds() / 1000000;
    if (answer) *answer = now;
    return now;
}
