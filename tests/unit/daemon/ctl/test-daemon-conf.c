#include "daemon/ctl/daemon-conf.h"

#include "unit/daemon/ctl/capture.h"
#include "unit/daemon/ctl/files.h"

TEST(a_named_file) {
        Conf *conf = NULL;
        Capture c;
        Files f;

        files_start(&f);
        capture_begin(&c, "/nonexistent");
        c.ctl.config = files_add(&f, "canaryd.yaml", "plans: /srv/plans\naws: {region: eu-west-1}\n");
        EXPECT_INT(daemon_conf_read(&c.ctl, &conf), 0);
        EXPECT_STR(conf->plans, "/srv/plans");
        EXPECT_STR(conf->aws_region, "eu-west-1");
        conf = conf_free(conf);
        capture_end(&c);
        EXPECT_STR(c.err, "");
        capture_free(&c);
        files_stop(&f);
}

TEST(a_bad_one_is_shown_with_its_place) {
        Conf *conf = NULL;
        Capture c;
        Files f;

        files_start(&f);
        capture_begin(&c, "/nonexistent");
        c.ctl.config = files_add(&f, "canaryd.yaml", "plams: /srv/plans\n");
        EXPECT_INT(daemon_conf_read(&c.ctl, &conf), EXIT_BAD);
        EXPECT(!conf);
        capture_end(&c);
        EXPECT_CONTAINS(c.err, "canaryd.yaml:1:1: error: ");
        capture_free(&c);
        files_stop(&f);
}

TEST(one_that_is_named_must_be_there) {
        Conf *conf = NULL;
        Capture c;

        capture_begin(&c, "/nonexistent");
        c.ctl.config = "/nonexistent/canaryd.yaml";
        EXPECT_INT(daemon_conf_read(&c.ctl, &conf), EXIT_BAD);
        EXPECT(!conf);
        capture_end(&c);
        EXPECT_CONTAINS(c.err, "/nonexistent/canaryd.yaml: cannot read the configuration: No such file");
        capture_free(&c);
}
