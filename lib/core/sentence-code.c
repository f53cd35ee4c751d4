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

static void put_not_restored(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old;

        if (r->found_version != 0)
                line_put(l, ": $LATEST has the code of version %llu again, but it is NOT published: ", old);
        else
                line_put(l, ": $LATEST does NOT have the code of version %llu again (the alias is back): ",
                                old);
        line_put_code_reason(l, r, plan);
        line_put(l, r->found_version != 0 ? "; publish $LATEST yourself" : "; publish that code yourself");
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
                line_put(l, " waits for Lambda, which itself moves the traffic as it provisions concurrency; now: ");
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
                put_not_restored(l, r, plan);
        }
}

/* What AWS said follows. */
static const char *const plain_reasons[REASON_COUNT] = {
        [REASON_CODE_REFUSED] = "the code is refused",
        [REASON_UPDATE_FAILED] = "Lambda could not take the code over into $LATEST",
        [REASON_CODE_STUCK] = "Lambda has not come to an end with the code; look at the function's state",
        [REASON_CANNOT_DEPLOY] = "the calls to Lambda failed for too long",
        [REASON_ALIAS_REFUSED] = "AWS refuses to create the alias",
        [REASON_CODE_FOREIGN] = "somebody else deploys to the function; CloudTrail says who it was",
};

static void put_difference(Line *l, const Report *r, const Plan *plan) {
        const PlanPublish *publish = publish_of(r, plan);

        if (r->kind == REPORT_RESTORE_FAILED)
                line_put(l, "Lambda has other code by now than what it was sent");
        else if (publish->has_sha256)
                line_put(l, "the code that Lambda has is not what sha256: says; correct publish: or sha256:");
        else if (r->kind == REPORT_REJECTED)
                line_put(l, "%s is not what it was when preflight first read it; submit the plan again",
                                publish->kind == PUBLISH_ZIP ? publish->path : "the code");
        else
                line_put(l, "Lambda has other code than what it was sent");
}

void line_put_code_reason(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        if (r->reason == REASON_NOTHING_NEW) {
                line_put(l, "nothing changed: $LATEST is version %llu already; correct publish:, or leave it",
                                old);
        } else if (r->reason == REASON_VERSION_FAILED) {
                line_put(l, "the State of version %llu is Failed",
                                (unsigned long long) (r->found_version != 0 ? r->found_version : new));
                put_words(l, r);
                line_put(l, ", so it will never be Active; mend what Lambda names, and publish another version");
        } else if (r->reason == REASON_PACKAGE_DIFFERS) {
                line_put(l,
                                publish_of(r, plan)->kind == PUBLISH_IMAGE
                                                ? "the function is made of zips, the plan says publish: image:"
                                                : "the function is made of images, the plan says publish: zip: or s3:");
        } else if (r->reason == REASON_PROVISIONING) {
                line_put(l, "Lambda has not moved the traffic to version %llu; ", new);
                line_put(l, "look at the provisioned concurrency of the alias");
        } else if (r->reason == REASON_DENIED) {
                line_put(l, "AWS denies it");
                put_words(l, r);
                line_put(l, "; allow lambda:UpdateFunctionCode, lambda:PublishVersion and lambda:GetFunction");
        } else if (r->reason == REASON_CODE_DIFFERS) {
                put_difference(l, r, plan);
        } else if (r->reason < REASON_COUNT && plain_reasons[r->reason]) {
                line_put(l, "%s", plain_reasons[r->reason]);
                put_words(l, r);
        }
}

void line_put_code_wait(Line *l, const RolloutView *v, const RolloutState *st) {
        if (v->wait == WAIT_UPDATE)
                line_put(l, "waits for Lambda to take the code over into $LATEST");
        else if (v->wait == WAIT_ACTIVE)
                line_put(l, "waits for version %llu to be Active (SnapStart takes minutes)",
                                (unsigned long long) st->targets[v->target].version_new);
        else
                line_put(l, "waits for Lambda to move the traffic (provisioned concurrency takes minutes)");
}
