/* For net/ only: socket addresses and their texts, "192.0.2.1:2775", "[2001:db8::1]:2775", "unix:/path". */
#ifndef TESSERA_NET_ADDR_H
#define TESSERA_NET_ADDR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
    struct sockaddr_storage ss;
    socklen_t len;
};

#define ADDR_TEXT 128

/* "host:port", "[::1]:port", ":port" (any address, IPv6 with IPv4); numeric, or "localhost". */
bool addr_parse(const char *text, struct addr *out, struct err *err);
/* A numeric address without port; false when it is a name. */
bool addr_from_numeric(const char *host, uint16_t port, struct addr *out);
bool addr_from_unix(const char *path, struct addr *out, struct err *err);
void addr_format(const struct addr *a, char text[ADDR_TEXT]);
uint16_t addr_port(const struct addr *a);
void addr_of_socket(int fd, bool peer, struct addr *out);

/* A listening, non-blocking socket. `mode` is for a Unix socket, whose stale predecessor is removed only if
 * nobody answers on it. *bound gets the address really taken. -1 with err. */
int addr_listen(const struct addr *a, unsigned mode, int backlog, struct addr *bound, struct err *err);

#endif
