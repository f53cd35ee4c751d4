#include "awssim/json-body.h"
#include "awssim/json-member.h"
#include "awssim/lambda-internal.h"
#include "awssim/policy.h"
#include "awssim/world-code.h"
#include "base/alloc.h"
#include "base/str.h"

#define ZIP_MAX (50u * 1024 * 1024)
#define OBJECT_MAX (250u * 1024 * 1024)

typedef struct CodeInput {
        const char *zip, *bucket, *key, *object_version, *image, *revision; /* borrowed */
        bool publish, dry_run;
} CodeInput;

static int member_bool(json_object *root, const char *key, bool *ret, Reply *reply) {
        json_object *value = NULL;
        int r = json_member(root, key, json_type_boolean, &value, reply);

        if (r >= 0 && value)
                *ret = json_object_get_boolean(value);
        return r;
}

static int read_input(json_object *root, CodeInput *in, Reply *reply) {
        const struct {
                const char *key;
                const char **ret;
        } texts[] = {
                { "ZipFile", &in->zip },
                { "S3Bucket", &in->bucket },
                { "S3Key", &in->key },
                { "S3ObjectVersion", &in->object_version },
                { "ImageUri", &in->image },
                { "RevisionId", &in->revision },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
                r = json_member_text(root, texts[i].key, texts[i].ret, reply);
        if (r >= 0)
                r = member_bool(root, "Publish", &in->publish, reply);
        return r < 0 ? r : member_bool(root, "DryRun", &in->dry_run, reply);
}

/* What both changes have in common: $LATEST is free, and as the caller saw it. */
static int check_latest(const Function *f, const char *revision, Request *request, Reply *reply) {
        const Version *latest = f->versions;
        char arn[ARN_MAX];

        if (revision)
                (void) str_copy(request->revision_seen, sizeof(request->revision_seen), revision);
        lambda_arn(function_place(f), f->spec->name, NULL, arn);
        if (latest->busy_until > 0)
                return reply_refuse(reply, 409, "ResourceConflictException",
                                "The operation cannot be performed at this time. An update is in progress for "
                                "resource: %s",
                                arn);
        if (revision && !streq(revision, latest->revision))
                return reply_refuse(reply, 412, "PreconditionFailedException",
                                "The Revision Id provided does not match the latest Revision Id. Call the "
                                "GetFunction/GetAlias API to retrieve the latest Revision Id");
        return 0;
}

static int take_zip(char *take_data, size_t size, size_t max, Code **ret, Reply *reply) {
        _cleanup_(freep) char *data = take_data;

        if (size > max)
                return reply_refuse(reply, 413, "RequestTooLargeException",
                                "Request must be smaller than %zu bytes for the UpdateFunctionCode operation",
                                max);
        if (size < 2 || data[0] != 'P' || data[1] != 'K')
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Could not unzip uploaded file. Please check your file, then try to upload "
                                "again.");
        return code_new_zip(TAKE_PTR(data), size, ret);
}

static int read_object(
                const World *w, const CodeInput *in, const Request *request, Code **ret, Reply *reply) {
        const ObjectSpec *object = in->key
                        ? scenario_find_object(w->scenario, in->bucket, in->key, in->object_version)
                        : NULL;
        char *data;
        size_t size;
        int r;

        r = policy_check_object(request, in->bucket, in->key ? in->key : "", in->object_version, reply);
        if (r < 0)
                return r;
        if (!object)
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The "
                                "specified key does not exist.");
        r = object_read(object, &data, &size);
        return r < 0 ? r : take_zip(data, size, OBJECT_MAX, ret, reply);
}

static int find_code(const World *w, const Function *f, const CodeInput *in, const Request *request,
                Code **ret, Reply *reply) {
        bool is_image = f->versions[0].code->image;
        char *data;
        size_t size;
        int r;

        if ((in->zip != NULL) + (in->bucket != NULL) + (in->image != NULL) != 1)
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Please provide a source for function code.");
        if (is_image != (in->image != NULL))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Please %s ImageUri when %s %s.", is_image ? "provide" : "don't provide",
                                "updating a function with packageType", is_image ? "Image" : "Zip");
        if (in->image) {
                r = policy_check_image(request, in->image, reply);
                return r < 0 ? r : code_new_image(alloc_copy_string(in->image), ret);
        }
        if (in->bucket)
                return read_object(w, in, request, ret, reply);
        r = code_decode_base64(in->zip, &data, &size);
        if (r == -EINVAL)
                return reply_refuse(reply, 400, "SerializationException", "ZipFile is not base64");
        return r < 0 ? r : take_zip(data, size, ZIP_MAX, ret, reply);
}

static void answer(const World *w, const Function *f, const Version *v, Request *request, Reply *reply) {
        char qualifier[VERSION_TEXT_MAX];

        version_format(v->spec->version, qualifier);
        (void) str_copy(request->revision_new, sizeof(request->revision_new), v->revision);
        lambda_render_configuration(w, f, v, v->spec->version > 0 ? qualifier : NULL, NULL, &reply->body);
}

static int update_code(
                World *w, Function *f, const CodeInput *in, Request *request, usec_t now, Reply *reply) {
        Version *v = f->versions;
        Code *code = NULL;
        int r;

        r = check_latest(f, in->revision, request, reply);
        if (r >= 0)
                r = find_code(w, f, in, request, &code, reply);
        if (r < 0)
                return r;
        if (in->dry_run)
                (void) code_unref(code);
        else
                function_update_code(w, f, code, now);
        if (in->publish && !in->dry_run) {
                r = function_publish(w, f, NULL, now, &v);
                if (r < 0)
                        return r;
        }
        answer(w, f, v, request, reply);
        return 0;
}

int lambda_update_code_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        json_object *root = NULL;
        CodeInput in = { 0 };
        int r;

        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = read_input(root, &in, reply);
        if (r >= 0)
                r = update_code(w, f, &in, request, now, reply);
        (void) json_object_put(root);
        return r;
}

static int publish(World *w, Function *f, json_object *root, Request *request, usec_t now, Reply *reply) {
        const char *sha = NULL, *revision = NULL, *description = NULL;
        Version *v;
        int r;

        r = json_member_text(root, "CodeSha256", &sha, reply);
        if (r >= 0)
                r = json_member_text(root, "RevisionId", &revision, reply);
        if (r >= 0)
                r = json_member_text(root, "Description", &description, reply);
        if (r >= 0)
                r = check_latest(f, revision, request, reply);
        if (r < 0)
                return r;
        if (!str_is_empty(sha) && !streq(sha, f->versions[0].code->sha))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please "
                                "try again with the CodeSHA256 in $LATEST.",
                                sha, f->versions[0].code->sha);
        r = function_publish(w, f, description, now, &v);
        if (r < 0)
                return r;
        reply->status = 201;
        answer(w, f, v, request, reply);
        return 0;
}

int lambda_publish_version_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        json_object *root = NULL;
        int r;

        r = request->http.body_size > 0 ? json_body_parse(request, &root, reply) : 0;
        if (r < 0)
                return r;
        if (!root)
                root = json_object_new_object();
        r = publish(w, f, root, request, now, reply);
        (void) json_object_put(root);
        return r;
}
