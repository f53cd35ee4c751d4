"""What awssim's fault rules do to a call, and what a broken scenario is told."""

import glob
import http.client
import os
import subprocess
import sys
import tempfile
import time

from simulator import CREDENTIALS, Simulator, holds, program, run, same, wait_for

SCENARIO = CREDENTIALS + """
functions:
  - name: checkout
    versions: [{version: 41}, {version: 42}]
    aliases: [{name: live, version: 41}]
faults: [%s]
"""
LIVE = "checkout/aliases/live"
SPLIT = {"RoutingConfig": {"AdditionalVersionWeights": {"42": 0.05}}}


def playing(*faults):
    return Simulator(SCENARIO % ", ".join("{operation: UpdateAlias, %s}" % f for f in faults))


def lost(sim, kinds, **more):
    try:
        reply = sim.lambda_("PUT", LIVE, SPLIT, **more)
    except kinds:
        return
    raise AssertionError("there was a reply: %s" % reply.text)


def test_errors_strike_before_or_after():
    with playing("call: 1, status: 500", "call: 2, status: 503, code: Busy, message: later, effect: after") as sim:
        same(sim.lambda_("PUT", LIVE, SPLIT).error[:2], (500, "ServiceException"))
        same(sim.alias()["weights"], {})
        same(sim.lambda_("PUT", LIVE, SPLIT).error, (503, "Busy", "later"))
        same(sim.alias()["weights"], {"42": 0.05})
        same(sim.lambda_("PUT", LIVE, SPLIT).status, 200)
        same([(line["status"], line.get("fault"), "revision_new" in line) for line in sim.log()],
             [(500, "error", False), (503, "error", True), (200, None, True)])


def test_throttling_says_when_to_come_back():
    with playing("call: 1, status: 429, retry_after: 1500ms") as sim:
        reply = sim.lambda_("PUT", LIVE, SPLIT)
        same(reply.error, (429, "TooManyRequestsException", "Rate Exceeded."))
        same((reply.headers["retry-after"], reply.json["Reason"]), ("2", "CallerRateLimitExceeded"))


def test_which_calls():
    def pattern(rule, n=7):
        with playing(rule) as sim:
            return "".join("x" if sim.lambda_("PUT", LIVE, SPLIT).status == 500 else "." for _ in range(n))

    same(pattern("call: 2"), ".x.....")
    same(pattern("call: 2-4"), ".xxx...")
    same(pattern("call: 5-"), "....xxx")
    same(pattern("every: 3"), "..x..x.")
    same(pattern("call: 2-6, every: 2"), ".x.x.x.")
    same(pattern("status: 500"), "xxxxxxx")
    same(pattern("function: other"), ".......")
    same(pattern("function: checkout, call: 1"), "x......")


def test_other_operations_are_left_alone():
    with playing("status: 500") as sim:
        same(sim.lambda_("GET", LIVE).status, 200)
    with Simulator(SCENARIO % '{operation: "*", status: 503}') as sim:
        same(sim.lambda_("GET", LIVE).status, 503)
        same(sim.cloudwatch({}).status, 503)


def test_reset_and_hang_lose_the_reply():
    gone = (ConnectionError, http.client.RemoteDisconnected)
    for effect, weights in (("before", {}), ("after", {"42": 0.05})):
        with playing("call: 1, action: reset, effect: " + effect) as sim:
            lost(sim, gone)
            same(sim.alias()["weights"], weights)
            line = sim.log()[0]
            same((line["status"], line["fault"], "revision_new" in line), (0, "reset", effect == "after"))
        with playing("call: 1, action: hang, effect: " + effect) as sim:
            lost(sim, TimeoutError, timeout=0.5)
            same(sim.alias()["weights"], weights)
            same(sim.lambda_("GET", LIVE).status, 200)


def test_truncated_and_garbage():
    with playing("call: 1, action: truncate, effect: after", "call: 2, action: garbage, effect: after") as sim:
        lost(sim, http.client.IncompleteRead)
        reply = sim.request("PUT", "/2015-03-31/functions/" + LIVE, body=SPLIT)
        same(reply.status, 200)
        holds(reply.text.startswith("<html>"), reply.text)
        same(sim.alias()["weights"], {"42": 0.05})


def test_delays():
    for effect in ("before", "after"):
        with playing("call: 1, action: delay, delay: 400ms, effect: " + effect) as sim:
            begin = time.monotonic()
            connection = sim.connect()
            same(sim.lambda_("PUT", LIVE, SPLIT, connection=connection).status, 200)
            holds(0.4 <= time.monotonic() - begin < 5, time.monotonic() - begin)
            same(sim.lambda_("GET", LIVE, connection=connection).status, 200)
            connection.close()


