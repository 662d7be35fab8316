/* A disk that takes 4 MB a second, and a fifth of a second more to say that it has: slow_disk.rs puts it in front of the C library's calls. Writes to what is no
   regular file (sockets, the log) go through at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void rest(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    static ssize_t (*real)(int, const void *, size_t);
    struct stat what;
    if (!real)
        real = dlsym(RTLD_NEXT, "write");
    ssize_t written = real(fd, bytes, len);
    if (written > 0 && fstat(fd, &what) == 0 && S_ISREG(what.st_mode))
        rest(written / 4e6);
    return written;
}

static int sync_slowly(const char *call, int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, call);
    rest(0.2);
    return real(fd);
}

int fdatasync(int fd) { return sync_slowly("fdatasync", fd); }
int fsync(int fd) { return sync_slowly("fsync", fd); }
