#include "codec/aws-name.h"

#include <string.h>

#include "base/str.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define LAMBDA_NAME LOWER UPPER DIGITS "-_"
#define LAMBDA_NAME_MAX 64
#define ARN_FIELDS 7  /* arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME */
#define ROLE_FIELDS 6 /* arn:PARTITION:iam::ACCOUNT:role/PATH/NAME */
#define ACCOUNT_DIGITS 12
#define EXTERNAL_ID_MIN 2
#define BUCKET_MIN 3
#define IMAGE_TAG_MAX 128
#define IMAGE_DIGEST_DIGITS 64

static bool consists_of(const char *s, size_t n, const char *characters) {
        return n > 0 && strspn(s, characters) >= n;
}

/* Splits at the colons, nothing copied; fields beyond "max" are counted, too. */
static size_t split_colons(const char *s, const char **fields, size_t *lengths, size_t max) {
        size_t n = 0;

        for (;; n++) {
                size_t length = strcspn(s, ":");

                if (n < max) {
                        fields[n] = s;
                        lengths[n] = length;
                }
                if (s[length] == '\0')
                        return n + 1;
                s += length + 1;
        }
}

static bool field_is(const char *field, size_t length, const char *word) {
        return length == strlen(word) && strncmp(field, word, length) == 0;
}

static const char *arn_fault(const char *s, const char **ret_region, size_t *ret_length) {
        const char *f[ARN_FIELDS] = { 0 };
        size_t length[ARN_FIELDS] = { 0 }, n = split_colons(s, f, length, ARN_FIELDS);

        if (n == ARN_FIELDS + 1)
                return "the ARN must not end in a version or alias: put the alias under \"alias\"";
        if (n != ARN_FIELDS || !field_is(f[2], length[2], "lambda") ||
                        !field_is(f[5], length[5], "function"))
                return "a function's ARN reads arn:aws:lambda:REGION:ACCOUNT:function:NAME";
        if (!consists_of(f[3], length[3], LOWER DIGITS "-") || length[3] > AWS_REGION_MAX)
                return "the ARN's fourth part is no region";
        if (length[4] != ACCOUNT_DIGITS || !consists_of(f[4], length[4], DIGITS))
                return "the ARN's fifth part is no account number of 12 digits";
        if (!consists_of(f[1], length[1], LOWER "-") || !consists_of(f[6], length[6], LAMBDA_NAME) ||
                        length[6] > LAMBDA_NAME_MAX)
                return "a function's ARN reads arn:aws:lambda:REGION:ACCOUNT:function:NAME";
        *ret_region = f[3];
        *ret_length = length[3];
        return NULL;
}

const char *aws_function_fault(const char *s, const char **ret_region, size_t *ret_length) {
        if (str_after(s, "arn:"))
                return strlen(s) > AWS_FUNCTION_MAX ? "an ARN has at most 140 characters"
                                                    : arn_fault(s, ret_region, ret_length);
        if (strstr(s, ":function:"))
                return "a partial ARN is not understood: write the name alone or the whole ARN";
        if (strchr(s, ':'))
                return "write the name alone and put what is behind the \":\" under \"alias\"";
        if (!consists_of(s, strlen(s), LAMBDA_NAME))
                return "names have letters, digits, \"-\" and \"_\" only";
        if (strlen(s) > LAMBDA_NAME_MAX)
                return "names have at most 64 characters";
        return NULL;
}

const char *aws_alias_fault(const char *s) {
        if (s[0] == '$')
                return "$LATEST is no alias: only an alias can split traffic";
        if (!consists_of(s, strlen(s), LAMBDA_NAME))
                return "aliases have letters, digits, \"-\" and \"_\" only";
        if (strlen(s) > AWS_ALIAS_MAX)
                return "aliases have at most 128 characters";
        if (consists_of(s, strlen(s), DIGITS))
                return "a number is a version, an alias has a letter in it";
        return NULL;
}

const char *aws_region_fault(const char *s) {
        size_t n = strlen(s);

        if (!consists_of(s, n, LOWER DIGITS "-") || !strchr(LOWER, s[0]) || s[n - 1] == '-')
                return "regions have small letters, digits and \"-\" only";
        if (n > AWS_REGION_MAX)
                return "no region has such a long name";
        if (!strchr(s, '-'))
                return "regions read like eu-west-1, us-east-1 or ap-southeast-2";
        if (n > 2 && strchr(LOWER, s[n - 1]) && strchr(DIGITS, s[n - 2]))
                return "that is an availability zone: leave out the letter at the end";
        return NULL;
}