def test_wrong_clocks():
    with playing("call: 1, action: clock, offset: 10m", "call: 2, action: clock, offset: -10m") as sim:
        holds(sim.lambda_("PUT", LIVE, SPLIT).error[2].startswith("Signature expired: "))
        holds(sim.lambda_("PUT", LIVE, SPLIT).error[2].startswith("Signature not yet current: "))
        same(sim.lambda_("PUT", LIVE, SPLIT).status, 200)
    with Simulator("clock_offset: -10m\n" + SCENARIO % "") as sim:
        reply = sim.lambda_("GET", LIVE)
        holds(reply.error[2].startswith("Signature not yet current: "), reply.error)


MACHINES = """
roles: [{arn: "arn:aws:iam::123456789012:role/a"}, {arn: "arn:aws:iam::123456789012:role/b"}]
imds: {role: "arn:aws:iam::123456789012:role/a", v1: true}
container: {role: "arn:aws:iam::123456789012:role/a", path: /keys}
regions: [us-east-1]
"""


def assume(sim, name):
    reply = sim.sts("AssumeRole", {"RoleArn": "arn:aws:iam::123456789012:role/" + name, "RoleSessionName": "tests"})
    if reply.status != 200:
        return reply
    return {"key": reply.xml["AccessKeyId"], "secret": reply.xml["SecretAccessKey"], "token": reply.xml["SessionToken"]}


def test_errors_come_in_the_words_of_each_protocol():
    rules = ", ".join("{operation: %s, %s}" % r for r in (
        ("AssumeRole", "call: 1, code: IDPCommunicationError"), ("AssumeRole", "call: 2, code: RegionDisabledException"),
        ("AssumeRole", "call: 3, status: 400, code: Throttling"), ("AssumeRole", "call: 4"),
        ("AssumeRoleWithWebIdentity", "status: 400, code: ExpiredTokenException, message: old"),
        ("GetMetricData", "call: 1, status: 503"), ("GetMetricData", "code: Throttling"),
        ("ImdsToken", "status: 403"), ("ImdsRole", "status: 500, message: Internal Error"),
        ("ContainerCredentials", "status: 429")))
    with Simulator(MACHINES + SCENARIO % rules) as sim:
        same([assume(sim, "a").error[:2] for _ in range(4)],
             [(400, "IDPCommunicationError"), (403, "RegionDisabledException"), (400, "Throttling"),
              (500, "InternalFailure")])
        same(sim.sts("AssumeRoleWithWebIdentity", signed=False).error, (400, "ExpiredTokenException", "old"))
        same(sim.cloudwatch({}).error[:2], (503, "com.amazon.coral.service#ServiceUnavailableException"))
        reply = sim.cloudwatch({}, headers={"x-amzn-query-mode": "true"})
        same(reply.error, (400, "com.amazon.coral.service#ThrottlingException", "Rate exceeded"))
        same(reply.headers["x-amzn-query-error"], "Throttling;Sender")
        same(sim.query("monitoring", "2010-08-01", "GetMetricData").error, (400, "Throttling", "Rate exceeded"))
        same(sim.request("PUT", "/latest/api/token", signed=False).status, 403)
        reply = sim.request("GET", "/latest/meta-data/iam/security-credentials/", signed=False)
        same((reply.status, "500 - Internal Error" in reply.text), (500, True))
        same(sim.request("GET", "/keys", signed=False).status, 429)


def test_calls_of_a_region_or_a_role_are_told_apart():
    with Simulator(MACHINES + SCENARIO % '{operation: "*", region: us-east-1, status: 503}') as sim:
        same([sim.lambda_("GET", LIVE, region=r).status for r in ("eu-west-1", "us-east-1")], [200, 503])
    rule = '{operation: GetAlias, role: "arn:aws:iam::123456789012:role/b", status: 503}'
    with Simulator(MACHINES + SCENARIO % rule) as sim:
        a, b = assume(sim, "a"), assume(sim, "b")
        same([sim.lambda_("GET", LIVE, **k).status for k in (a, b, {})], [200, 503, 200])
        same(sim.log()[-2]["role"], "arn:aws:iam::123456789012:role/b")


def test_a_span_of_time():
    with playing("for: 700ms, status: 503") as sim:
        begin = time.monotonic()
        same(sim.lambda_("PUT", LIVE, SPLIT).status, 503)
        while time.monotonic() - begin < 0.4:
            same(sim.lambda_("PUT", LIVE, SPLIT).status, 503)
        wait_for(lambda: sim.lambda_("PUT", LIVE, SPLIT).status == 200, 10, "the end of it")
        holds(time.monotonic() - begin >= 0.7)


