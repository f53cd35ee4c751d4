#include "awssim/control.h"

#include "awssim/alarm.h"
#include "awssim/json-body.h"
#include "awssim/json-text.h"
#include "awssim/limit.h"
#include "base/str.h"
#include "base/usec.h"

static void render_alias(const Alias *a, Buf *out) {
        const Routing *routing = alias_routing(a);
        char version[VERSION_TEXT_MAX];

        version_format(routing->version, version);
        json_text_open(out, NULL, '{');
        json_text_string(out, "name", a->name);
        json_text_string(out, "version", version);
        json_text_open(out, "weights", '{');
        if (routing->extra_version != 0) {
                version_format(routing->extra_version, version);
                json_text_double(out, version, routing->extra_weight);
        }
        json_text_close(out, '}');
        json_text_string(out, "revision", a->revision);
        json_text_close(out, '}');
}

static void render_alarm(const AlarmView *view, Buf *out) {
        const AlarmSpec *spec = view->alarm->spec;

        json_text_open(out, NULL, '{');
        json_text_string(out, "name", spec->name);
        json_text_string(out, "account", spec->account);
        json_text_string(out, "region", spec->region);
        json_text_string(out, "state", alarm_state_to_string(view->state));
        json_text_double(out, "since", (double) view->since / (double) USEC_PER_SEC);
        json_text_close(out, '}');
}

static void render_alarms(const World *w, usec_t now, Buf *out) {
        json_text_open(out, "alarms", '[');
        for (size_t i = 0; i < w->n_alarms; i++) {
                AlarmView view;

                alarm_look(w, w->alarms + i, now, &view);
                render_alarm(&view, out);
        }
        json_text_close(out, ']');
}

static int control_state(const World *w, usec_t now, Reply *reply) {
        Buf *out = &reply->body;

        json_text_open(out, NULL, '{');
        json_text_double(out, "start", (double) w->start / (double) USEC_PER_SEC);
        json_text_unsigned(out, "t_ms", usec_sub(now, w->start) / USEC_PER_MSEC);
        json_text_open(out, "functions", '[');
        for (size_t i = 0; i < w->n_functions; i++) {
                const Function *f = w->functions + i;

                json_text_open(out, NULL, '{');
                json_text_string(out, "name", f->spec->name);
                json_text_string(out, "account", f->spec->account);
                json_text_string(out, "region", f->spec->region);
                json_text_open(out, "aliases", '[');
                for (size_t k = 0; k < f->n_aliases; k++)
                        if (alias_routing(f->aliases[k])->exists)
                                render_alias(f->aliases[k], out);
                json_text_close(out, ']');
                json_text_close(out, '}');
        }
        json_text_close(out, ']');
        render_alarms(w, now, out);
        limits_render(w, out);
        json_text_open(out, "connections", '{');
        json_text_unsigned(out, "opened", w->n_connections);
        json_text_unsigned(out, "open", w->n_connections_open);
        json_text_close(out, '}');
        json_text_close(out, '}');
        return 0;
}

static const char *member_text(json_object *root, const char *key) {
        json_object *value;

        if (!json_object_object_get_ex(root, key, &value) || !json_object_is_type(value, json_type_string))
                return NULL;
        return json_object_get_string(value);
}

static Place member_place(const World *w, json_object *root) {
        const char *account = member_text(root, "account"), *region = member_text(root, "region");

        return (Place){ .account = account ? account : w->scenario->account,
                .region = region ? region : w->scenario->region };
}

static int read_weights(json_object *root, Routing *routing, Reply *reply) {
        json_object *weights;

        if (!json_object_object_get_ex(root, "weights", &weights) || !weights)
                return 0;
        if (!json_object_is_type(weights, json_type_object) || json_object_object_length(weights) > 1)
                return reply_refuse(reply, 400, "BadRequest", "weights must be {\"VERSION\": WEIGHT} or {}");
        json_object_object_foreach(weights, key, value) {
                routing->extra_weight = json_object_get_double(value);
                if (version_parse(key, &routing->extra_version) < 0 || !(routing->extra_weight >= 0) ||
                                !(routing->extra_weight <= 1))
                        return reply_refuse(reply, 400, "BadRequest",
                                        "\"%s\" is not a version with a weight", key);
        }
        return 0;
}

static int set_alias(World *w, json_object *root, Request *request, usec_t now, Reply *reply) {
        const char *name = member_text(root, "function"), *alias = member_text(root, "alias");
        const char *version = member_text(root, "version");
        Function *f = name ? world_find_function(w, member_place(w, root), name) : NULL;
        Routing routing = { .exists = true };
        const Alias *a;
        int r;

        if (!f || !alias || !version || version_parse(version, &routing.version) < 0)
                return reply_refuse(reply, 400, "BadRequest",
                                "expected {\"function\", \"alias\", \"version\", \"weights\"} of a known function");
        r = read_weights(root, &routing, reply);
        if (r < 0)
                return r;
        if (!function_find_version(f, routing.version) || !function_find_version(f, routing.extra_version))
                return reply_refuse(reply, 400, "BadRequest", "no such version");
        r = world_set_alias(w, f, alias, &routing, NULL, now);
        if (r < 0)
                return r;
        (void) str_copy(request->function.name, sizeof(request->function.name), name);
        a = function_find_alias(f, alias);
        if (!a)
                return -ENOENT;
        (void) str_copy(request->revision_new, sizeof(request->revision_new), a->revision);
        render_alias(a, &reply->body);
        return 0;
}

static int set_alarm(const World *w, json_object *root, usec_t now, Reply *reply) {
        const char *name = member_text(root, "name"), *state = member_text(root, "state");
        Alarm *alarm = name ? alarm_find(w, member_place(w, root), name) : NULL;
        AlarmState value;
        AlarmView view;
        int r;

        if (!alarm || !state || alarm_state_from_string(state, &value) < 0)
                return reply_refuse(reply, 400, "BadRequest",
                                "expected {\"name\", \"state\", \"reason\"} of a known alarm");
        r = alarm_set(alarm, value, member_text(root, "reason"), now);
        if (r < 0)
                return r;
        alarm_look(w, alarm, now, &view);
        render_alarm(&view, &reply->body);
        return 0;
}

int control_handle(World *w, Request *request, usec_t now, Reply *reply) {
        bool is_alias = streq(request->operation, "_sim/alias");
        json_object *root = NULL;
        int r;

        if (streq(request->operation, "_sim/state") && streq(request->method, "GET"))
                return control_state(w, now, reply);
        if ((!is_alias && !streq(request->operation, "_sim/alarm")) || !streq(request->method, "POST"))
                return reply_refuse(reply, 404, "NotFound",
                                "there is GET /_sim/state, POST /_sim/alias and POST /_sim/alarm");
        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = is_alias ? set_alias(w, root, request, now, reply) : set_alarm(w, root, now, reply);
        (void) json_object_put(root);
        return r;
}
