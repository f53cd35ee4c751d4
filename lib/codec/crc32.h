#pragma once

/* CRC-32 as in zlib, Ethernet and PNG: finds damage, not malice. */

#include "base/forward.h"

uint32_t crc32_of(const void *data, size_t n);
