"""AWS's own clients for JavaScript, whose signer and parsers are not ours, drive awssim: see sdk/converse.mjs.
Arguments: AWSSIM BUILD-DIRECTORY."""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "awssim"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import nodejs
from simulator import CREDENTIALS, KEY, Simulator, Skip, run, same

CONVERSE_MJS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sdk", "converse.mjs")
SCENARIO = CREDENTIALS + """
metrics: {resolution: 1s, delay: 0ms, trickle: 0ms, history: 5m, page_size: 50}
roles:
  - {arn: "arn:aws:iam::123456789012:role/deploy", external_id: x-42, trusts: [%s], denies: [UpdateAlias]}
alarms:
  - {name: calm}
  - {name: loud, state: ALARM, reason: too much}
  - {name: doubtful, evaluation_state: PARTIAL_DATA}
  - {name: both, type: composite, state: ALARM}
functions:
  - name: checkout
    timeout: 3
    versions:
      - {version: 41, error_rate: 1%%, latency_ms: 80}
      - {version: 42}
      - {version: 43}
      - {version: 44, role: "arn:aws:iam::123456789012:role/other"}
      - {version: 45, state: Pending}
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 100}]
faults: [%s]
"""


def converse(part, *faults, dialect="json"):
    """The request log of that part of the conversation."""
    with Simulator(SCENARIO % (KEY, ", ".join("{%s}" % f for f in faults))) as sim:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                           AWS_EC2_METADATA_DISABLED="true")
        result = subprocess.run([nodejs.PROGRAM, SCRIPT, part, sim.endpoint, dialect], env=environment,
                                capture_output=True, text=True, timeout=120)
        log = sim.log()
        if result.returncode != 0:
            raise AssertionError("%s: %s\nlog: %s" % (part, result.stderr, log[-3:]))
        return log


def statuses(log):
    return [(line["operation"], line["status"]) for line in log]


def test_aliases():
    log = converse("aliases")
    same(statuses(log), [
        ("GetAlias", 200), ("CreateAlias", 201), ("CreateAlias", 409), ("UpdateAlias", 200), ("UpdateAlias", 412),
        ("GetAlias", 200), ("UpdateAlias", 200), ("ListAliases", 200), ("DeleteAlias", 204)])
    # As was meant: numbers, and an empty map that clears.
    same(log[3]["body"]["RoutingConfig"], {"AdditionalVersionWeights": {"42": 0.05}})
    same(log[6]["body"]["RoutingConfig"], {"AdditionalVersionWeights": {}})


def test_weights():
    same(statuses(converse("weights")), [("UpdateAlias", 200)] * 6)


def test_refusals():
    converse("refusals")


def test_functions():
    converse("functions")


def test_metrics():
    log = converse("metrics")
    same(statuses(log), [("GetMetricData", 200)] * 4)
    same(["NextToken" in line["body"] for line in log], [False, True] * 2)


def test_metrics_by_the_query_protocol():
    same(statuses(converse("metrics", dialect="query")), [("GetMetricData", 200)] * 4)


def test_metric_refusals():
    for dialect in ("json", "query"):
        converse("metricRefusals", dialect=dialect)


def test_alarms():
    for dialect in ("json", "query"):
        same(statuses(converse("alarms", dialect=dialect)), [("DescribeAlarms", 200)] * 6 + [("DescribeAlarms", 400)])


def test_retries():
    log = converse("retries", "operation: GetAlias, call: 1, status: 429", "operation: GetAlias, call: 2, status: 500",
                   "operation: GetFunctionConfiguration, call: 1, action: reset",
                   "operation: GetMetricData, call: 1, status: 400, code: Throttling")
    same([line["status"] for line in log if line["operation"] == "GetAlias"], [429, 500, 200])
    same([line["status"] for line in log if line["operation"] == "GetMetricData"], [400, 200])


def test_throttled():
    log = converse("throttled", "operation: GetAlias, status: 429, retry_after: 2s")
    same(len(log), 1)


def test_strangers():
    log = converse("strangers")
    same([(line["status"], "signed_by" in line) for line in log], [(403, False)] * 2)


def test_roles():
    same([line["operation"] for line in converse("roles")],
         ["GetCallerIdentity"] + ["AssumeRole"] * 3 + ["GetCallerIdentity", "GetAlias", "UpdateAlias", "GetAlias",
                                                       "GetCallerIdentity"])


try:
    SCRIPT = nodejs.place(nodejs.modules(sys.argv[2]), CONVERSE_MJS)
except Skip as why:
    print("1..0 # SKIP %s" % why)
    sys.exit(0)
run(sys.modules[__name__])
