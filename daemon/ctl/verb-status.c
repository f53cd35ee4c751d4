#include "codec/info-json.h"
#include "codec/json-write.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/verb.h"
#include "daemon/ctl/view-status.h"

int verb_status(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(rollout_list_done) RolloutList rollouts = { 0 };
        _cleanup_(client_closep) Client *client = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        char error[CLIENT_ERROR_MAX];
        int r;

        if ((r = client_open(&(ClientSpec){ .run = ctl->run, .err = ctl->err }, &client, error)) != 0 ||
                        (r = client_get(client, args[0], &rollouts, error)) != 0)
                return verb_fail(ctl, r, error);
        if (ctl->json) {
                json_write_open(&out, NULL, '{');
                json_write_u64(&out, "schema", INFO_SCHEMA);
                info_write_rollout(&out, "rollout", &rollouts.items[0]);
                json_write_close(&out, '}');
                (void) buf_putc(&out, '\n');
        } else if (view_status(&rollouts.items[0], &ctl->style, &out) < 0)
                return verb_fail(ctl, EXIT_BAD, "out of memory");
        return verb_finish(ctl, &out, 0);
}
