/* Certificates made while the test runs: nothing that can expire lies in the repository. */
#ifndef TESSERA_TESTS_NET_CERT_H
#define TESSERA_TESTS_NET_CERT_H

#include "net/openssl.h"

#include <openssl/pem.h>

struct cert_spec {
    const char *cn, *san; /* san as "DNS:a.example,IP:127.0.0.1", or NULL */
    bool ca;
    long from_days, to_days; /* validity, relative to today */
    const char *issuer,
        *name; /* files issuer.pem / issuer.key sign (NULL: self); name.pem and name.key are written */
};

static inline void cert_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static inline void *cert_read(const char *dir, const char *name, const char *suffix, bool key)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    void *p =
        key ? (void *)PEM_read_PrivateKey(f, NULL, NULL, NULL) : (void *)PEM_read_X509(f, NULL, NULL, NULL);
    assert_non_null(p);
    fclose(f);
    return p;
}

static inline void cert_write(const char *dir, const char *name, X509 *x, EVP_PKEY *key)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
    snprintf(path, sizeof(path), "%s/%s.key", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
}

static inline void cert_make(const char *dir, const struct cert_spec *spec)
{
    static long serial = 1;
    X509 *x = X509_new(), *issuer = spec->issuer ? cert_read(dir, spec->issuer, "pem", false) : NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256"),
             *sign = spec->issuer ? cert_read(dir, spec->issuer, "key", true) : NULL;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), spec->from_days * 86400);
    X509_gmtime_adj(X509_getm_notAfter(x), spec->to_days * 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)spec->cn,
                               -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    cert_extension(x, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (spec->san)
        cert_extension(x, NID_subject_alt_name, spec->san);
    assert_true(X509_sign(x, sign ? sign : key, EVP_sha256()) > 0);
    cert_write(dir, spec->name, x, key);
    X509_free(x);
    X509_free(issuer);
    EVP_PKEY_free(key);
    EVP_PKEY_free(sign);
}

/* ca, other-ca; server (a.example, 127.0.0.1), expired, future, self (self-signed), client: in `dir`. */
static inline void cert_make_all(const char *dir)
{
    static const struct cert_spec specs[] = {
        { .name = "ca", .cn = "Test CA", .ca = true, .from_days = -10, .to_days = 100 },
        { .name = "other-ca", .cn = "Other CA", .ca = true, .from_days = -10, .to_days = 100 },
        { .name = "server",
          .cn = "x",
          .san = "DNS:a.example,IP:127.0.0.1",
          .issuer = "ca",
          .from_days = -1,
          .to_days = 30 },
        { .name = "expired",
          .cn = "x",
          .san = "DNS:a.example",
          .issuer = "ca",
          .from_days = -9,
          .to_days = -1 },
        { .name = "future", .cn = "x", .san = "DNS:a.example", .issuer = "ca", .from_days = 2, .to_days = 9 },
        { .name = "self", .cn = "a.example", .san = "DNS:a.example", .from_days = -1, .to_days = 30 },
        { .name = "client", .cn = "client", .issuer = "ca", .from_days = -1, .to_days = 30 },
        { .name = "stranger", .cn = "stranger", .issuer = "other-ca", .from_days = -1, .to_days = 30 },
    };
    for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
        cert_make(dir, &specs[i]);
}

static inline void cert_remove_all(const char *dir)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

#endif
