#include "awssim/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "awssim/json-text.h"
#include "awssim/xml-text.h"
#include "base/str.h"

void reply_done(Reply *reply) {
        buf_done(&reply->body);
        buf_done(&reply->message);
}

int reply_refuse(Reply *reply, unsigned status, const char *code, const char *format, ...) {
        char text[8192];
        va_list ap;

        buf_clear(&reply->body);
        buf_clear(&reply->message);
        reply->status = status;
        (void) snprintf(reply->code, sizeof(reply->code), "%s", code);
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        (void) buf_puts(&reply->message, text);
        return -EREMOTEIO;
}

/* Lambda spells the member with a capital in some of its errors. */
static bool message_is_capital(const char *code) {
        return streq(code, "ResourceNotFoundException") || streq(code, "ServiceException") ||
                        streq(code, "AccessDeniedException");
}

static void render_rest(Reply *reply) {
        bool sender = reply->status < 500;

        json_text_open(&reply->body, NULL, '{');
        /* Answers from in front of the service (signature, shape) have no Type. */
        if (reply->status != 403 && !streq(reply->code, "ValidationException"))
                json_text_string(&reply->body, "Type", sender ? "User" : "Service");
        if (reply->status == 429)
                json_text_string(&reply->body, "Reason", "CallerRateLimitExceeded");
        json_text_string(&reply->body, message_is_capital(reply->code) ? "Message" : "message",
                        buf_text(&reply->message));
        json_text_close(&reply->body, '}');
        (void) snprintf(reply->error_type, sizeof(reply->error_type), "%s", reply->code);
}

static void render_plain(Reply *reply) {
        (void) buf_printf(&reply->body,
                        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html><head><title>%u - %s</title>"
                        "</head><body><h1>%u - %s</h1></body></html>\n",
                        reply->status, buf_text(&reply->message), reply->status, buf_text(&reply->message));
}

/* One error under its three names: ours (mostly Lambda's), JSON's with its namespace, and Query's. */
struct spelling {
        const char *code, *json, *query;
};

#define CLOUDWATCH_SPACE "com.amazonaws.cloudwatch.v2010_08_01#"
#define CORAL_SPACE "com.amazon.coral.service#"

static struct spelling spelling_find(const char *code) {
        static const struct spelling table[] = {
                { "ValidationException", "com.amazon.coral.validate#ValidationException",
                                "ValidationError" },
                { "SerializationException", CORAL_SPACE "SerializationException", "MalformedInput" },
                { "UnknownOperationException", CORAL_SPACE "UnknownOperationException", "InvalidAction" },
                { "InvalidSignatureException", CORAL_SPACE "InvalidSignatureException",
                                "SignatureDoesNotMatch" },
                { "UnrecognizedClientException", CORAL_SPACE "UnrecognizedClientException",
                                "InvalidClientTokenId" },
                { "ExpiredTokenException", CORAL_SPACE "ExpiredTokenException", "ExpiredToken" },
                { "IncompleteSignatureException", CORAL_SPACE "IncompleteSignatureException",
                                "IncompleteSignature" },
                { "MissingAuthenticationTokenException", CORAL_SPACE "MissingAuthenticationTokenException",
                                "MissingAuthenticationToken" },
                { "AccessDeniedException", CORAL_SPACE "AccessDeniedException", "AccessDenied" },
                { "InvalidParameterCombinationException",
                                CLOUDWATCH_SPACE "InvalidParameterCombinationException",
                                "InvalidParameterCombination" },
                { "InvalidParameterValueException", CLOUDWATCH_SPACE "InvalidParameterValueException",
                                "InvalidParameterValue" },
                { "MissingRequiredParameterException", CLOUDWATCH_SPACE "MissingRequiredParameterException",
                                "MissingParameter" },
                { "InvalidNextToken", CLOUDWATCH_SPACE "InvalidNextToken", "InvalidNextToken" },
                { "ServiceException", CLOUDWATCH_SPACE "InternalServiceFault", "InternalServiceError" },
                { "ServiceUnavailable", CORAL_SPACE "ServiceUnavailableException", "ServiceUnavailable" },
                { "Throttling", CORAL_SPACE "ThrottlingException", "Throttling" },
                { "ThrottlingException", CORAL_SPACE "ThrottlingException", "Throttling" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(table[i].code, code) || streq(table[i].query, code))
                        return table[i];
        return (struct spelling){ code, code, code };
}

static void render_json(Reply *reply, bool query_mode) {
        struct spelling s = spelling_find(reply->code);

        json_text_open(&reply->body, NULL, '{');
        json_text_string(&reply->body, "__type", s.json);
        json_text_string(&reply->body, "message", buf_text(&reply->message));
        json_text_close(&reply->body, '}');
        if (query_mode)
                (void) snprintf(reply->query_error, sizeof(reply->query_error), "%.80s;%s", s.query,
                                reply->status < 500 ? "Sender" : "Receiver");
}

/* STS tells a caller's own token that has expired from one of a web identity. */
static const char *query_code(const Request *request, const char *code) {
        if (request->service == SERVICE_STS && streq(code, "ServiceException"))
                return "InternalFailure";
        if (request->service == SERVICE_STS && streq(code, "ExpiredTokenException") &&
                        streq(request->operation, "AssumeRoleWithWebIdentity"))
                return code;
        return spelling_find(code).query;
}

static void render_xml(Reply *reply, const Request *request) {
        Buf *out = &reply->body;

        (void) buf_printf(out, "<ErrorResponse xmlns=\"%s\"><Error>",
                        request->service == SERVICE_STS ? STS_XML_NAMESPACE : CLOUDWATCH_XML_NAMESPACE);
        xml_text_element(out, "Type", reply->status < 500 ? "Sender" : "Receiver");
        xml_text_element(out, "Code", query_code(request, reply->code));
        xml_text_element(out, "Message", buf_text(&reply->message));
        (void) buf_puts(out, "</Error>");
        xml_text_element(out, "RequestId", request->request_id);
        (void) buf_puts(out, "</ErrorResponse>");
}

void reply_render_refusal(Reply *reply, const Request *request) {
        buf_clear(&reply->body);
        switch (request->protocol) {
        case PROTOCOL_REST_JSON:
                render_rest(reply);
                return;
        case PROTOCOL_JSON:
                render_json(reply, request->query_mode);
                return;
        case PROTOCOL_QUERY:
                render_xml(reply, request);
                return;
        case PROTOCOL_PLAIN:
                render_plain(reply);
                return;
        }
}

const char *reply_content_type(const Reply *reply, const Request *request) {
        switch (request->protocol) {
        case PROTOCOL_REST_JSON:
                return "application/json";
        case PROTOCOL_JSON:
                return "application/x-amz-json-1.0";
        case PROTOCOL_QUERY:
                return "text/xml";
        case PROTOCOL_PLAIN:
                return reply->code[0] != '\0' ? "text/html" : "text/plain";
        }
        return "";
}
