#pragma once

/* The two services that hand out the keys of a machine's own role: IMDS of EC2, and the credentials endpoint
 * of ECS and EKS. Unsigned. */

#include "awssim/reply.h"

/* Tokens live for what is asked for here; the reply's header of the same name says for how long. */
#define IMDS_TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"

/* Negative errno: -EREMOTEIO when refused, anything else is a failure of the simulator itself. */
int imds_handle(World *w, Request *request, usec_t now, Reply *reply);
int container_handle(World *w, Request *request, usec_t now, Reply *reply);