static bool is_visible_ascii(const char *s) {
        while (*s > ' ' && *s < 0x7f)
                s++;
        return *s == '\0';
}

const char *aws_role_fault(const char *s) {
        const char *f[ROLE_FIELDS] = { 0 };
        size_t length[ROLE_FIELDS] = { 0 }, n = split_colons(s, f, length, ROLE_FIELDS);

        if (strlen(s) > AWS_ROLE_MAX)
                return "an ARN has at most 2048 characters";
        if (!field_is(f[0], length[0], "arn") || n != ROLE_FIELDS)
                return "write the whole ARN";
        if (field_is(f[2], length[2], "sts"))
                return "that is a session of a role; write the ARN of the role itself";
        if (!field_is(f[2], length[2], "iam") || length[3] != 0 || !str_after(f[5], "role/"))
                return "that is no role";
        if (length[4] != ACCOUNT_DIGITS || !consists_of(f[4], length[4], DIGITS))
                return "the ARN's fifth part is no account number of 12 digits";
        if (!consists_of(f[1], length[1], LOWER "-") || !is_visible_ascii(f[5]) ||
                        length[5] == strlen("role/") || f[5][length[5] - 1] == '/')
                return "a role's ARN reads arn:aws:iam::ACCOUNT:role/NAME";
        return NULL;
}

const char *aws_external_id_fault(const char *s) {
        size_t n = strlen(s);

        if (n < EXTERNAL_ID_MIN || n > AWS_EXTERNAL_ID_MAX)
                return "it has 2 to 1224 characters";
        if (!consists_of(s, n, LOWER UPPER DIGITS "_+=,.@:/-"))
                return "it has letters, digits and _+=,.@:/- only";
        return NULL;
}

const char *aws_bucket_fault(const char *s) {
        size_t n = strlen(s);

        if (str_after(s, "s3:") || str_after(s, "arn:"))
                return "write the bucket's name alone, and what is in it under \"key\"";
        if (n < BUCKET_MIN || n > AWS_BUCKET_MAX)
                return "buckets have names of 3 to 63 characters";
        if (!consists_of(s, n, LOWER UPPER DIGITS ".-_") || s[n - 1] == '.')
                return "buckets have letters, digits, \".\", \"-\" and \"_\" in their names only";
        return NULL;
}

const char *aws_object_key_fault(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > AWS_OBJECT_KEY_MAX)
                return "it has 1 to 1024 characters";
        if (str_after(s, "s3:"))
                return "write what is behind the bucket's name, and that one under \"bucket\"";
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < ' ' || s[i] == 0x7f)
                        return "it has no control characters";
        return NULL;
}

/* Behind the name of the repository: ":TAG" or "@sha256:DIGEST". */
static bool image_end_is_valid(const char *s) {
        const char *digest = str_after(s, "@sha256:");
        size_t n;

        if (digest)
                return strlen(digest) == IMAGE_DIGEST_DIGITS &&
                                consists_of(digest, IMAGE_DIGEST_DIGITS, DIGITS "abcdef");
        n = strlen(s);
        return s[0] == ':' && n - 1 <= IMAGE_TAG_MAX && consists_of(s + 1, n - 1, LAMBDA_NAME ".");
}

const char *aws_image_fault(const char *s) {
        const char *path = strchr(s, '/');
        size_t host = path ? (size_t) (path - s) : 0, name;

        if (strstr(s, "://"))
                return "leave out what ends in \"://\"";
        if (!path || host < ACCOUNT_DIGITS + 1 || strspn(s, DIGITS) != ACCOUNT_DIGITS ||
                        !consists_of(s, host, LOWER DIGITS ".-") ||
                        !str_after(s + ACCOUNT_DIGITS, ".dkr.ecr"))
                return "Lambda takes images of Amazon ECR only: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG";
        if (strlen(s) > AWS_IMAGE_MAX)
                return "no image has such a long name";
        name = strspn(path + 1, LOWER DIGITS "._-/");
        if (name == 0 || (path[name + 1] != '\0' && !strchr(":@", path[name + 1])))
                return "repositories have small letters, digits and \"._-/\" in their names only";
        if (path[name + 1] == '\0')
                return "say which one: write \":TAG\" or \"@sha256:DIGEST\" behind the name";
        if (image_end_is_valid(path + 1 + name))
                return NULL;
        return path[name + 1] == '@' ? "digests read @sha256: and 64 digits from 0 to f"
                                     : "tags have at most 128 letters, digits, \"-\", \"_\" and \".\"";
}
