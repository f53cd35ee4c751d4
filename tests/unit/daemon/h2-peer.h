#pragma once

/* The HTTP/2 server and the proxy of h2-peer.py, in a process of their own. */

#include "base/macro.h"

typedef struct H2Peer H2Peer;

/* "san": as in tls-peer.h. Skips the test when there is no python3. */
H2Peer *h2_peer_new(const char *san);
H2Peer *h2_peer_free(H2Peer *p);
DEFINE_TRIVIAL_CLEANUP(H2Peer *, h2_peer_free);

unsigned h2_peer_port(const H2Peer *p);
unsigned h2_peer_proxy_port(const H2Peer *p);
const char *h2_peer_bundle(const H2Peer *p);
