#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/info-json.h"
#include "codec/json-write.h"
#include "daemon/clock.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/daemon-conf.h"
#include "daemon/ctl/plan-file.h"
#include "daemon/ctl/verb.h"

/* The daemon looks 50 ms after it was told, and a commit takes a moment. */
#define ANSWER_WITHIN (5 * USEC_PER_SEC)
#define ASK_EVERY_MSEC 50

typedef enum Answer {
        ANSWER_NONE,     /* nobody there, or nothing said in time */
        ANSWER_ACCEPTED, /* a new rollout */
        ANSWER_REFUSED,
        ANSWER_KNOWN, /* this content has started a rollout before, and starts none again */
} Answer;

typedef struct Submit {
        const Ctl *ctl;
        const PlanFile *file;
        const char *directory, *name;
        char hex[DIGEST_HEX_MAX];
        usec_t begun; /* wall */
        Client *client;
        uint64_t known; /* number of the rollout that had this content before; 0: none */
        bool is_last;   /* and it is the last one of its name, so that nothing new will come */
        bool unchanged; /* the file was there already, byte by byte */
        bool is_silent; /* the daemon is there and does not answer any more */
        Answer answer;
        Buf id, words; /* of the answer */
} Submit;

static int fail(const Submit *s, int status, const char *format, ...) _printf_(3, 4);
static int fail(const Submit *s, int status, const char *format, ...) {
        char message[2 * PATH_MAX];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        return verb_fail(s->ctl, status, message);
}

static int fail_errno(const Submit *s, int error) {
        switch (error) {
        case ENOENT:
        case ENOTDIR:
                return fail(s, EXIT_BAD,
                                "%s: there is no such directory; name the one that canaryd watches with --directory "
                                "DIR or --config FILE",
                                s->directory);
        case EACCES:
        case EPERM:
                return fail(s, EXIT_DENIED, "%s: no permission to place plans there; its owner or root may",
                                s->directory);
        case EROFS:
                return fail(s, EXIT_DENIED, "%s: is on a read-only file system", s->directory);
        case ENAMETOOLONG:
                return fail(s, EXIT_BAD, "%s: is too long a name for a plan", s->name);
        default:
                return fail(s, EXIT_BAD, "%s/%s: cannot be placed: %s", s->directory, s->name,
                                strerror(error));
        }
}

static uint64_t number_of(const RolloutInfo *r) {
        const char *at = strrchr(r->id, '@');
        uint64_t number = 0;

        if (at)
                (void) str_parse_u64(at + 1, UINT64_MAX, &number);
        return number;
}

/* The newest rollout of the plan's name, of any content or of this one. */
static const RolloutInfo *find_rollout(const Submit *s, const RolloutList *rollouts, bool of_this_content) {
        const RolloutInfo *found = NULL;

        for (size_t i = 0; i < rollouts->n; i++) {
                const RolloutInfo *r = &rollouts->items[i];

                if (streq(r->name, s->file->doc->plan.name) &&
                                (!of_this_content || streq(r->plan_sha256, s->hex)) &&
                                (!found || number_of(r) > number_of(found)))
                        found = r;
        }
        return found;
}

static bool path_is_ours(const Submit *s, const char *path) {
        return streq(plan_file_base_name(path), s->name);
}

/* 0: asked. Without a daemon a plan may be placed all the same. */
static int look(Submit *s) {
        _cleanup_(rollout_list_done) RolloutList rollouts = { 0 };
        _cleanup_(refusal_list_done) RefusalList refusals = { 0 };
        const RolloutInfo *found;
        char error[CLIENT_ERROR_MAX];
        int r;

        if ((r = client_list(s->client, &rollouts, error)) != 0 ||
                        (r = client_refusals(s->client, &refusals, error)) != 0) {
                s->is_silent = r == EXIT_SILENT;
                return -EIO;
        }
        found = find_rollout(s, &rollouts, true);
        if (found && number_of(found) > s->known) {
                (void) buf_puts(&s->id, found->id);
                s->answer = ANSWER_ACCEPTED;
                return 0;
        }
        for (size_t i = 0; i < refusals.n; i++) {
                if (!path_is_ours(s, refusals.items[i].path) || refusals.items[i].time < s->begun)
                        continue;
                (void) buf_puts(&s->words, refusals.items[i].message);
                s->answer = ANSWER_REFUSED;
                return 0;
        }
        return 0;
}

