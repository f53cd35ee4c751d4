#include "codec/conf.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "codec/aws-name.h"
#include "codec/conf-value.h"
#include "codec/yaml-map.h"

#define WANTS_DIRECTORY "an absolute path"
#define WANTS_FILE "an absolute path of a file"
#define WANTS_REGION "a region such as eu-west-1"
#define WANTS_PROFILE "the name of a profile of the AWS credentials file"
#define WANTS_URL "a URL such as https://lambda.example.com"
#define WANTS_ROLE "the ARN of a role such as arn:aws:iam::123456789012:role/canaryd"
#define WANTS_EXTERNAL_ID "the external id that the role's trust policy asks for"
#define WANTS_FLAG "true or false"
#define WANTS_RATE "a number of calls per second"

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
        { "endpoint_url_sts" },
        { "config_file" },
        { "role_arn" },
        { "external_id" },
        { "use_fips_endpoint" },
        { "use_dualstack_endpoint" },
        { "imds_v1" },
        { "lambda_rate" },
        { "metrics_rate" },
        { "alarms_rate" },
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
        free(c->aws_endpoint_url_sts);
        free(c->aws_config_file);
        free(c->aws_role_arn);
        free(c->aws_external_id);
        free(c);
        return NULL;
}

static const ConfSetting top_settings[] = {
        { "plans", offsetof(Conf, plans), WANTS_DIRECTORY, conf_path_fault },
        { "state", offsetof(Conf, state), WANTS_DIRECTORY, conf_path_fault },
        { "run", offsetof(Conf, run), WANTS_DIRECTORY, conf_path_fault },
};

static const ConfSetting aws_settings[] = {
        { "region", offsetof(Conf, aws_region), WANTS_REGION, aws_region_fault },
        { "profile", offsetof(Conf, aws_profile), WANTS_PROFILE, conf_profile_fault },
        { "shared_credentials_file", offsetof(Conf, aws_shared_credentials_file), WANTS_FILE,
                        conf_path_fault },
        { "ca_bundle", offsetof(Conf, aws_ca_bundle), WANTS_FILE, conf_path_fault },
        { "endpoint_url", offsetof(Conf, aws_endpoint_url), WANTS_URL, conf_url_fault },
        { "endpoint_url_lambda", offsetof(Conf, aws_endpoint_url_lambda), WANTS_URL, conf_url_fault },
        { "endpoint_url_cloudwatch", offsetof(Conf, aws_endpoint_url_cloudwatch), WANTS_URL,
                        conf_url_fault },
        { "endpoint_url_sts", offsetof(Conf, aws_endpoint_url_sts), WANTS_URL, conf_url_fault },
        { "config_file", offsetof(Conf, aws_config_file), WANTS_FILE, conf_path_fault },
        { "role_arn", offsetof(Conf, aws_role_arn), WANTS_ROLE, aws_role_fault },
        { "external_id", offsetof(Conf, aws_external_id), WANTS_EXTERNAL_ID, aws_external_id_fault },
};

static const struct {
        const char *key;
        size_t offset;
} aws_flags[] = {
        { "use_fips_endpoint", offsetof(Conf, aws_use_fips_endpoint) },
        { "use_dualstack_endpoint", offsetof(Conf, aws_use_dualstack_endpoint) },
        { "imds_v1", offsetof(Conf, aws_imds_v1) },
};

/* Defaults: a good part of what AWS allows an account and region (15/s for all of Lambda's control plane,
 * 50/s for GetMetricData, 9/s for DescribeAlarms), and some left for everybody else. */
static const struct {
        const char *key;
        size_t offset;
        double standard;
} aws_rates[] = {
        { "lambda_rate", offsetof(Conf, aws_lambda_rate), 10 },
        { "metrics_rate", offsetof(Conf, aws_metrics_rate), 25 },
        { "alarms_rate", offsetof(Conf, aws_alarms_rate), 5 },
};

static void *member_at(Conf *conf, size_t offset) {
        return (char *) conf + offset;
}

/* "" in quotes is text, and no setting may be empty. What may have a password in it is not repeated. */
static int read_setting(const YamlNode *map, const ConfSetting *setting, DiagList *diags, Conf *conf) {
        char **member = member_at(conf, setting->offset);
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

static void read_flags(const YamlNode *map, DiagList *diags, Conf *conf) {
        for (size_t i = 0; i < ELEMENTSOF(aws_flags); i++) {
                const YamlNode *node = yaml_map_get(map, aws_flags[i].key);
                const char *s = node ? yaml_text_of(node, diags, WANTS_FLAG) : NULL;
                const char *fault = s ? conf_flag_fault(s, member_at(conf, aws_flags[i].offset)) : NULL;

                if (fault)
                        yaml_refuse(node, diags, WANTS_FLAG, fault);
        }
}

static void read_rates(const YamlNode *map, DiagList *diags, Conf *conf) {
        for (size_t i = 0; i < ELEMENTSOF(aws_rates); i++) {
                const YamlNode *node = yaml_map_get(map, aws_rates[i].key);
                const char *s = node ? yaml_text_of(node, diags, WANTS_RATE) : NULL;
                const char *fault = s ? conf_rate_fault(s, member_at(conf, aws_rates[i].offset)) : NULL;

                if (fault)
                        yaml_refuse(node, diags, WANTS_RATE, fault);
        }
}

static void check_external_id(const YamlNode *aws, const Conf *conf, DiagList *diags) {
        const YamlNode *node = yaml_map_get(aws, "external_id");

        if (node && conf->aws_external_id && !yaml_map_has(aws, "role_arn"))
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "\"external_id\" goes with a role: add \"role_arn\", or remove it");
}

static int read_aws(const YamlNode *aws, DiagList *diags, Conf *conf) {
        int r = read_settings(aws, aws_settings, ELEMENTSOF(aws_settings), diags, conf);

        if (r < 0)
                return r;
        read_flags(aws, diags, conf);
        read_rates(aws, diags, conf);
        check_external_id(aws, conf, diags);
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
        return read_aws(aws, diags, conf);
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
        for (size_t i = 0; i < ELEMENTSOF(aws_rates); i++)
                *(double *) member_at(conf, aws_rates[i].offset) = aws_rates[i].standard;
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
