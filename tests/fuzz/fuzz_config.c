/* The configuration, read from a file in memory. What is refused says why, with a line. Directives that make
 * libconfig read other files are not tried: what they include is the machine's. */
#include "fuzz.h"

#include "daemon/configuration.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* libconfig 1.5 leaks a string that a syntax error leaves open (its scanner's, a few octets a file). */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct err e = { 0 };
    if (size && memmem(data, size, "@include", 8) != NULL)
        return 0;
    int fd = memfd_create("tesserad.conf", MFD_CLOEXEC);
    require(fd >= 0);
    require(size == 0 || write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct config *c = config_load(path, &e);
    require(c != NULL || e.text[0] != 0);
    if (c) {
        struct engine_options o;
        config_engine_options(c, &o);
        require(c->n_carriers <= ENGINE_MAX_CARRIERS);
        require(config_fixed_difference(c, c) == NULL);
    }
    config_free(c);
    close(fd);
    return 0;
}