static void wait_for_answer(Submit *s) {
        usec_t until = usec_add(clock_mono(), s->is_last ? 0 : ANSWER_WITHIN);

        while (s->client && look(s) >= 0 && s->answer == ANSWER_NONE && clock_mono() < until)
                (void) poll(NULL, 0, ASK_EVERY_MSEC);
        if (s->answer != ANSWER_NONE || s->known == 0)
                return;
        (void) buf_printf(&s->id, "%s@%ju", s->file->doc->plan.name, (uintmax_t) s->known);
        s->answer = ANSWER_KNOWN;
}

static bool same_directory(const char *a, const char *b) {
        struct stat x, y;

        return stat(a, &x) >= 0 && stat(b, &y) >= 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What the daemon says before anything is placed. 0, or an exit status. */
static int ask_before(Submit *s) {
        _cleanup_(rollout_list_done) RolloutList rollouts = { 0 };
        _cleanup_(freep) char *watched = NULL;
        const RolloutInfo *known;
        const ClientSpec spec = { .run = s->ctl->run, .err = s->ctl->err };
        char error[CLIENT_ERROR_MAX];
        int r;

        if ((r = client_open(&spec, &s->client, error)) != 0 ||
                        (r = client_plans(s->client, &watched, error)) != 0 ||
                        (r = client_list(s->client, &rollouts, error)) != 0) {
                s->client = client_close(s->client);
                return r == EXIT_SILENT ? fail(s, r, "%s; nothing was placed", error) : 0;
        }
        known = find_rollout(s, &rollouts, true);
        s->known = known ? number_of(known) : 0;
        s->is_last = known && known == find_rollout(s, &rollouts, false);
        if (watched && !same_directory(watched, s->directory))
                return fail(s, EXIT_BAD,
                                "the canaryd of %s does not watch %s but %s; name that with --directory",
                                s->ctl->run, s->directory, watched);
        return 0;
}

/* The daemon reads what root or the directory's owner wrote, and nothing where anybody may write. */
static int check_directory(const Submit *s, int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return fail_errno(s, errno);
        if (st.st_mode & S_IWOTH)
                return fail(s, EXIT_BAD,
                                "%s: anybody may write there, so canaryd reads no plan from it; chmod o-w it",
                                s->directory);
        if (geteuid() != 0 && geteuid() != st.st_uid)
                return fail(s, EXIT_DENIED,
                                "%s: canaryd reads plans of root and of the directory's owner (uid %ju) only; submit it "
                                "as one of them, with sudo for example",
                                s->directory, (uintmax_t) st.st_uid);
        return 0;
}

/* What is there by that name already. 0, or an exit status. */
static int check_present(Submit *s, int fd) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = fs_read(fd, s->name, false, PLAN_BYTES_MAX, &text, &size, NULL);

        if (r == -ENOENT)
                return 0;
        s->unchanged = r >= 0 && size == s->file->size && memcmp(text, s->file->text, size) == 0;
        if (s->unchanged || s->ctl->replace)
                return 0;
        return fail(s, EXIT_BAD,
                        "%s/%s: another plan of this name is there; rename yours, or replace that one with --replace",
                        s->directory, s->name);
}

/* 0, or an exit status. The same content is placed anew: canaryd answers each time. */
static int place(Submit *s) {
        _cleanup_(fd_closep) int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return fail_errno(s, errno);
        if ((r = check_directory(s, fd)) != 0 || (r = check_present(s, fd)) != 0)
                return r;
        r = fs_place(fd, s->name, s->file->text, s->file->size, 0644, s->ctl->replace || s->unchanged);
        if (r == -EEXIST)
                return fail(s, EXIT_BAD, "%s/%s: somebody else has just placed another plan of this name",
                                s->directory, s->name);
        return r < 0 ? fail_errno(s, -r) : 0;
}

static const char *answer_word(Answer answer) {
        switch (answer) {
        case ANSWER_NONE:
                return "none";
        case ANSWER_ACCEPTED:
                return "accepted";
        case ANSWER_REFUSED:
                return "refused";
        case ANSWER_KNOWN:
                return "known";
        }
        return "";
}

