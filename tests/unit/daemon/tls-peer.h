#pragma once

/* An HTTPS server on loopback with a certificate made for the occasion. Answers every request with "ok".
 * Runs in a thread of its own, libmicrohttpd's. */

#include "base/macro.h"

typedef struct TlsPeer TlsPeer;

/* The certificate is for the address 127.0.0.1 (or for "san", when not NULL), and signed by its own key.
 * "priorities": GnuTLS's words for protocol versions and ciphers; NULL: its defaults. */
TlsPeer *tls_peer_new(const char *san, const char *priorities);
TlsPeer *tls_peer_free(TlsPeer *p);
DEFINE_TRIVIAL_CLEANUP(TlsPeer *, tls_peer_free);

const char *tls_peer_host(const TlsPeer *p);
const char *tls_peer_bundle(const TlsPeer *p); /* path of a file with its certificate */
