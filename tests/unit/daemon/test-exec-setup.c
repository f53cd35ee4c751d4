#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"
#include "unit/daemon/rig.h"

/* What the configuration, the environment and the profile make of an Exec, and what keeps it from being
 * made. */

static int try_new(ExecFixture *f, char error[static 320]) {
        int r = exec_new(f->event, &f->conf, &f->env, &f->exec, error);

        EXPECT_INT(r < 0, !f->exec);
        return r;
}

TEST(region_of_configuration_environment_and_profile) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *config = rig_path(g, "config");
        ExecFixture *f = exec_fixture_new();
        char conf_region[] = "eu-west-1", error[320];

        rig_write(g, "config", "[default]\nregion = eu-north-1\n[profile p]\nregion = us-east-2\n");
        f->env.config_file = config;
        EXPECT_OK(try_new(f, error));
        EXPECT_STR(exec_region(f->exec), "eu-north-1");
        f->exec = exec_free(f->exec);
        f->env.profile = "p";
        EXPECT_OK(try_new(f, error));
        EXPECT_STR(exec_region(f->exec), "us-east-2");
        f->exec = exec_free(f->exec);
        f->env.region = "sa-east-1";
        EXPECT_OK(try_new(f, error));
        EXPECT_STR(exec_region(f->exec), "sa-east-1");
        f->exec = exec_free(f->exec);
        f->conf.aws_region = conf_region;
        EXPECT_OK(try_new(f, error));
        EXPECT_STR(exec_region(f->exec), "eu-west-1");
        exec_fixture_free(f);
}

TEST(nobody_names_a_region) {
        ExecFixture *f = exec_fixture_new();
        char error[320];

        EXPECT_OK(try_new(f, error));
        EXPECT(!exec_region(f->exec));
        exec_fixture_free(f);
}

/* There may be something to roll back. */
TEST(a_broken_file_does_not_stop_a_start) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *config = rig_path(g, "config");
        ExecFixture *f = exec_fixture_new();
        char error[320];

        rig_write(g, "config", "[default\nregion = eu-north-1\n");
        f->env.config_file = config;
        f->env.region = "eu-west-1";
        EXPECT_OK(try_new(f, error));
        EXPECT_STR(exec_region(f->exec), "eu-west-1");
        exec_fixture_free(f);
}

TEST(what_stops_a_start_is_named) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *bundle = rig_path(g, "absent.pem");
        ExecFixture *f = exec_fixture_new();
        char error[320];

        f->conf.aws_ca_bundle = bundle;
        EXPECT_INT(try_new(f, error), -ENOKEY);
        EXPECT_CONTAINS(error, bundle);
        f->conf.aws_ca_bundle = NULL;
        f->env.use_fips = "perhaps";
        EXPECT_INT(try_new(f, error), -EINVAL);
        EXPECT_CONTAINS(error, "perhaps");
        exec_fixture_free(f);
}

TEST(out_of_memory) {
        ExecFixture *f = exec_fixture_new();

        FAULT_LOOP {
                char error[320];
                int r = exec_new(f->event, &f->conf, &f->env, &f->exec, error);
                bool struck = fault_struck();

                f->exec = exec_free(f->exec);
                if (!struck) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT(r == -ENOMEM || r == -ENOBUFS || r >= 0);
        }
        exec_fixture_free(f);
}
