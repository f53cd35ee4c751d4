#include "awssim/authorization.h"

#include "base/alloc.h"
#include "base/str.h"

void authorization_done(Authorization *a) {
        free(a->text);
        *a = (Authorization){};
}

static int refuse_incomplete(Reply *reply, const char *what) {
        return reply_refuse(reply, 403, "IncompleteSignatureException",
                        "Authorization header requires '%s' parameter.", what);
}

static int split_credential(Authorization *a, char *credential, Reply *reply) {
        a->access_key = strsep(&credential, "/");
        a->date = strsep(&credential, "/");
        a->region = strsep(&credential, "/");
        a->service = strsep(&credential, "/");
        a->terminator = strsep(&credential, "/");
        if (a->terminator && !credential)
                return 0;
        return reply_refuse(reply, 403, "IncompleteSignatureException",
                        "Credential must have exactly 5 slash-delimited elements, e.g. "
                        "keyid/date/region/service/term, got '%s'",
                        a->access_key);
}

int authorization_parse(const Request *request, Authorization *ret, Reply *reply) {
        const char *header = http_request_header(&request->http, "authorization");
        char *rest, *part, *credential = NULL;

        if (!header || !str_after(header, "AWS4-HMAC-SHA256 "))
                return reply_refuse(reply, 403, "MissingAuthenticationTokenException",
                                "Missing Authentication Token");
        ret->text = alloc_copy_string(header);
        if (!ret->text)
                return -ENOMEM;
        rest = ret->text + strlen("AWS4-HMAC-SHA256");
        while ((part = strsep(&rest, ", "))) {
                const char *v;

                if ((v = str_after(part, "Credential=")))
                        credential = part + (v - part);
                else if ((v = str_after(part, "SignedHeaders=")))
                        ret->signed_headers = part + (v - part);
                else if ((v = str_after(part, "Signature=")))
                        ret->signature = part + (v - part);
        }
        if (!credential)
                return refuse_incomplete(reply, "Credential");
        if (!ret->signature)
                return refuse_incomplete(reply, "Signature");
        if (!ret->signed_headers)
                return refuse_incomplete(reply, "SignedHeaders");
        return split_credential(ret, credential, reply);
}

bool authorization_covers(const Authorization *a, const char *header) {
        size_t n = strlen(header);

        for (const char *p = a->signed_headers; *p;) {
                size_t length = strcspn(p, ";");

                if (length == n && strncmp(p, header, n) == 0)
                        return true;
                p += length;
                if (*p == ';')
                        p++;
        }
        return false;
}
