#include "core/sentence-internal.h"

/* What becomes $LATEST, by its name in the plan. */
static void put_artifact(Line *l, const PlanPublish *p) {
        switch (p->kind) {
        case PUBLISH_NOTHING:
        case PUBLISH_LATEST:
                line_put(l, "$LATEST as it is");
                return;
        case PUBLISH_ZIP:
                line_put(l, "%.255s", p->path);
                return;
        case PUBLISH_S3:
                line_put(l, "s3://%.63s/%.255s", p->bucket, p->key);
                if (p->object_version)
                        line_put(l, " (version %.63s)", p->object_version);
                return;
        case PUBLISH_IMAGE:
                line_put(l, "%.255s", p->image);
                return;
        }
}

static void put_words(Line *l, const Report *r) {
        if (r->error[0] != '\0')
                line_put(l, " (%s)", r->error);
}

static const PlanPublish *publish_of(const Report *r, const Plan *plan) {
        return &plan->targets[r->target < plan->n_targets ? r->target : 0].publish;
}

void line_put_code(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        if (r->kind == REPORT_PUBLISHING) {
                line_put(l, " about to publish ");
                put_artifact(l, publish_of(r, plan));
        } else if (r->kind == REPORT_PUBLISHED) {
                line_put(l, " has version %llu published; waiting for it to be Active", new);
        } else if (r->kind == REPORT_ALIAS_CREATED) {
                line_put(l, " created, all traffic on version %llu", old);
        } else if (r->kind == REPORT_CONCURRENCY) {
                line_put(l, " has provisioned concurrency (%u): at 100 %% Lambda moves the traffic itself, ",
                                r->concurrency);
                line_put(l, "which takes minutes");
        } else if (r->kind == REPORT_PROVISIONING) {
                line_put(l, ": Lambda itself moves the traffic, as it provisions concurrency: ");
                line_put_route(l, &r->found);
        } else if (r->kind == REPORT_RESTORING) {
                line_put(l, " about to put the code of version %llu back into $LATEST", old);
        } else if (r->kind == REPORT_RESTORED) {
                line_put(l, ": the code of version %llu is in $LATEST again, and published as version %llu",
                                old, (unsigned long long) r->version_made);
        } else if (r->kind == REPORT_RESTORE_SKIPPED) {
                line_put(l,
                                r->reason == REASON_NOTHING_NEW
                                                ? ": nothing to restore, $LATEST does not have the new code"
                                                : ": $LATEST has somebody else's code by now and stays as it is");
        } else if (r->kind == REPORT_RESTORE_FAILED) {
                line_put(l, ": $LATEST does NOT have the code of version %llu again (the alias is back): ",
                                old);
                line_put_code_reason(l, r, plan);
                line_put(l, "; publish that code yourself");
        }
}

void line_put_code_reason(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        switch ((Reason) r->reason) {
        case REASON_NOTHING_NEW:
                line_put(l, "nothing changed: $LATEST is version %llu already; correct publish:, or leave it",
                                old);
                return;
        case REASON_CODE_FOREIGN:
                line_put(l, "somebody else deploys to the function; CloudTrail says who it was");
                return;
        case REASON_CODE_DIFFERS:
                line_put(l, "the code that Lambda has is not what sha256: says; correct publish: or sha256:");
                return;
        case REASON_CODE_REFUSED:
                line_put(l, "the code is refused");
                break;
        case REASON_UPDATE_FAILED:
                line_put(l, "Lambda could not take the code over into $LATEST");
                break;
        case REASON_VERSION_FAILED:
                line_put(l, "version %llu will never be Active", new);
                break;
        case REASON_CODE_STUCK:
                line_put(l, "Lambda has not come to an end with the code; look at the function's state");
                break;
        case REASON_CANNOT_DEPLOY:
                line_put(l, "the calls to Lambda failed for too long");
                break;
        case REASON_PACKAGE_DIFFERS:
                line_put(l,
                                publish_of(r, plan)->kind == PUBLISH_IMAGE
                                                ? "the function is made of zips, the plan says publish: image:"
                                                : "the function is made of images, the plan says publish: zip: or s3:");
                return;
        case REASON_PROVISIONING:
                line_put(l, "Lambda has not moved the traffic to version %llu; ", new);
                line_put(l, "look at the provisioned concurrency of the alias");
                return;
        case REASON_DENIED:
                line_put(l, "AWS denies it");
                put_words(l, r);
                line_put(l, "; allow lambda:UpdateFunctionCode, lambda:PublishVersion and lambda:GetFunction");
                return;
        case REASON_NONE:
        case REASON_BREACH:
        case REASON_BLIND:
        case REASON_DEADLINE:
        case REASON_FOREIGN:
        case REASON_REFUSED:
        case REASON_CANNOT_WRITE:
        case REASON_ALIAS_MISSING:
        case REASON_VERSION_MISSING:
        case REASON_VERSION_STATE:
        case REASON_ALIAS_ELSEWHERE:
        case REASON_ALIAS_SPLIT:
        case REASON_ALREADY_THERE:
        case REASON_ROLE_DIFFERS:
        case REASON_DEAD_LETTER_DIFFERS:
        case REASON_INVALID:
        case REASON_ALARM_MISSING:
        case REASON_ALARM_RINGING:
        case REASON_WINDOW:
        case REASON_SUPERSEDED:
                line_put(l, "%s", reason_to_string((Reason) r->reason));
                return;
        }
        put_words(l, r);
}
