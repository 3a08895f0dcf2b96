/* For net/ only: OpenSSL's headers. Its typedef ERR_STATE would clash with the error code of base/err.h. */
#ifndef TESSERA_NET_OPENSSL_H
#define TESSERA_NET_OPENSSL_H

#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
