#include "base/str.h"
#include "codec/aws-name.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define PATH_BYTES_MAX 4095

#define WANTS_PUBLISH "a map with one of zip, s3, image, or the word latest"
#define WANTS_ZIP "the absolute path of a zip file of the host, like /srv/artifacts/checkout.zip"
#define WANTS_BUCKET "the name of a bucket"
#define WANTS_KEY "the key of an object"
#define WANTS_OBJECT_VERSION "the version id of an object"
#define WANTS_IMAGE "the URI of an image"
#define WANTS_SHA256 "64 hexadecimal digits, as sha256sum prints them"
#define WANTS_LATEST "the word true"

/* What a plan can publish, in the order of PublishKind. */
static const char *const sources[] = {
        [PUBLISH_ZIP] = "zip",
        [PUBLISH_S3] = "s3",
        [PUBLISH_IMAGE] = "image",
        [PUBLISH_LATEST] = "latest",
};

/* A component of two dots is a path that somebody cannot read at a glance. */
static bool climbs(const char *path) {
        for (const char *at = path; (at = strstr(at, "/..")); at += 3)
                if (at[3] == '/' || at[3] == '\0')
                        return true;
        return false;
}

static const char *zip_fault(const char *s) {
        size_t n = strlen(s);

        if (s[0] != '/')
                return "the daemon runs in a directory of its own: begin with \"/\"";
        if (n > PATH_BYTES_MAX)
                return "no path is that long";
        if (climbs(s))
                return "write the path without \"..\"";
        if (s[n - 1] == '/')
                return "that is a directory";
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < ' ' || s[i] == 0x7f)
                        return "a control character is in it";
        return NULL;
}

static const char *object_version_fault(const char *s) {
        return streq(s, "null") ? "leave it out for the latest version" : aws_object_key_fault(s);
}

static void read_word(const YamlNode *node, DiagList *diags, const char *wants,
                const char *(*fault)(const char *s), const char **ret) {
        const char *s = node ? yaml_text_of(node, diags, wants) : NULL;
        const char *why = s ? fault(s) : NULL;

        if (why)
                yaml_refuse(node, diags, wants, why);
        else if (s)
                *ret = s;
}

static void read_s3(const YamlNode *node, DiagList *diags, PlanPublish *publish) {
        if (!yaml_map_check(node, &plan_rule_s3, diags))
                return;
        read_word(yaml_map_get(node, "bucket"), diags, WANTS_BUCKET, aws_bucket_fault, &publish->bucket);
        read_word(yaml_map_get(node, "key"), diags, WANTS_KEY, aws_object_key_fault, &publish->key);
        read_word(yaml_map_get(node, "version"), diags, WANTS_OBJECT_VERSION, object_version_fault,
                        &publish->object_version);
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_sha256(const char *s, uint8_t ret[static PLAN_HASH_SIZE]) {
        uint8_t bytes[PLAN_HASH_SIZE];

        if (strlen(s) != 2 * (size_t) PLAN_HASH_SIZE)
                return false;
        for (size_t i = 0; i < PLAN_HASH_SIZE; i++) {
                int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                bytes[i] = (uint8_t) (high * 16 + low);
        }
        memcpy(ret, bytes, PLAN_HASH_SIZE);
        return true;
}

static void read_sha256(const YamlNode *node, DiagList *diags, PlanPublish *publish) {
        const char *s = yaml_text_of(node, diags, WANTS_SHA256);

        if (!s)
                return;
        publish->has_sha256 = parse_sha256(s, publish->sha256);
        if (publish->kind == PUBLISH_IMAGE)
                diag_add(diags, DIAG_ERROR, node->key->line, node->key->column,
                                "\"sha256\" is that of a zip file; an image's digest belongs into its URI, as "
                                "\"@sha256:...\"");
        else if (!publish->has_sha256)
                yaml_refuse(node, diags, WANTS_SHA256,
                                str_ends_with(s, "=") ? "that is base64: write it as sha256sum prints it"
                                                      : NULL);
}

/* The one source; false: there is none, or more than one, and that is said. has_said: of what is wrong with
 * the keys, enough is said already. */
static bool read_kind(const YamlNode *map, bool has_said, DiagList *diags, PublishKind *ret) {
        const YamlNode *first = NULL;

        for (const YamlNode *value = map->first; value; value = value->next)
                for (size_t kind = PUBLISH_ZIP; kind < ELEMENTSOF(sources); kind++) {
                        if (value->key->kind != NODE_SCALAR || !streq(value->key->text, sources[kind]))
                                continue;
                        if (first) {
                                diag_add(diags, DIAG_ERROR, value->key->line, value->key->column,
                                                "only one thing can be published, and \"%s\" is there already; "
                                                "remove one of them",
                                                first->key->text);
                                return false;
                        }
                        first = value;
                        *ret = (PublishKind) kind;
                }
        if (!first && !has_said)
                diag_add(diags, DIAG_ERROR, map->line, map->column,
                                "\"publish\" needs one of zip, s3, image or latest; write what is to be published, "
                                "like \"zip: /srv/artifacts/checkout.zip\"");
        return first;
}

static void read_source(const YamlNode *value, DiagList *diags, PlanPublish *publish) {
        bool is_latest = true;

        switch (publish->kind) {
        case PUBLISH_NOTHING:
                return;
        case PUBLISH_ZIP:
                read_word(value, diags, WANTS_ZIP, zip_fault, &publish->path);
                return;
        case PUBLISH_S3:
                read_s3(value, diags, publish);
                return;
        case PUBLISH_IMAGE:
                read_word(value, diags, WANTS_IMAGE, aws_image_fault, &publish->image);
                return;
        case PUBLISH_LATEST:
                if (plan_value_bool(value, diags, &is_latest) && !is_latest)
                        yaml_refuse(value, diags, WANTS_LATEST, "or give a zip, s3 or image instead");
                return;
        }
}

void plan_read_publish(const YamlNode *node, PlanPublish *publish, DiagList *diags) {
        static const char *const words[] = { "latest" };
        const YamlNode *value, *sha256;
        size_t before = diags->n_errors;

        *publish = (PlanPublish){ 0 };
        if (node->kind == NODE_SCALAR && streq(node->text, "latest")) {
                publish->kind = PUBLISH_LATEST;
                return;
        }
        if (node->kind == NODE_SCALAR) {
                plan_refuse_word(node, diags, WANTS_PUBLISH, words, ELEMENTSOF(words));
                return;
        }
        if (!yaml_map_check(node, &plan_rule_publish, diags) ||
                        !read_kind(node, diags->n_errors > before, diags, &publish->kind))
                return;
        value = yaml_map_get(node, sources[publish->kind]);
        if (value)
                read_source(value, diags, publish);
        sha256 = yaml_map_get(node, "sha256");
        if (sha256)
                read_sha256(sha256, diags, publish);
}
