#!/usr/bin/env python3
"""AWS that is reached in other ways than the plainest: over TLS, by its older protocol, with a query that it does not
accept. Arguments: AWSSIM CANARYD CANARYCTL."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from rig import Rig, Skip, holds, note, plan, run_together, same, scenario, wait_for, wanted  # noqa: E402
from simulator import Simulator  # noqa: E402

LADDER = [("41", {"42": 0.05}), ("42", {})]
SHORT = plan(steps=((5, "1s"),), bake="1s")
FAILING = "errors: [{from: 0s, rate: 0%}, {from: 4s, rate: 40%}]"


class Authority:
    """A CA, and a certificate for 127.0.0.1 that it signed."""

    def __init__(self, directory):
        self.directory = directory
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self.openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=tests", "-out", self.path("ca.pem"),
                     "-keyout", self.path("ca.key"))
        self.openssl("req", *new_key, "-subj", "/CN=localhost", "-out", self.path("csr"), "-keyout",
                     self.path("key.pem"))
        with open(self.path("ext"), "w") as f:
            f.write("subjectAltName=IP:127.0.0.1\n")
        self.openssl("x509", "-req", "-in", self.path("csr"), "-CA", self.path("ca.pem"), "-CAkey",
                     self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", self.path("ext"), "-out",
                     self.path("cert.pem"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)


class SecureRig(Rig):
    """As Rig, over TLS; `ca` is the file that the daemon trusts."""

    def __init__(self, authority, ca, **more):
        super().__init__(**more)
        self.ca = ca
        self.simulator = Simulator(self.simulator.scenario,
                                   tls=(authority.path("cert.pem"), authority.path("key.pem"), authority.path("ca.pem")))

    def write_configuration(self):
        super().write_configuration()
        with open(self.path("canaryd.yaml")) as f:
            text = f.read().replace("http://", "https://")
        with open(self.path("canaryd.yaml"), "w") as f:
            f.write(text + "  ca_bundle: %s\n" % self.ca)


def with_authority(test):
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    with tempfile.TemporaryDirectory(prefix="canaryd-test-") as directory:
        test(Authority(directory))


def roll_out(rig):
    rig.drop("checkout.yaml", SHORT)
    rig.wait_phase("checkout@1", "succeeded")
    same([wanted(line) for line in rig.writes()], LADDER)
    rig.stop()


def test_tls_with_an_authority_of_ones_own():
    def check(authority):
        with SecureRig(authority, authority.path("ca.pem"), text=scenario()) as rig:
            roll_out(rig)

    with_authority(check)


def test_rollback_rides_on_an_open_connection():
    def check(authority):
        with SecureRig(authority, authority.path("ca.pem"), text=scenario(new=FAILING)) as rig:
            rig.drop("checkout.yaml", plan(steps=((25, "30s"),)))
            rig.wait_phase("checkout@1", "rolled-back")
            back = rig.writes()[-1]
            same(wanted(back), ("41", {}))
            same(back["connection_new"], False)
            rig.stop()

    with_authority(check)


def test_tls_of_nobody_we_know():
    def check(authority):
        with tempfile.TemporaryDirectory(prefix="canaryd-test-") as directory:
            with SecureRig(authority, Authority(directory).path("ca.pem"), text=scenario()) as rig:
                rig.drop("checkout.yaml", SHORT)
                note(rig.wait_line("checkout@1", "waits for AWS: unreachable", "certificate"))
                same((rig.status("checkout@1")["phase"], rig.log()), ("preflight", []))
                rig.stop()

    with_authority(check)


def test_cloudwatch_that_knows_only_its_older_protocol():
    for word in ("refused", "not_understood"):
        with Rig(scenario() + "cloudwatch: {json: %s}\n" % word) as rig:
            roll_out(rig)
            # Asked in JSON once, and never again.
            same([line["status"] // 100 for line in rig.calls("GetMetricData")].count(4), 1)


def test_a_query_that_cloudwatch_refuses_is_one_check_that_cannot_be_seen():
    poison = "cloudwatch: {poison: [{version: 42, stat: p99, message: no such statistic here}]}\n"
    text = SHORT.replace("min_requests: 1}", "min_requests: 1}\n"
                         "    - {name: slow, metric: duration, stat: p99, max: 800}")
    with Rig(scenario() + poison) as rig:
        rig.drop("checkout.yaml", text)
        line = rig.wait_line("checkout@1", "slow", "no such statistic here")
        note(line)
        shown = rig.status("checkout@1")
        same((shown["phase"], shown["weight_actual"]), ("shifting", 5))
        # The rest is seen all the same.
        wait_for(lambda: {c["name"]: c["verdict"] for c in rig.status("checkout@1")["checks"]} ==
                 {"errors": "healthy", "slow": "unknown"}, 20, "errors to be healthy and slow unknown")
        same([wanted(line) for line in rig.writes()], LADDER[:1])
        rig.stop()


def test_a_breach_beside_a_query_that_cloudwatch_refuses():
    poison = "cloudwatch: {poison: [{version: 42, stat: p99, message: no such statistic here}]}\n"
    text = plan(steps=((25, "30s"),)).replace("min_requests: 1}", "min_requests: 1}\n"
                                             "    - {name: slow, metric: duration, stat: p99, max: 800}")
    with Rig(scenario(new=FAILING) + poison) as rig:
        rig.drop("checkout.yaml", text)
        shown = rig.wait_phase("checkout@1", "rolled-back")
        same(shown["reason"], "breach")
        holds("errors" in shown["reason_text"], shown["reason_text"])
        rig.stop()


def test_a_clock_that_is_wrong_by_ten_minutes():
    for offset in ("10m", "-10m"):
        with Rig("clock_offset: %s\n" % offset + scenario()) as rig:
            roll_out(rig)
            # One call to learn it from.
            refused = [line["operation"] for line in rig.log() if line["status"] == 403]
            same(refused, ["GetAlias"])


run_together(sys.modules[__name__], workers=4)
