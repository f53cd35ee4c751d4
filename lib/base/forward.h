#pragma once

/* Forward declarations for the whole tree; every header includes this one and as little else as it can. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Microseconds: a point in time (since the Unix epoch, or since boot) or a span. */
typedef uint64_t usec_t;

typedef struct Buf Buf;
typedef struct Diag Diag;
typedef struct DiagList DiagList;
typedef struct Map Map;
typedef struct Prng Prng;
typedef struct Secret Secret;

typedef struct Action Action;
typedef struct ActionList ActionList;
typedef struct Event Event;
typedef struct Now Now;
typedef struct Plan Plan;
typedef struct Report Report;
typedef struct RolloutState RolloutState;
typedef struct TargetState TargetState;

typedef struct Conf Conf;

typedef struct AwsCreds AwsCreds;
typedef struct HttpRequest HttpRequest;
typedef struct HttpResponse HttpResponse;
