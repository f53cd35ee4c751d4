#include "awssim/lambda-internal.h"

#include <stdio.h>

#include "awssim/json-text.h"
#include "awssim/world-code.h"
#include "base/str.h"
#include "base/timefmt.h"

static void render_update(const Function *f, const Version *v, Buf *out) {
        if (v->busy_until > 0) {
                json_text_string(out, "LastUpdateStatus", "InProgress");
                json_text_string(out, "LastUpdateStatusReason", "The function is being created.");
                json_text_string(out, "LastUpdateStatusReasonCode", "Creating");
        } else if (v->was_updated && f->spec->update_fails) {
                json_text_string(out, "LastUpdateStatus", "Failed");
                json_text_string(out, "LastUpdateStatusReason", f->spec->update_fails);
                json_text_string(out, "LastUpdateStatusReasonCode", "InternalError");
        } else
                json_text_string(out, "LastUpdateStatus", "Successful");
}

static void render_state(const Function *f, const Version *v, Buf *out) {
        const char *state = version_state(v), *reason = v->spec->reason;

        json_text_string(out, "State", state);
        if (streq(state, "Pending")) {
                json_text_string(out, "StateReason", "The function is being created.");
                json_text_string(out, "StateReasonCode", "Creating");
        } else if (streq(state, "Inactive")) {
                json_text_string(out, "StateReason", "The function has not been invoked for a long time.");
                json_text_string(out, "StateReasonCode", "Idle");
        } else if (streq(state, "Failed")) {
                json_text_string(out, "StateReason",
                                reason ? reason : "The function's initialization failed.");
                json_text_string(out, "StateReasonCode", "FunctionError");
        }
        if (!streq(state, "Pending"))
                render_update(f, v, out);
}

void lambda_render_configuration(const World *w, const Function *f, const Version *v, const char *qualifier,
                const char *key, Buf *out) {
        const FunctionSpec *spec = f->spec;
        char arn[ARN_MAX], version[VERSION_TEXT_MAX], created[TIME_TEXT_MAX];
        const char *role = v->spec->role ? v->spec->role : spec->role;

        lambda_arn(function_place(f), spec->name, qualifier, arn);
        version_format(v->spec->version, version);
        time_format_rfc3339(w->start, created);
        created[19] = '\0'; /* without the "Z" */

        json_text_open(out, key, '{');
        json_text_string(out, "FunctionName", spec->name);
        json_text_string(out, "FunctionArn", arn);
        json_text_string(out, "Runtime", "python3.12");
        if (role)
                json_text_string(out, "Role", role);
        else {
                char text[128];

                (void) snprintf(text, sizeof(text), "arn:aws:iam::%s:role/%.64s", spec->account, spec->name);
                json_text_string(out, "Role", text);
        }
        json_text_string(out, "Handler", "index.handler");
        json_text_unsigned(out, "CodeSize", v->code->size);
        json_text_string(out, "Description", v->description ? v->description : "");
        json_text_unsigned(out, "Timeout", spec->timeout_seconds);
        json_text_unsigned(out, "MemorySize", 128);
        (void) buf_printf(out, ",\"LastModified\":\"%s.000+0000\"", created);
        json_text_string(out, "CodeSha256", v->code->sha);
        json_text_string(out, "Version", version);
        if (v->spec->dead_letter) {
                json_text_open(out, "DeadLetterConfig", '{');
                json_text_string(out, "TargetArn", v->spec->dead_letter);
                json_text_close(out, '}');
        }
        json_text_raw(out, "TracingConfig", "{\"Mode\":\"PassThrough\"}");
        json_text_string(out, "RevisionId", v->revision);
        render_state(f, v, out);
        json_text_string(out, "PackageType", v->code->image ? "Image" : "Zip");
        json_text_raw(out, "Architectures", "[\"x86_64\"]");
        json_text_raw(out, "EphemeralStorage", "{\"Size\":512}");
        json_text_raw(out, "SnapStart", "{\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"}");
        json_text_close(out, '}');
}

/* The qualifier from the query or the name; NULL: none, so $LATEST. */
static int find_qualified(World *w, Function *f, const Request *request, const Version **ret_version,
                const char **ret_qualifier, Reply *reply) {
        const char *qualifier = form_get(&request->query, "Qualifier");
        const char *in_name = request->function.qualifier[0] != '\0' ? request->function.qualifier : NULL;
        const Version *v = NULL;
        const Alias *a;
        uint64_t number;

        if (qualifier && in_name && !streq(qualifier, in_name))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "The derived qualifier from the function name does not match the specified "
                                "qualifier.");
        if (!qualifier)
                qualifier = in_name;
        a = qualifier ? function_find_alias(f, qualifier) : NULL;
        if (!qualifier)
                v = function_find_version(f, 0);
        else if (a)
                v = function_find_version(f, alias_routing(a)->version);
        else if (version_parse(qualifier, &number) >= 0)
                v = function_find_version(f, number);
        if (!v)
                return lambda_refuse_missing_function(function_place(f), f->spec->name, qualifier, reply);
        *ret_version = v;
        *ret_qualifier = qualifier;
        return 0;
}

int lambda_get_configuration_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const Version *v;
        const char *qualifier;
        int r;

        r = find_qualified(w, f, request, &v, &qualifier, reply);
        if (r < 0)
                return r;
        lambda_render_configuration(w, f, v, qualifier, NULL, &reply->body);
        return 0;
}

/* Zips are to be had from ourselves, for as long as AWS's addresses live. */
static int render_code(World *w, const Version *v, const Request *request, usec_t now, Buf *out) {
        const Code *code = v->code;
        char token[UUID_TEXT_MAX], url[768];
        int r;

        json_text_open(out, "Code", '{');
        json_text_string(out, "RepositoryType", code->image ? "ECR" : "S3");
        if (code->image) {
                json_text_string(out, "ImageUri", code->image);
                json_text_string(out, "ResolvedImageUri", code->resolved);
        } else {
                r = world_offer_code(w, v->code, now, token);
                if (r < 0)
                        return r;
                (void) snprintf(url, sizeof(url), "%s://%.255s/_code/%s?X-Amz-Signature=%s",
                                request->http.tls ? "https" : "http",
                                request->http.host ? request->http.host : "", v->revision, token);
                json_text_string(out, "Location", url);
        }
        json_text_close(out, '}');
        return 0;
}

int lambda_get_function_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const Version *v;
        const char *qualifier;
        int r;

        r = find_qualified(w, f, request, &v, &qualifier, reply);
        if (r < 0)
                return r;
        json_text_open(&reply->body, NULL, '{');
        lambda_render_configuration(w, f, v, qualifier, "Configuration", &reply->body);
        r = render_code(w, v, request, now, &reply->body);
        if (r < 0)
                return r;
        json_text_close(&reply->body, '}');
        return 0;
}

int lambda_list_versions_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        size_t begin, end;
        int r;

        r = lambda_page(request, f->n_versions, 50, &begin, &end, reply);
        if (r < 0)
                return r;
        json_text_open(&reply->body, NULL, '{');
        json_text_open(&reply->body, "Versions", '[');
        for (size_t i = begin; i < end; i++) {
                char qualifier[VERSION_TEXT_MAX];

                version_format(f->versions[i].spec->version, qualifier);
                lambda_render_configuration(w, f, f->versions + i, qualifier, NULL, &reply->body);
        }
        json_text_close(&reply->body, ']');
        if (end < f->n_versions)
                (void) buf_printf(&reply->body, ",\"NextMarker\":\"%zu\"", end);
        json_text_close(&reply->body, '}');
        return 0;
}
