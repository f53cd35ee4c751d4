#include "codec/iam-policy.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "codec/json-write.h"

/* In the order in which they are written. */
enum {
        MAY_SHIFT = 1 << 0,
        MAY_CREATE_ALIAS = 1 << 1,
        MAY_PUBLISH = 1 << 2,
        MAY_UPDATE_CODE = 1 << 3,
        MAY_FETCH_CODE = 1 << 4,
};

static const struct {
        unsigned needs;
        const char *action;
} lambda_actions[] = {
        { MAY_SHIFT, "lambda:GetAlias" },
        { MAY_SHIFT, "lambda:UpdateAlias" },
        { MAY_SHIFT, "lambda:GetFunctionConfiguration" },
        { MAY_SHIFT, "lambda:GetProvisionedConcurrencyConfig" },
        { MAY_CREATE_ALIAS, "lambda:CreateAlias" },
        { MAY_PUBLISH, "lambda:PublishVersion" },
        { MAY_UPDATE_CODE, "lambda:UpdateFunctionCode" },
        { MAY_FETCH_CODE, "lambda:GetFunction" },
};

/* A function, however many of its aliases the plan moves. */
typedef struct Function {
        const PlanTarget *target; /* the first one of them */
        unsigned may;
} Function;

typedef struct Writer {
        Buf *out;
        unsigned *notes;
        unsigned n_statements;
} Writer;

static bool same_text(const char *a, const char *b) {
        return a == b || (a && b && streq(a, b));
}

size_t iam_policy_principals(const Plan *plan, const char *ret[static IAM_PRINCIPALS_MAX]) {
        size_t n = 0;

        for (uint32_t i = 0; i < plan->n_targets; i++) {
                const char *role = plan->targets[i].role_arn;
                size_t k = 0;

                while (k < n && !same_text(ret[k], role))
                        k++;
                if (role && k == n)
                        ret[n++] = role;
        }
        ret[n++] = NULL;
        return n;
}

/* The n-th part of an ARN, counted from 0; *ret_size 0: not an ARN, or empty. */
static const char *arn_part(const char *arn, unsigned n, size_t *ret_size) {
        const char *p = arn && str_after(arn, "arn:") ? arn : "";

        for (unsigned i = 0; i < n && *p; i++) {
                p += strcspn(p, ":");
                p += *p == ':';
        }
        *ret_size = strcspn(p, ":");
        return p;
}

static const char *partition_of_region(const char *region) {
        static const struct {
                const char *prefix, *partition;
        } table[] = {
                { "cn-", "aws-cn" },
                { "us-gov-", "aws-us-gov" },
                { "us-isob-", "aws-iso-b" },
                { "us-isof-", "aws-iso-f" },
                { "eu-isoe-", "aws-iso-e" },
                { "us-iso-", "aws-iso" },
                { "eusc-", "aws-eusc" },
        };

        for (size_t i = 0; region && i < ELEMENTSOF(table); i++)
                if (str_after(region, table[i].prefix))
                        return table[i].partition;
        return "aws";
}

static void put_partition(Writer *w, Buf *arn, const PlanTarget *t) {
        size_t size;
        const char *part = arn_part(t->function, 1, &size);

        if (size == 0)
                part = arn_part(t->role_arn, 1, &size);
        if (size > 0)
                (void) buf_append(arn, part, size);
        else
                (void) buf_puts(arn, partition_of_region(t->region));
        if (size == 0 && !t->region)
                *w->notes |= IAM_NOTE_PARTITION;
}

static const char *region_of(const PlanTarget *t, size_t *ret_size) {
        const char *region = arn_part(t->function, 3, ret_size);

        if (*ret_size > 0 || !t->region)
                return region;
        *ret_size = strlen(t->region);
        return t->region;
}

