#include "net/network.h"

#include "net/conn_impl.h"

#include <arpa/inet.h>
#include <string.h>

struct network {
    uint8_t octets[16]; /* IPv4 is mapped: ::ffff:a.b.c.d */
    unsigned bits;      /* of the 128 */
};

static const uint8_t network_mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool network_put_address(const char *text, uint8_t octets[16], bool *v4)
{
    *v4 = inet_pton(AF_INET, text, octets + 12) == 1;
    if (*v4)
        memcpy(octets, network_mapped, sizeof(network_mapped));
    return *v4 || inet_pton(AF_INET6, text, octets) == 1;
}

static bool network_parse(struct strv s, struct network *n)
{
    char text[INET6_ADDRSTRLEN];
    struct strv host = s;
    uint64_t bits = 0;
    bool v4, given = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '/') {
            host = strv_sub(s, 0, i);
            given = true;
            if (!strv_to_u64(strv_sub(s, i + 1, s.n), &bits))
                return false;
            break;
        }
    }
    if (!strv_copy(host, text, sizeof(text)) || !network_put_address(text, n->octets, &v4))
        return false;
    uint64_t most = v4 ? 32 : 128;
    if (bits > most)
        return false;
    n->bits = (unsigned)(given ? bits + (v4 ? 96 : 0) : 128);
    return true;
}

static bool network_has(const struct network *n, const uint8_t octets[16])
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->octets, octets, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return rest == 0 || (n->octets[whole] & mask) == (octets[whole] & mask);
}

static bool network_list_has_octets(struct strv list, const uint8_t octets[16])
{
    struct strv rest = list, one;
    struct network n;
    while (strv_next(&rest, ',', &one)) {
        if (network_parse(strv_trim(one), &n) && network_has(&n, octets))
            return true;
    }
    return false;
}

bool network_list_check(struct strv list, struct strv *bad)
{
    struct strv rest = list, one;
    struct network n;
    while (strv_next(&rest, ',', &one)) {
        one = strv_trim(one);
        if (!network_parse(one, &n)) {
            if (bad)
                *bad = one;
            return false;
        }
    }
    return true;
}

bool network_list_has_address(struct strv list, const char *address)
{
    uint8_t octets[16];
    bool v4;
    return network_put_address(address, octets, &v4) && network_list_has_octets(list, octets);
}

bool network_list_has(struct strv list, const struct conn *c)
{
    struct addr a;
    uint8_t octets[16];
    if (c->fd < 0)
        return false;
    addr_of_socket(c->fd, true, &a);
    if (a.ss.ss_family == AF_INET) {
        memcpy(octets, network_mapped, sizeof(network_mapped));
        memcpy(octets + 12, &((const struct sockaddr_in *)&a.ss)->sin_addr, 4);
    } else if (a.ss.ss_family == AF_INET6) {
        memcpy(octets, &((const struct sockaddr_in6 *)&a.ss)->sin6_addr, 16);
    } else {
        return false;
    }
    return network_list_has_octets(list, octets);
}
