#pragma once

/* Signing a request whose body is not in memory, but whose SHA-256 is known. */

#include "aws/digest.h"
#include "aws/sigv4.h"

/* As sigv4_sign(), for a request without a body of its own. "payload": lower case. */
int sigv4_sign_payload(HttpRequest *request, const char payload[static DIGEST_HEX_MAX],
                const AwsCreds *creds, const SigV4Scope *scope);