static const char *name_of(const PlanTarget *t) {
        const char *colon = strrchr(t->function, ':');

        return colon ? colon + 1 : t->function;
}

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME" and then the suffix. */
static void put_function(Writer *w, const PlanTarget *t, const char *suffix) {
        _cleanup_(buf_done) Buf arn = BUF_INIT(4096);
        size_t region_size, account_size;
        const char *region = region_of(t, &region_size), *account = plan_target_account(t, &account_size);

        *w->notes |= (region_size == 0 ? IAM_NOTE_REGION : 0u) | (account_size == 0 ? IAM_NOTE_ACCOUNT : 0u);
        (void) buf_puts(&arn, "arn:");
        put_partition(w, &arn, t);
        (void) buf_puts(&arn, ":lambda:");
        (void) buf_append(&arn, region_size > 0 ? region : "*", MAX(region_size, (size_t) 1));
        (void) buf_putc(&arn, ':');
        (void) buf_append(&arn, account_size > 0 ? account : "*", MAX(account_size, (size_t) 1));
        (void) buf_printf(&arn, ":function:%s%s", name_of(t), suffix);
        if (arn.failed)
                w->out->failed = true;
        json_write_text(w->out, NULL, buf_text(&arn));
}

static unsigned may_of(const Plan *plan, const PlanTarget *t) {
        unsigned may = MAY_SHIFT;

        switch (t->publish.kind) {
        case PUBLISH_NOTHING:
                break;
        case PUBLISH_LATEST:
                may |= MAY_PUBLISH;
                break;
        case PUBLISH_ZIP:
        case PUBLISH_S3:
        case PUBLISH_IMAGE:
                may |= MAY_PUBLISH | MAY_UPDATE_CODE;
                break;
        }
        if (t->create_alias)
                may |= MAY_CREATE_ALIAS;
        if (plan->restore_code)
                may |= MAY_PUBLISH | MAY_UPDATE_CODE | MAY_FETCH_CODE;
        return may;
}

static bool same_function(const PlanTarget *a, const PlanTarget *b) {
        size_t n_a, n_b, m_a, m_b;
        const char *region_a = region_of(a, &n_a), *region_b = region_of(b, &n_b);
        const char *account_a = plan_target_account(a, &m_a), *account_b = plan_target_account(b, &m_b);

        return n_a == n_b && m_a == m_b && memcmp(region_a, region_b, n_a) == 0 &&
                        memcmp(account_a, account_b, m_a) == 0 && streq(name_of(a), name_of(b));
}

static size_t list_functions(const Plan *plan, const char *principal, Function functions[PLAN_TARGETS_MAX]) {
        size_t n = 0;

        for (uint32_t i = 0; i < plan->n_targets; i++) {
                const PlanTarget *t = &plan->targets[i];
                size_t k = 0;

                if (!same_text(t->role_arn, principal))
                        continue;
                while (k < n && !same_function(functions[k].target, t))
                        k++;
                if (k == n)
                        functions[n++] = (Function){ .target = t };
                functions[k].may |= may_of(plan, t);
        }
        return n;
}

static void open_statement(Writer *w, const char *name) {
        char sid[32];

        w->n_statements++;
        (void) snprintf(sid, sizeof(sid), "%s%u", name, w->n_statements);
        json_write_open(w->out, NULL, '{');
        json_write_text(w->out, "Sid", sid);
        json_write_text(w->out, "Effect", "Allow");
}

/* One statement for all functions with the same needs: policies have a limit of a few thousand bytes. */
static void put_functions(Writer *w, const Function *functions, size_t n, unsigned may) {
        open_statement(w, "Lambda");
        json_write_open(w->out, "Action", '[');
        for (size_t i = 0; i < ELEMENTSOF(lambda_actions); i++)
                if (may & lambda_actions[i].needs)
                        json_write_text(w->out, NULL, lambda_actions[i].action);
        json_write_close(w->out, ']');
        json_write_open(w->out, "Resource", '[');
        for (size_t i = 0; i < n; i++) {
                if (functions[i].may != may)
                        continue;
                put_function(w, functions[i].target, "");
                put_function(w, functions[i].target, ":*");
        }
        json_write_close(w->out, ']');
        json_write_close(w->out, '}');
}

