#include "model/model.h"

#include <string.h>

uint32_t model_function_of(const Model *m, uint32_t target) {
        uint32_t i = 0;

        while (strcmp(m->plan->targets[i].function, m->plan->targets[target].function) != 0)
                i++;
        return i;
}

FakeFunction *model_function(const Model *m, ModelNode *n, uint32_t target) {
        return &n->world.function[model_function_of(m, target)];
}

void model_write_late(ModelNode *n, uint32_t i, const Action *a) {
        LateWrite *late = &n->world.late[i];

        *late = (LateWrite){ .is_pending = 1, .kind = a->kind };
        if (a->kind == ACTION_WRITE_ALIAS) {
                late->route = a->write.route;
                memcpy(late->revision, a->write.revision, REVISION_SIZE);
        } else if (a->kind == ACTION_UPDATE_CODE) {
                late->version = a->update.version;
                memcpy(late->revision, a->update.revision, REVISION_SIZE);
        } else if (a->kind == ACTION_PUBLISH_VERSION) {
                memcpy(late->revision, a->publish.revision, REVISION_SIZE);
                memcpy(late->code_sha, a->publish.code_sha, CODE_SHA_SIZE);
        } else {
                late->version = a->version;
        }
}

Action model_late_action(const LateWrite *late) {
        Action a = { .kind = (ActionKind) late->kind };

        if (a.kind == ACTION_WRITE_ALIAS) {
                a.write.route = late->route;
                memcpy(a.write.revision, late->revision, REVISION_SIZE);
        } else if (a.kind == ACTION_UPDATE_CODE) {
                a.update.version = late->version;
                memcpy(a.update.revision, late->revision, REVISION_SIZE);
        } else if (a.kind == ACTION_PUBLISH_VERSION) {
                memcpy(a.publish.revision, late->revision, REVISION_SIZE);
                memcpy(a.publish.code_sha, late->code_sha, CODE_SHA_SIZE);
        } else {
                a.version = late->version;
        }
        return a;
}

void model_land(const Model *m, ModelNode *n, uint32_t i, const Action *a) {
        if (a->kind == ACTION_WRITE_ALIAS)
                (void) fake_alias_write(&n->world.alias[i], &a->write.route, a->write.revision);
        else if (a->kind == ACTION_CREATE_ALIAS)
                (void) fake_alias_create(&n->world.alias[i], a->version);
        else
                fake_function_apply(model_function(m, n, i), a);
}
