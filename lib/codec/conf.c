#include "codec/conf.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "codec/yaml-map.h"

#define PATH_BYTES_MAX 4095
#define WORD_BYTES_MAX 128
#define URL_BYTES_MAX 2048

#define WANTS_DIRECTORY "an absolute path"
#define WANTS_FILE "an absolute path of a file"
#define WANTS_REGION "a region such as eu-west-1"
#define WANTS_PROFILE "the name of a profile of the AWS credentials file"
#define WANTS_URL "a URL such as https://lambda.example.com"

#define DEFAULT_PLANS "/etc/canaryd/plans"
#define DEFAULT_STATE "/var/lib/canaryd"
#define DEFAULT_RUN "/run/canaryd"

#define LATER "remove it"

typedef const char *(*ConfFault)(const char *s);

/* One setting: where it goes, and what is wrong with a text, NULL for nothing. */
typedef struct ConfSetting {
        const char *key;
        size_t offset;
        const char *wants;
        ConfFault fault;
} ConfSetting;

static const KeyRule top_keys[] = {
        { "plans" },
        { "state" },
        { "run" },
        { "aws", .may_be_empty = true },
        { "retention", .unsupported = LATER },
};

static const KeyRule aws_keys[] = {
        { "region" },
        { "profile" },
        { "shared_credentials_file" },
        { "ca_bundle" },
        { "endpoint_url" },
        { "endpoint_url_lambda" },
        { "endpoint_url_cloudwatch" },
        { "role_arn", .unsupported = LATER },
};

static const MapRule top_rule, aws_rule;
static const MapRule *const rules[] = { &top_rule, &aws_rule, NULL };

static const MapRule top_rule = {
        .what = "the configuration",
        .place = "at the top",
        .like = "plans: /etc/canaryd/plans",
        .keys = top_keys,
        .n_keys = ELEMENTSOF(top_keys),
        .relatives = rules,
};

static const MapRule aws_rule = {
        .what = "\"aws\"",
        .place = "under \"aws\"",
        .like = "region: eu-west-1",
        .keys = aws_keys,
        .n_keys = ELEMENTSOF(aws_keys),
        .relatives = rules,
};

Conf *conf_free(Conf *c) {
        if (!c)
                return NULL;
        free(c->plans);
        free(c->state);
        free(c->run);
        free(c->aws_region);
        free(c->aws_profile);
        free(c->aws_shared_credentials_file);
        free(c->aws_ca_bundle);
        free(c->aws_endpoint_url);
        free(c->aws_endpoint_url_lambda);
        free(c->aws_endpoint_url_cloudwatch);
        free(c);
        return NULL;
}

