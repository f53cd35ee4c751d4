"""awssim's limits: how fast one may call, and over how many connections one does; and how its TLS is trusted."""

import os
import shutil
import ssl
import subprocess
import sys
import tempfile

from simulator import CREDENTIALS, Simulator, Skip, holds, run, same, wait_for

SCENARIO = CREDENTIALS + """
regions: [us-east-1]
roles: [{arn: "arn:aws:iam::%s:role/elsewhere"}]
limits:
  lambda: {rate: 0.5, burst: 3, retry_after: 1500ms}
  get_function: 100/s
  get_metric_data: 0.1/s burst 2
  describe_alarms: 0.1/s
  sts: 0.1/s burst 2
functions:
  - {name: checkout, versions: [{version: 41}], aliases: [{name: live, version: 41}]}
"""
OTHER = "123456789012"[::-1]  # somebody else's account
LIVE = "checkout/aliases/live"


def playing():
    return Simulator(SCENARIO % OTHER)


def counts(sim):
    return {(b["account"], b["region"], b["family"]): (b["allowed"], b["refused"]) for b in sim.state()["limits"]}


def test_lambda():
    with playing() as sim:
        same([sim.lambda_("GET", LIVE).status for _ in range(5)].count(429), 2)
        reply = sim.lambda_("GET", LIVE)
        same(reply.error, (429, "TooManyRequestsException", "Rate Exceeded."))
        same((reply.json["Reason"], reply.headers["retry-after"]), ("CallerRateLimitExceeded", "2"))
        same(sim.lambda_("GET", "checkout").status, 200)  # a bucket of its own
        wait_for(lambda: sim.lambda_("GET", LIVE).status == 200, 10, "the bucket to fill")
        got = counts(sim)
        same(got["123456789012", "eu-west-1", "get_function"], (1, 0))
        holds(got["123456789012", "eu-west-1", "lambda"][0] == 4, got)


def test_regions_and_accounts_have_their_own():
    with playing() as sim:
        for region in ("eu-west-1", "us-east-1"):
            same([sim.lambda_("GET", LIVE, region=region).status != 429 for _ in range(4)], [True] * 3 + [False])
        reply = sim.sts("AssumeRole", {"RoleArn": "arn:aws:iam::%s:role/elsewhere" % OTHER, "RoleSessionName": "tests"})
        keys = {"key": reply.xml["AccessKeyId"], "secret": reply.xml["SecretAccessKey"],
                "token": reply.xml["SessionToken"]}
        same(sim.lambda_("GET", LIVE, **keys).status, 404)  # but not 429
        same(counts(sim)[OTHER, "eu-west-1", "lambda"], (1, 0))


def test_query_services_throttle_with_400():
    with playing() as sim:
        replies = [sim.cloudwatch({}) for _ in range(3)]
        same(replies[2].error, (400, "com.amazon.coral.service#ThrottlingException", "Rate exceeded"))
        same(sim.query("monitoring", "2010-08-01", "GetMetricData").error, (400, "Throttling", "Rate exceeded"))
        same([sim.cloudwatch({}, "DescribeAlarms").status for _ in range(2)], [200, 400])
        same([sim.sts("GetCallerIdentity").status for _ in range(3)], [200, 200, 400])
        same(sim.sts("GetCallerIdentity").error, (400, "Throttling", "Rate exceeded"))


def test_connections_are_counted():
    with playing() as sim:
        connection = sim.connect()
        for _ in range(2):
            sim.lambda_("GET", LIVE, connection=connection)
        sim.lambda_("GET", LIVE)
        same([(line["connection"], line["connection_new"]) for line in sim.log()], [(1, True), (1, False), (2, True)])
        connections = sim.state()["connections"]
        same(connections["opened"], 3)
        holds(2 <= connections["open"] <= 3, connections)
        connection.close()


def authority(directory):
    """A CA, and a certificate of the server that it signed."""
    path = lambda name: os.path.join(directory, name)
    openssl = lambda *args: subprocess.run(["openssl", *args], check=True, capture_output=True)
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=awssim tests", "-out", path("ca.pem"),
            "-keyout", path("ca.key"))
    openssl("req", *new_key, "-subj", "/CN=localhost", "-out", path("csr"), "-keyout", path("key.pem"))
    with open(path("ext"), "w") as f:
        f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", path("csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
            "-days", "2", "-extfile", path("ext"), "-out", path("cert.pem"))
    return path("ca.pem"), path("cert.pem"), path("key.pem")


def test_tls_is_trusted_by_its_authority_alone():
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    with tempfile.TemporaryDirectory(prefix="awssim-test-") as directory:
        ca, *files = authority(directory)
        with Simulator(SCENARIO % OTHER, tls=(*files, ca)) as sim:
            same(sim.lambda_("GET", LIVE).status, 200)
            same(sim.sts("GetCallerIdentity").status, 200)
            sim.tls = (*files, None)
            try:
                sim.lambda_("GET", LIVE)
            except ssl.SSLCertVerificationError:
                pass
            else:
                raise AssertionError("an unknown authority was trusted")


run(sys.modules[__name__])
