#pragma once

/* A zip on its way to Lambda. Before it can leave, it is read once for the hashes, a slice per turn of the
 * loop; then it is read again for each try to send it. */

#include <systemd/sd-event.h>

#include "daemon/aws-call.h"
#include "daemon/code-file.h"

typedef struct CodeUpload CodeUpload;

/* error <0: the file could not be read. Never called from inside of code_upload_new(). */
typedef void (*CodeUploadReady)(int error, void *userdata);

/* Takes the file over, also on failure. revision: as code_body_init()'s. */
int code_upload_new(sd_event *event, CodeFile *take_file, const char *revision, CodeUploadReady ready,
                void *userdata, CodeUpload **ret);
CodeUpload *code_upload_free(CodeUpload *u);
DEFINE_TRIVIAL_CLEANUP(CodeUpload *, code_upload_free);

/* These once it is ready. */
const AwsCallBody *code_upload_body(const CodeUpload *u);
const uint8_t *code_upload_sha256(const CodeUpload *u); /* of the zip */

const char *code_upload_trouble(const CodeUpload *u); /* code_file_trouble() */