static void put_all_functions(Writer *w, const Function *functions, size_t n) {
        for (size_t i = 0; i < n; i++) {
                size_t k = 0;

                while (functions[k].may != functions[i].may)
                        k++;
                if (k == i)
                        put_functions(w, functions, n, functions[i].may);
        }
}

/* Neither action knows resources; composite alarms are shown to those only who may see all. */
static void put_reading(Writer *w, const Plan *plan) {
        if (!plan_reads_metrics(plan) && !plan_reads_alarms(plan))
                return;
        open_statement(w, "CloudWatch");
        json_write_open(w->out, "Action", '[');
        if (plan_reads_metrics(plan))
                json_write_text(w->out, NULL, "cloudwatch:GetMetricData");
        if (plan_reads_alarms(plan))
                json_write_text(w->out, NULL, "cloudwatch:DescribeAlarms");
        json_write_close(w->out, ']');
        json_write_text(w->out, "Resource", "*");
        json_write_close(w->out, '}');
}

/* In a resource these have a meaning; "${*}" is the character itself. */
static void put_literal(Buf *arn, const char *s) {
        for (; *s; s++)
                if (*s == '*' || *s == '?' || *s == '$')
                        (void) buf_printf(arn, "${%c}", *s);
                else
                        (void) buf_putc(arn, *s);
}

/* "123456789012.dkr.ecr.eu-west-1.amazonaws.com/NAME:TAG", borrowed. */
typedef struct Repository {
        const char *account, *region, *name;
        size_t account_size, region_size, name_size;
} Repository;

static bool find_repository(const char *image, Repository *ret) {
        Repository r = { .account = image };
        const char *p;

        r.account_size = strspn(image, "0123456789");
        p = str_after(image + r.account_size, ".dkr.ecr.");
        if (!p || r.account_size == 0)
                return false;
        r.region = p;
        r.region_size = strcspn(p, "./");
        p = strchr(p, '/');
        if (!p)
                return false;
        r.name = p + 1;
        r.name_size = strcspn(r.name, ":@");
        *ret = r;
        return r.region_size > 0 && r.name_size > 0;
}

/* A repository of the function's own account lets Lambda pull, whoever it was that named the image. */
static bool is_foreign_image(const PlanTarget *t, Repository *ret) {
        size_t size;
        const char *account = plan_target_account(t, &size);

        return t->publish.kind == PUBLISH_IMAGE && find_repository(t->publish.image, ret) && size > 0 &&
                        (size != ret->account_size || memcmp(account, ret->account, size) != 0);
}

static bool needs_artifact(const PlanTarget *t) {
        Repository repository;

        return t->publish.kind == PUBLISH_S3 || is_foreign_image(t, &repository);
}

static void put_object(Writer *w, const PlanTarget *t, Buf *arn) {
        json_write_text(w->out, "Action",
                        t->publish.object_version ? "s3:GetObjectVersion" : "s3:GetObject");
        (void) buf_printf(arn, ":s3:::%s/", t->publish.bucket);
        put_literal(arn, t->publish.key);
}

static void put_repository(Writer *w, const Repository *r, Buf *arn) {
        json_write_open(w->out, "Action", '[');
        json_write_text(w->out, NULL, "ecr:BatchGetImage");
        json_write_text(w->out, NULL, "ecr:GetDownloadUrlForLayer");
        json_write_close(w->out, ']');
        (void) buf_printf(arn, ":ecr:%.*s:%.*s:repository/%.*s", (int) r->region_size, r->region,
                        (int) r->account_size, r->account, (int) r->name_size, r->name);
}