def test_slow_bodies():
    with playing("call: 1, action: slow, delay: 600ms") as sim:
        begin = time.monotonic()
        connection = sim.connect()
        reply = sim.lambda_("PUT", LIVE, SPLIT, connection=connection)
        holds(0.5 <= time.monotonic() - begin < 5, time.monotonic() - begin)
        same(reply.json["RoutingConfig"], {"AdditionalVersionWeights": {"42": 0.05}})
        same(sim.lambda_("PUT", LIVE, SPLIT, connection=connection).status, 200)
        connection.close()
        same(sim.log()[0]["fault"], "slow")
    with playing("action: slow, delay: 1h") as sim:  # ends all the same
        lost(sim, TimeoutError, timeout=0.3)


def start_with(text):
    """Exit status and stderr for a scenario that should not play."""
    with tempfile.TemporaryDirectory(prefix="awssim-test-") as directory:
        path = os.path.join(directory, "s.yaml")
        with open(path, "w") as f:
            f.write(text)
        result = subprocess.run([program(), "--scenario", path], capture_output=True, text=True, timeout=20)
        return result.returncode, result.stderr.replace(path, "s.yaml")


def test_broken_scenarios_are_told_where():
    cases = [
        ("", "there is no scenario"), ("functions: {", "s.yaml:2:1: error: not YAML"), ("[]", "s.yaml:1:1: error: expected a mapping"),
        ("region: eu-west-1", '"functions" is missing'), ("functions: []\nsed: 1", 's.yaml:2:1: error: unknown key "sed"; did you mean "seed"'),
        ("functions: []\nseed: x", 's.yaml:2:7: error: "x" is not a whole number'),
        ("functions: []\nfunctions: []", "s.yaml:2:1: error: key \"functions\" is here twice"),
        ("functions:\n- name: a\n  versions: [{version: 0}]", "s.yaml:3:24: error: versions count from 1"),
        ("functions:\n- name: a\n  versions: [{version: 1}, {version: 1}]", "version 1 is here twice"),
        ("functions:\n- name: a\n  versions: [{version: 1}]\n  aliases: [{name: b, version: 2}]", "(line 4)"),
        ("functions:\n- {name: a, versions: []}\n- {name: a, versions: []}", 'function "a" (line 3) is here twice'),
        ("functions: []\nfaults: [{operation: A, call: 4-2}]", '"4-2" found'),
        ("functions: []\nfaults: [{operation: A, action: explode}]", '"explode" found'),
        ("functions: []\nfaults: [{operation: A, action: slow}]", 'action "slow" needs "delay"'),
        ("functions: []\nfaults: [{operation: A, for: 2s, call: 1}]", 'excludes "call"'),
        ("functions: []\nroles: [{arn: x}]", '"x" found, expected an ARN'),
        ("functions: []\nroles: [{arn: 'arn:aws:iam::123456789012:role/a'}, {arn: 'arn:aws:iam::123456789012:role/a'}]",
         "is here twice"),
        ("functions: []\nimds: {role: x}", 'role "x" is not among the roles'),
        ("functions: []\ncontainer: {role: x, path: y}", "must start with /"),
        ("functions: [{name: a, region: x, versions: []}]", "among the regions"),
        ("functions: []\nmetrics: {resolution: 1500ms}", "resolution"),
        ("functions:\n- name: a\n  versions: [{version: 1, errors: [{from: 1s, rate: 5%}]}]", "from: 0s"),
        ("functions:\n- name: a\n  versions: [{version: 1, error_rate: 101%}]", '"101%" is not a share'),
    ]
    for text, expected in cases:
        status, stderr = start_with(text)
        same(status, 78)
        holds(expected in stderr, text, expected, stderr)


def test_shipped_scenarios_play():
    paths = glob.glob(os.path.join(os.environ["TEST_DATA"], "scenarios", "*.yaml"))
    holds(paths)
    for path in paths:
        with open(path) as f:
            with Simulator(f.read()) as sim:
                holds(sim.state()["functions"], path)


def test_usage():
    run = lambda *args: subprocess.run([program(), *args], capture_output=True, text=True, timeout=20)
    same(run("--help").returncode, 0)
    for args in ((), ("--nope",), ("--scenario", "x", "y"), ("--scenario", "x", "--tls-cert", "y")):
        same(run(*args).returncode, 64)
    same(run("--scenario", "/nonexistent").returncode, 78)


run(sys.modules[__name__])
