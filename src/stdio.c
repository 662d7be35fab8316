/* Which of the descriptors 0 to 2 are closed when the program begins: a constructor runs before Rust's runtime opens
   /dev/null in their place. */
#include <errno.h>
#include <fcntl.h>

static unsigned closed;

__attribute__((constructor)) static void look(void) {
    int before = errno;
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
            closed |= 1u << descriptor;
    errno = before;
}

unsigned catena_closed_at_start(void) { return closed; }
