#include "net/addr.h"
#include "base/strv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool addr_from_numeric(const char *host, uint16_t port, struct addr *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->ss;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->ss;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out->len = sizeof(*v4);
        return true;
    }
    char bare[INET6_ADDRSTRLEN];
    const char *zone = strchr(host, '%'); /* fe80::1%eth0 */
    if (!strv_copy((struct strv){ host, zone ? (size_t)(zone - host) : strlen(host) }, bare, sizeof(bare)) ||
        inet_pton(AF_INET6, bare, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    v6->sin6_scope_id = zone ? if_nametoindex(zone + 1) : 0;
    out->len = sizeof(*v6);
    return !zone || v6->sin6_scope_id;
}

bool addr_from_unix(const char *path, struct addr *out, struct err *err)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->ss;
    memset(out, 0, sizeof(*out));
    un->sun_family = AF_UNIX;
    if (!path[0] || !strv_copy(strv_from(path), un->sun_path, sizeof(un->sun_path)))
        return err_set(err, ERR_INVALID, "path of a Unix socket must have 1 to %zu octets: \"%.120s\"",
                       sizeof(un->sun_path) - 1, path);
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return true;
}

bool addr_parse(const char *text, struct addr *out, struct err *err)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    char host[80];
    if (!colon || !strv_to_u64(strv_from(colon + 1), &port) || port > 65535)
        return err_set(err, ERR_INVALID, "\"%.80s\" is not host:port with a port of 0 to 65535", text);
    struct strv h = { text, (size_t)(colon - text) };
    if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = strv_sub(h, 1, h.n - 2);
    else if (memchr(text, ':', h.n))
        return err_set(err, ERR_INVALID, "\"%.80s\": write an IPv6 address in brackets, [::1]:port", text);
    if (strv_ieq_c(h, "localhost"))
        h = STRV("127.0.0.1");
    else if (!h.n || strv_eq_c(h, "*"))
        h = STRV("::");
    if (!strv_copy(h, host, sizeof(host)) || !addr_from_numeric(host, (uint16_t)port, out))
        return err_set(err, ERR_INVALID, "\"%.80s\" is not a numeric address with a port", text);
    return true;
}

uint16_t addr_port(const struct addr *a)
{
    if (a->ss.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&a->ss)->sin_port);
    if (a->ss.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&a->ss)->sin6_port);
    return 0;
}

void addr_format(const struct addr *a, char text[ADDR_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->ss.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&a->ss)->sin_addr, host, sizeof(host));
        snprintf(text, ADDR_TEXT, "%s:%u", host, addr_port(a));
    } else if (a->ss.ss_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(v6);
        inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? v6->s6_addr + 12 : v6->s6_addr, host, sizeof(host));
        snprintf(text, ADDR_TEXT, mapped ? "%s:%u" : "[%s]:%u", host, addr_port(a));
    } else if (a->ss.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
        bool named = a->len > offsetof(struct sockaddr_un, sun_path) && un->sun_path[0];
        snprintf(text, ADDR_TEXT, "unix:%.*s", named ? (int)sizeof(un->sun_path) : 0, un->sun_path);
    } else {
        snprintf(text, ADDR_TEXT, "?");
    }
}

void addr_of_socket(int fd, bool peer, struct addr *out)
{
    memset(out, 0, sizeof(*out));
    out->len = sizeof(out->ss);
    if ((peer ? getpeername : getsockname)(fd, (struct sockaddr *)&out->ss, &out->len))
        memset(out, 0, sizeof(*out));
}

/* Removes a socket nobody answers on. Anything else in its place (a file, a live server) is left and
 * reported. */
static bool addr_remove_stale(const struct addr *a, struct err *err)
{
    const char *path = ((const struct sockaddr_un *)&a->ss)->sun_path;
    struct stat st;
    if (lstat(path, &st))
        return errno == ENOENT ? true : err_set_errno(err, errno, "%s", path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_EXISTS, "%s exists and is not a socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(err, errno, "socket");
    bool refused = connect(fd, (const struct sockaddr *)&a->ss, a->len) && errno == ECONNREFUSED;
    close(fd);
    if (!refused)
        return err_set(err, ERR_EXISTS, "%s: another program is listening there", path);
    return !unlink(path) || errno == ENOENT ? true : err_set_errno(err, errno, "%s", path);
}

/* bind(2) of a Unix socket applies the umask; until chmod nobody else may connect, so bind with none allowed.
 */
static int addr_bind_unix(int fd, const struct addr *a, unsigned mode)
{
    const char *path = ((const struct sockaddr_un *)&a->ss)->sun_path;
    if (fchmod(fd, 0) || bind(fd, (const struct sockaddr *)&a->ss, a->len))
        return -1;
    return chmod(path, (mode_t)mode);
}

static int addr_bind_inet(int fd, const struct addr *a)
{
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ss.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    return bind(fd, (const struct sockaddr *)&a->ss, a->len);
}

int addr_listen(const struct addr *a, unsigned mode, int backlog, struct addr *bound, struct err *err)
{
    char text[ADDR_TEXT];
    struct addr any4;
    bool unix_socket = a->ss.ss_family == AF_UNIX;
    addr_format(a, text);
    if (unix_socket && !addr_remove_stale(a, err))
        return -1;
    int fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && a->ss.ss_family == AF_INET6 &&
        IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr)) {
        addr_from_numeric("0.0.0.0", addr_port(a), &any4); /* a kernel without IPv6 */
        return addr_listen(&any4, mode, backlog, bound, err);
    }
    if (fd >= 0 && !(unix_socket ? addr_bind_unix(fd, a, mode) : addr_bind_inet(fd, a)) &&
        !listen(fd, backlog)) {
        addr_of_socket(fd, false, bound);
        return fd;
    }
    err_set_errno(err, errno, "cannot listen on %s", text);
    if (err && errno == EADDRINUSE)
        err->code = ERR_EXISTS;
    if (fd >= 0)
        close(fd);
    return -1;
}
