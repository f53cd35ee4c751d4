#include "codec/info-json.h"
#include "codec/json-write.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/verb.h"
#include "daemon/ctl/view-list.h"

static void put_json(Buf *out, const RolloutList *rollouts, const RefusalList *refusals) {
        json_write_open(out, NULL, '{');
        json_write_u64(out, "schema", INFO_SCHEMA);
        json_write_open(out, "rollouts", '[');
        for (size_t i = 0; i < rollouts->n; i++)
                info_write_rollout(out, NULL, &rollouts->items[i]);
        json_write_close(out, ']');
        json_write_open(out, "refused", '[');
        for (size_t i = 0; i < refusals->n; i++) {
                const RefusalInfo *refusal = &refusals->items[i];

                json_write_open(out, NULL, '{');
                json_write_text(out, "path", refusal->path);
                json_write_u64(out, "time_usec", refusal->time);
                json_write_text(out, "message", refusal->message);
                json_write_open(out, "findings", '[');
                for (size_t k = 0; k < refusal->n_findings; k++) {
                        const FindingInfo *f = &refusal->findings[k];

                        info_write_finding(out, f->level, f->line, f->column, f->message);
                }
                json_write_close(out, ']');
                json_write_close(out, '}');
        }
        json_write_close(out, ']');
        json_write_close(out, '}');
        (void) buf_putc(out, '\n');
}

int verb_list(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(rollout_list_done) RolloutList rollouts = { 0 };
        _cleanup_(refusal_list_done) RefusalList refusals = { 0 };
        _cleanup_(client_closep) Client *client = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        char error[CLIENT_ERROR_MAX];
        int r;

        if ((r = client_open(&(ClientSpec){ .run = ctl->run, .err = ctl->err }, &client, error)) != 0 ||
                        (r = client_list(client, &rollouts, error)) != 0 ||
                        (r = client_refusals(client, &refusals, error)) != 0)
                return verb_fail(ctl, r, error);
        if (ctl->json)
                put_json(&out, &rollouts, &refusals);
        else if (view_list(rollouts.items, rollouts.n, refusals.items, refusals.n, &ctl->style, &out) < 0)
                return verb_fail(ctl, EXIT_BAD, "out of memory");
        return verb_finish(ctl, &out, 0);
}