static bool has_control(const char *s) {
        for (; *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        return true;
        return false;
}

static const char *path_fault(const char *s) {
        if (s[0] == '~')
                return "\"~\" is not expanded here: write the path out";
        if (strchr(s, '$') || strchr(s, '%'))
                return "variables are not expanded here: write the path out";
        if (s[0] != '/')
                return "a daemon has no directory of its own: begin with \"/\"";
        if (has_control(s))
                return "it has control characters";
        if (strlen(s) > PATH_BYTES_MAX)
                return "it is too long";
        return NULL;
}

static const char *region_fault(const char *s) {
        size_t n = strlen(s);

        if (n > WORD_BYTES_MAX || s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
                return "regions have small letters, digits and \"-\" only";
        if (!strchr(s, '-') || s[0] == '-' || s[n - 1] == '-')
                return "regions read like eu-west-1, us-east-1 or ap-southeast-2";
        return NULL;
}

static const char *profile_fault(const char *s) {
        if (has_control(s) || strpbrk(s, "[]"))
                return "it has characters that no profile has";
        return strlen(s) > WORD_BYTES_MAX ? "it is too long" : NULL;
}

static bool port_is_valid(const char *s, size_t n) {
        unsigned port = 0;

        if (n == 0 || n > 5)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return false;
                port = port * 10 + (unsigned) (s[i] - '0');
        }
        return port > 0 && port <= UINT16_MAX;
}

/* "host", "host:8443", "[::1]:8443" */
static bool authority_is_valid(const char *s, size_t n) {
        const char *host_end = n > 0 && s[0] == '[' ? memchr(s, ']', n) : s + strcspn(s, ":/");
        size_t host, used;

        if (!host_end)
                return false;
        host = (size_t) (host_end - s);
        used = s[0] == '[' ? host + 1 : host;
        if (used == 0 || used > n ||
                        strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[:]") <
                                        used)
                return false;
        return used == n || (s[used] == ':' && port_is_valid(s + used + 1, n - used - 1));
}

static const char *url_fault(const char *s) {
        const char *rest = str_after(s, "https://");

        if (!rest)
                rest = str_after(s, "http://");
        if (!rest)
                return "begin with https:// or http://";
        if (strchr(s, '@'))
                return "credentials do not belong into a URL";
        if (strpbrk(s, "?#"))
                return "leave out \"?\" and \"#\" and what follows";
        if (strlen(s) > URL_BYTES_MAX || has_control(s) || strpbrk(s, " \\\"<>"))
                return "it has characters that no URL has, or too many";
        if (!authority_is_valid(rest, strcspn(rest, "/")))
                return "between // and / stands a host name, and maybe \":\" and a port from 1 to 65535";
        return NULL;
}

static const ConfSetting top_settings[] = {
        { "plans", offsetof(Conf, plans), WANTS_DIRECTORY, path_fault },
        { "state", offsetof(Conf, state), WANTS_DIRECTORY, path_fault },
        { "run", offsetof(Conf, run), WANTS_DIRECTORY, path_fault },
};

static const ConfSetting aws_settings[] = {
        { "region", offsetof(Conf, aws_region), WANTS_REGION, region_fault },
        { "profile", offsetof(Conf, aws_profile), WANTS_PROFILE, profile_fault },
        { "shared_credentials_file", offsetof(Conf, aws_shared_credentials_file), WANTS_FILE, path_fault },
        { "ca_bundle", offsetof(Conf, aws_ca_bundle), WANTS_FILE, path_fault },
        { "endpoint_url", offsetof(Conf, aws_endpoint_url), WANTS_URL, url_fault },
        { "endpoint_url_lambda", offsetof(Conf, aws_endpoint_url_lambda), WANTS_URL, url_fault },
        { "endpoint_url_cloudwatch", offsetof(Conf, aws_endpoint_url_cloudwatch), WANTS_URL, url_fault },
};

/* "" in quotes is text, and no setting may be empty. What may have a password in it is not repeated. */
static int read_setting(const YamlNode *map, const ConfSetting *setting, DiagList *diags, Conf *conf) {
        char **member = (char **) (void *) ((char *) conf + setting->offset);
        const YamlNode *node = yaml_map_get(map, setting->key);
        const char *s = node ? yaml_text_of(node, diags, setting->wants) : NULL;
        const char *fault = !s ? NULL : s[0] == '\0' ? "remove the line for the default" : setting->fault(s);

        if (fault && strchr(s, '@'))
                diag_add(diags, DIAG_ERROR, node->line, node->column, "\"%s\": %s", setting->key, fault);
        else if (fault)
                yaml_refuse(node, diags, setting->wants, fault);
        if (!s || fault)
                return 0;
        *member = alloc_copy_string(s);
        return *member ? 0 : -ENOMEM;
}

static int read_settings(
                const YamlNode *map, const ConfSetting *settings, size_t n, DiagList *diags, Conf *conf) {
        for (size_t i = 0; i < n; i++) {
                int r = read_setting(map, &settings[i], diags, conf);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_conf(const YamlNode *top, DiagList *diags, Conf *conf) {
        const YamlNode *aws;
        int r;

        if (!yaml_map_check(top, &top_rule, diags))
                return 0;
        r = read_settings(top, top_settings, ELEMENTSOF(top_settings), diags, conf);
        if (r < 0)
                return r;
        aws = yaml_map_get(top, "aws");
        if (!aws || !yaml_map_check(aws, &aws_rule, diags))
                return 0;
        return read_settings(aws, aws_settings, ELEMENTSOF(aws_settings), diags, conf);
}

static int set_default(char **member, const char *value) {
        if (!*member)
                *member = alloc_copy_string(value);
        return *member ? 0 : -ENOMEM;
}

/* Three directories with three owners: a plan must not turn up among the daemon's own files. */
static void check_directories(const YamlNode *top, const Conf *conf, DiagList *diags) {
        const struct {
                const char *key, *path, *other, *other_path;
        } pairs[] = {
                { "state", conf->state, "plans", conf->plans },
                { "run", conf->run, "plans", conf->plans },
                { "run", conf->run, "state", conf->state },
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                const YamlNode *node = top && top->kind == NODE_MAP ? yaml_map_get(top, pairs[i].key) : NULL;

                if (!streq(pairs[i].path, pairs[i].other_path))
                        continue;
                if (!node && top && top->kind == NODE_MAP)
                        node = yaml_map_get(top, pairs[i].other);
                diag_add(diags, DIAG_ERROR, node ? node->line : 0, node ? node->column : 0,
                                "\"%s\" and \"%s\" are both %.200s; give each a directory of its own",
                                pairs[i].other, pairs[i].key, pairs[i].path);
        }
}

int conf_parse(const char *text, size_t size, DiagList *diags, Conf **ret) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        _cleanup_(conf_freep) Conf *conf = alloc_one(Conf);
        size_t first = diags->n, errors_before = diags->n_errors;
        const YamlNode *top;
        int r;

        if (!conf)
                return -ENOMEM;
        r = yaml_tree_parse(text, size, CONF_BYTES_MAX, diags, &tree);
        if (r < 0) {
                yaml_findings_sort(diags, first);
                return r;
        }
        top = yaml_tree_root(tree);
        r = top ? read_conf(top, diags, conf) : 0;
        if (r < 0 || set_default(&conf->plans, DEFAULT_PLANS) < 0 ||
                        set_default(&conf->state, DEFAULT_STATE) < 0 ||
                        set_default(&conf->run, DEFAULT_RUN) < 0)
                return -ENOMEM;
        check_directories(top, conf, diags);
        yaml_findings_sort(diags, first);
        if (diags->n_errors > errors_before)
                return -EBADMSG;
        *ret = TAKE_PTR(conf);
        return 0;
}
