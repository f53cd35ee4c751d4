#include "unit/daemon/fake-store.h"

#include "lib/test.h"
#include "unit/daemon/trail.h"

#define WAITING_MAX 64

static struct {
        StoreDone done;
        void *userdata;
} waiting[WAITING_MAX];
static size_t n_waiting;
static int refuse_with;

void fake_store_reset(void) {
        n_waiting = 0;
        refuse_with = 0;
}

void fake_store_refuse(int error) {
        refuse_with = error;
}

bool fake_store_is_waiting(void) {
        return n_waiting > 0;
}

void fake_store_answer(int error) {
        StoreDone done;
        void *userdata;

        EXPECT(n_waiting > 0);
        done = waiting[0].done;
        userdata = waiting[0].userdata;
        n_waiting--;
        memmove(&waiting[0], &waiting[1], n_waiting * sizeof(waiting[0]));
        trail_add("answer(%d)", error);
        if (done)
                done(error, userdata);
}

int store_commit(Store *s, const StoreChange *change, StoreDone done, void *userdata) {
        char seqs[128] = "";

        if (refuse_with < 0)
                return refuse_with;
        EXPECT(n_waiting < WAITING_MAX);
        EXPECT(strncmp(change->record, "canaryd-record ", 15) == 0);
        for (size_t i = 0; i < change->n_events; i++) {
                size_t used = strlen(seqs);

                if (used > 100)
                        break;
                EXPECT(change->events[i].json[0] == '{');
                (void) snprintf(seqs + used, sizeof(seqs) - used, ",%ju", (uintmax_t) change->events[i].seq);
        }
        trail_add("commit(%s%s%s)", change->phase, change->is_terminal ? "!" : "", seqs);
        waiting[n_waiting].done = done;
        waiting[n_waiting++].userdata = userdata;
        return 0;
}

void store_forget(Store *s, const void *userdata) {
        for (size_t i = 0; i < n_waiting; i++)
                if (waiting[i].userdata == userdata)
                        waiting[i].done = NULL;
}