/* Lambda fetches it in the name of whoever calls it. */
static void put_artifact(Writer *w, const PlanTarget *t) {
        _cleanup_(buf_done) Buf arn = BUF_INIT(8192);
        Repository repository;

        open_statement(w, "Artifact");
        (void) buf_puts(&arn, "arn:");
        put_partition(w, &arn, t);
        if (is_foreign_image(t, &repository))
                put_repository(w, &repository, &arn);
        else
                put_object(w, t, &arn);
        if (arn.failed)
                w->out->failed = true;
        json_write_text(w->out, "Resource", buf_text(&arn));
        json_write_close(w->out, '}');
}

static bool same_artifact(const PlanTarget *a, const PlanTarget *b) {
        return same_text(a->role_arn, b->role_arn) && a->publish.kind == b->publish.kind &&
                        same_text(a->publish.bucket, b->publish.bucket) &&
                        same_text(a->publish.key, b->publish.key) &&
                        !a->publish.object_version == !b->publish.object_version &&
                        same_text(a->publish.image, b->publish.image);
}

static void put_artifacts(Writer *w, const Plan *plan, const char *principal) {
        for (uint32_t i = 0; i < plan->n_targets; i++) {
                const PlanTarget *t = &plan->targets[i];
                uint32_t k = 0;

                if (!same_text(t->role_arn, principal))
                        continue;
                *w->notes |= (t->publish.kind == PUBLISH_IMAGE ? IAM_NOTE_IMAGE : 0u) |
                                (t->publish.kind == PUBLISH_S3 ? IAM_NOTE_KEY : 0u);
                if (!needs_artifact(t))
                        continue;
                while (k < i && !(needs_artifact(&plan->targets[k]) && same_artifact(&plan->targets[k], t)))
                        k++;
                if (k == i)
                        put_artifact(w, t);
        }
}

static void put_roles(Writer *w, const Plan *plan) {
        const char *principals[IAM_PRINCIPALS_MAX];
        size_t n = iam_policy_principals(plan, principals);

        if (n == 1)
                return;
        open_statement(w, "Roles");
        json_write_text(w->out, "Action", "sts:AssumeRole");
        json_write_open(w->out, "Resource", '[');
        for (size_t i = 0; i + 1 < n; i++)
                json_write_text(w->out, NULL, principals[i]);
        json_write_close(w->out, ']');
        json_write_close(w->out, '}');
}

void iam_policy_write(Buf *out, const char *key, const Plan *plan, const char *principal, unsigned *notes) {
        Function functions[PLAN_TARGETS_MAX];
        Writer w = { .out = out, .notes = notes };
        size_t n = list_functions(plan, principal, functions);

        json_write_open(out, key, '{');
        json_write_text(out, "Version", "2012-10-17");
        json_write_open(out, "Statement", '[');
        put_all_functions(&w, functions, n);
        if (n > 0)
                put_reading(&w, plan);
        put_artifacts(&w, plan, principal);
        if (!principal)
                put_roles(&w, plan);
        json_write_close(out, ']');
        json_write_close(out, '}');
}

const char *iam_note_text(IamNote note) {
        switch (note) {
        case IAM_NOTE_ACCOUNT:
                return "the plan names no account for a function (neither by an ARN nor by a role), so \"*\" stands "
                       "there; put the account's number in its place";
        case IAM_NOTE_REGION:
                return "neither the plan nor the configuration names a region, so \"*\" stands there; name one with "
                       "region:";
        case IAM_NOTE_PARTITION:
                return "nothing tells the partition, so \"aws\" stands there";
        case IAM_NOTE_IMAGE:
                return "an image's repository must let lambda.amazonaws.com pull (ecr:BatchGetImage and "
                       "ecr:GetDownloadUrlForLayer), which is said in the repository's policy, not here; that of "
                       "another account must also let this principal pull";
        case IAM_NOTE_KEY:
                return "an object that is encrypted with a KMS key also needs kms:Decrypt on that key, which the plan "
                       "does not name";
        }
        return "";
}
