#pragma once

/* An HTTPS server on loopback with a certificate made for the occasion. Answers every request with "ok".
 * Runs in a thread of its own, libmicrohttpd's. */

#include "base/macro.h"

typedef struct TlsPeer TlsPeer;

/* Both as PEM texts, owned by the caller. The certificate is for "san" (NULL: IP:127.0.0.1), signed by its
 * own key, and ends in so many seconds. */
void tls_certificate_make(const char *san, long seconds_left, char **ret_certificate, char **ret_key);

/* Certificate as above. "priorities": GnuTLS's words for protocol versions and ciphers; NULL: its defaults.
 */
TlsPeer *tls_peer_new(const char *san, long seconds_left, const char *priorities);
TlsPeer *tls_peer_free(TlsPeer *p);
DEFINE_TRIVIAL_CLEANUP(TlsPeer *, tls_peer_free);

const char *tls_peer_host(const TlsPeer *p);
const char *tls_peer_bundle(const TlsPeer *p); /* path of a file with its certificate */
