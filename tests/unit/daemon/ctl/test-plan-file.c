#include "daemon/ctl/plan-file.h"

#include "base/buf.h"
#include "lib/fault.h"
#include "unit/daemon/ctl/files.h"

static const char good[] = "format: 1\nfunction: checkout\nalias: live\nregion: eu-west-1\nto: 42\n"
                           "steps: [{weight: 5%, hold: 10m}]\nbake: 30m\n"
                           "health: {checks: [{name: errors, metric: error_rate, max: 5%}]}\n";

TEST(the_name_is_the_file_s) {
        Buf err = BUF_INIT(4096);
        PlanFile *file = NULL;
        Files f;

        files_start(&f);
        EXPECT_OK(plan_file_read(files_add(&f, "nightly.yml", good), 0, &err, &file));
        EXPECT(file->doc);
        EXPECT_STR(file->doc->plan.name, "nightly");
        EXPECT_INT(file->size, strlen(good));
        EXPECT_INT(memcmp(file->sha256, file->doc->plan.sha256, PLAN_HASH_SIZE), 0);
        EXPECT_STR(plan_file_base_name(file->path), "nightly.yml");
        EXPECT_STR(plan_file_base_name("x.yaml"), "x.yaml");
        (void) plan_file_free(file);
        buf_done(&err);
        files_stop(&f);
}

TEST(findings_are_shown_and_listed) {
        Buf err = BUF_INIT(4096), out = BUF_INIT(4096);
        PlanFile *file = NULL;
        Files f;

        files_start(&f);
        EXPECT_OK(plan_file_read(files_add(&f, "a.yaml", "format: 1\nfunktion: x\n"), 0, &err, &file));
        EXPECT(!file->doc);
        EXPECT_CONTAINS(buf_text(&err), "/a.yaml:2:1: error: unknown key \"funktion\"");
        (void) buf_putc(&out, '{');
        plan_file_write_findings(&out, file);
        EXPECT_CONTAINS(buf_text(&out), "{\"findings\":[{\"level\":\"error\",\"line\":");
        (void) plan_file_free(file);
        buf_done(&err);
        buf_done(&out);
        files_stop(&f);
}

TEST(what_cannot_be_read_is_a_finding) {
        Buf err = BUF_INIT(4096);
        PlanFile *file = NULL;

        EXPECT_OK(plan_file_read("/nonexistent/x.yaml", 0, &err, &file));
        EXPECT(!file->doc && !file->text);
        EXPECT_STR(buf_text(&err), "/nonexistent/x.yaml: error: cannot read: No such file or directory\n");
        (void) plan_file_free(file);
        buf_done(&err);
}

TEST(out_of_memory) {
        const char *path;
        Files f;

        files_start(&f);
        path = files_add(&f, "a.yaml", good);
        FAULT_LOOP {
                Buf err = BUF_INIT(4096);
                PlanFile *file = NULL;
                int r = plan_file_read(path, 0, &err, &file);
                bool struck = fault_struck();

                EXPECT(struck ? r == -ENOMEM && !file : r == 0 && file->doc);
                (void) plan_file_free(file);
                buf_done(&err);
                if (!struck)
                        break;
        }
        files_stop(&f);
}
