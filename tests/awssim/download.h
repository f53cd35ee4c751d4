#pragma once

/* The store behind the addresses of code that GetFunction gives: no signature, but a token with an end. */

#include "awssim/reply.h"

int download_handle(World *w, Request *request, usec_t now, Reply *reply);