static void put_json(const Submit *s, Buf *out) {
        _cleanup_(buf_done) Buf path = BUF_INIT(RENDER_BYTES_MAX);

        (void) buf_printf(&path, "%s/%s", s->directory, s->name);
        render_inherit(out, &path);
        json_write_open(out, NULL, '{');
        json_write_u64(out, "schema", INFO_SCHEMA);
        json_write_text(out, "file", s->file->path);
        json_write_text(out, "placed", buf_text(&path));
        json_write_text(out, "plan_sha256", s->hex);
        json_write_text(out, "answer", answer_word(s->answer));
        json_write_text(out, "rollout", s->id.size > 0 ? buf_text(&s->id) : NULL);
        json_write_text(out, "reason", s->answer == ANSWER_REFUSED ? buf_text(&s->words) : NULL);
        plan_file_write_findings(out, s->file);
        json_write_close(out, '}');
        (void) buf_putc(out, '\n');
}

/* What is wrong with it is on stderr, and for programs here. */
static int refuse(const Ctl *ctl, const PlanFile *file) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        if (!ctl->json)
                return EXIT_BAD;
        json_write_open(&out, NULL, '{');
        json_write_u64(&out, "schema", INFO_SCHEMA);
        json_write_text(&out, "file", file->path);
        json_write_null(&out, "placed");
        json_write_text(&out, "answer", "invalid");
        plan_file_write_findings(&out, file);
        json_write_close(&out, '}');
        (void) buf_putc(&out, '\n');
        return verb_finish(ctl, &out, EXIT_BAD);
}

static void put_text(const Submit *s, Buf *out) {
        const Style *style = &s->ctl->style;

        switch (s->answer) {
        case ANSWER_ACCEPTED:
                render_text(out, style, buf_text(&s->id));
                (void) buf_putc(out, '\n');
                return;
        case ANSWER_KNOWN:
                render_text(out, style, buf_text(&s->id));
                (void) buf_puts(out,
                                " was started with this very content already; any change, a comment will do, "
                                "makes it a new rollout\n");
                return;
        case ANSWER_NONE:
                (void) buf_puts(out, "placed in ");
                render_text(out, style, s->directory);
                (void) buf_puts(out,
                                s->client ? ", but canaryd has not said anything about it yet; see \"canaryctl list\"\n"
                                          : "; canaryd cannot be asked about it here: it takes the plan once it runs, see "
                                            "\"canaryctl list\"\n");
                return;
        case ANSWER_REFUSED:
                return;
        }
}

static int finish(Submit *s) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        int status = s->answer == ANSWER_REFUSED ? EXIT_BAD : s->is_silent ? EXIT_SILENT : 0;

        render_inherit(&out, &s->id);
        render_inherit(&out, &s->words);
        if (s->ctl->json)
                put_json(s, &out);
        else
                put_text(s, &out);
        if (s->answer == ANSWER_REFUSED)
                (void) fail(s, status, "%s/%s: canaryd refuses it: %s", s->directory, s->name,
                                buf_text(&s->words));
        return verb_finish(s->ctl, &out, status);
}

static int submit(Submit *s) {
        int r;

        s->name = plan_file_base_name(s->file->path);
        if (s->name[0] == '.' || !(str_ends_with(s->name, ".yaml") || str_ends_with(s->name, ".yml")))
                return fail(s, EXIT_BAD,
                                "%s: canaryd reads files called *.yaml or *.yml, without a dot in front; rename it",
                                s->name);
        digest_to_hex(s->file->sha256, s->hex);
        if ((r = ask_before(s)) != 0 || (r = place(s)) != 0)
                return r;
        wait_for_answer(s);
        return finish(s);
}

int verb_submit(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(plan_file_freep) PlanFile *f = NULL;
        _cleanup_(conf_freep) Conf *conf = NULL;
        _cleanup_(buf_done) Buf err = BUF_INIT(RENDER_BYTES_MAX);
        Submit s = { .ctl = ctl, .id = BUF_INIT(4096), .words = BUF_INIT(16384) };
        Now now;
        int r;

        clock_read(&now);
        if (plan_file_read(args[0], now.wall, &err, &f) < 0)
                return verb_fail(ctl, EXIT_BAD, "out of memory");
        (void) fputs(buf_text(&err), ctl->err);
        if (!f->doc)
                return refuse(ctl, f);
        if (!ctl->directory && (r = daemon_conf_read(ctl, &conf)) != 0)
                return r;
        s.file = f;
        s.begun = now.wall;
        s.directory = ctl->directory ? ctl->directory : conf->plans;
        r = submit(&s);
        s.client = client_close(s.client);
        buf_done(&s.id);
        buf_done(&s.words);
        return r;
}
