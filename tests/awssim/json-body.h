#pragma once

#include <json.h>

#include "awssim/reply.h"

/* The request's body, which must be one JSON object; the caller puts it. */
int json_body_parse(const Request *request, json_object **ret, Reply *reply);
