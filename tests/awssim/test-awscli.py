"""Debian's aws command, whose signer and parsers are not ours, drives awssim."""

import base64
import datetime
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

from simulator import CREDENTIALS, KEY, REGION, SECRET, Simulator, holds, run, same

AWS = "/usr/bin/aws"
SCENARIO = CREDENTIALS + """
metrics: {resolution: 1s, delay: 0ms, trickle: 0ms, history: 5m, page_size: 50}
functions:
  - name: checkout
    versions: [{version: 41, error_rate: 1%, latency_ms: 80}, {version: 42}]
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 100}]
faults:
  - {operation: GetFunction, call: 1, status: 500}
roles:
  - {arn: "arn:aws:iam::123456789012:role/deploy", external_id: x-42}
  - {arn: "arn:aws:iam::123456789012:role/machine"}
web_identity: {tokens: [good.web.token], expired: [old.web.token]}
imds: {role: "arn:aws:iam::123456789012:role/machine"}
container: {role: "arn:aws:iam::123456789012:role/machine", path: /v2/credentials/42, token: abc}
alarms:
  - {name: errors, state: ALARM, reason: too many}
  - {name: calm}
  - {name: all, type: composite}
"""
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
LIVE = ["--function-name", "checkout", "--name", "live"]


def aws(sim, *args, secret=SECRET, variables=None):
    """Exit status, reply (parsed when there is one) and stderr. "variables" say where the keys come from."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("AWS_") and n != "PYTHONPATH"}
    environment.update(AWS_DEFAULT_REGION=REGION, AWS_CONFIG_FILE="/dev/null", AWS_PAGER="",
                       AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_DEFAULT_OUTPUT="json")
    environment.update(variables or {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": secret,
                                     "AWS_EC2_METADATA_DISABLED": "true"})
    result = subprocess.run([AWS, "--endpoint-url", sim.endpoint, *args], env=environment, capture_output=True,
                            text=True, timeout=120)
    return result.returncode, json.loads(result.stdout) if result.stdout.strip() else None, result.stderr.strip()


def iso(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_alias_is_read_shifted_and_promoted():
    with Simulator(SCENARIO) as sim:
        status, alias, stderr = aws(sim, "lambda", "get-alias", *LIVE)
        same((status, stderr), (0, ""))
        same((alias["AliasArn"], alias["FunctionVersion"], "RoutingConfig" in alias), (ARN + ":live", "41", False))

        update = ["lambda", "update-alias", *LIVE, "--revision-id", alias["RevisionId"]]
        status, shifted, _ = aws(sim, *update, "--routing-config", "AdditionalVersionWeights={42=0.05}")
        same((status, shifted["RoutingConfig"]), (0, {"AdditionalVersionWeights": {"42": 0.05}}))

        status, _, stderr = aws(sim, *update, "--routing-config", "AdditionalVersionWeights={42=0.5}")
        same(status, 254)
        holds("(PreconditionFailedException)" in stderr and "does not match the latest Revision Id" in stderr, stderr)

        status, _, stderr = aws(sim, "lambda", "update-alias", *LIVE, "--function-version", "42")
        holds("(InvalidParameterValueException)" in stderr and "is already included in routing" in stderr, stderr)

        status, promoted, _ = aws(sim, "lambda", "update-alias", *LIVE, "--function-version", "42",
                                  "--routing-config", '{"AdditionalVersionWeights": {}}')
        same((status, promoted["FunctionVersion"], "RoutingConfig" in promoted), (0, "42", False))
        same([line["status"] for line in sim.log()], [200, 200, 412, 400, 200])


def test_configuration_and_list():
    with Simulator(SCENARIO) as sim:
        status, body, _ = aws(sim, "lambda", "get-function-configuration", "--function-name", ARN,
                              "--qualifier", "42")
        same((status, body["Version"], body["State"], body["FunctionArn"]), (0, "42", "Active", ARN + ":42"))
        status, body, _ = aws(sim, "lambda", "list-aliases", "--function-name", "checkout")
        same((status, [a["Name"] for a in body["Aliases"]]), (0, ["live"]))


def test_code_is_deployed():
    function = ["--function-name", "checkout"]
    with Simulator(SCENARIO) as sim, tempfile.NamedTemporaryFile(suffix=".zip") as f:
        with zipfile.ZipFile(f, "w") as z:
            z.writestr("index.py", "def handler(event, context):\n    return 43\n" * 1000)
        f.flush()
        with open(f.name, "rb") as bytes_:
            expected = base64.b64encode(hashlib.sha256(bytes_.read()).digest()).decode()
        status, reply, stderr = aws(sim, "lambda", "update-function-code", *function, "--zip-file",
                                    "fileb://" + f.name)
        same((status, stderr, reply and reply["CodeSha256"]), (0, "", expected))
        status, reply, stderr = aws(sim, "lambda", "publish-version", *function, "--code-sha256", expected,
                                    "--revision-id", reply["RevisionId"], "--description", "by hand")
        same((status, stderr, reply["Version"], reply["Description"]), (0, "", "43", "by hand"))
        status, reply, stderr = aws(sim, "lambda", "create-alias", *function, "--name", "next",
                                    "--function-version", "43")
        same((status, stderr, reply["FunctionVersion"]), (0, "", "43"))
        holds("(ResourceConflictException)" in aws(sim, "lambda", "create-alias", *function, "--name", "next",
                                                   "--function-version", "43")[2])
        aws(sim, "lambda", "get-function", *function)  # the scenario spoils the first one
        status, reply, stderr = aws(sim, "lambda", "get-function", *function, "--qualifier", "43")
        same((status, stderr, reply["Code"]["RepositoryType"]), (0, "", "S3"))
        with urllib.request.urlopen(reply["Code"]["Location"], timeout=30) as code:
            same(base64.b64encode(hashlib.sha256(code.read()).digest()).decode(), expected)
        status, reply, _ = aws(sim, "lambda", "list-versions-by-function", *function)
        same((status, [v["Version"] for v in reply["Versions"]]), (0, ["$LATEST", "41", "42", "43"]))
        same(aws(sim, "lambda", "delete-alias", *function, "--name", "next")[0], 0)


def test_provisioned_concurrency():
    where = ["--function-name", "checkout", "--qualifier", "live"]
    with Simulator(SCENARIO) as sim:
        get = ["lambda", "get-provisioned-concurrency-config", *where]
        holds("(ProvisionedConcurrencyConfigNotFoundException)" in aws(sim, *get)[2])
        status, reply, stderr = aws(sim, "lambda", "put-provisioned-concurrency-config", *where,
                                    "--provisioned-concurrent-executions", "5")
        same((status, stderr, reply["RequestedProvisionedConcurrentExecutions"]), (0, "", 5))
        status, reply, _ = aws(sim, *get)
        same((status, reply["Status"]), (0, "READY"))
        same(aws(sim, "lambda", "delete-provisioned-concurrency-config", *where)[0], 0)


def test_metrics():
    with Simulator(SCENARIO) as sim:
        start = int(sim.state()["start"]) // 60 * 60 - 120
        window = ["--start-time", iso(start), "--end-time", iso(start + 60)]
        names = [("FunctionName", "checkout"), ("Resource", "checkout:live"), ("ExecutedVersion", "41")]
        metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations",
                  "Dimensions": [{"Name": n, "Value": v} for n, v in names]}
        queries = [{"Id": "n", "MetricStat": {"Metric": metric, "Period": 1, "Stat": "Sum"}},
                   {"Id": "slow", "MetricStat": {"Metric": dict(metric, MetricName="Duration"), "Period": 60,
                                                 "Stat": "p99"}}]
        status, body, stderr = aws(sim, "cloudwatch", "get-metric-data", *window, "--metric-data-queries",
                                   json.dumps(queries))
        same((status, stderr), (0, ""))
        got = {}
        for result in body["MetricDataResults"]:
            got.setdefault(result["Id"], []).extend(result["Values"])
        same((len(got["n"]), len(got["slow"])), (60, 1))
        holds(5990 <= sum(got["n"]) <= 6010, sum(got["n"]))
        same(len(sim.log()), 2)  # it followed NextToken

        status, body, stderr = aws(sim, "cloudwatch", "get-metric-statistics", *window, "--period", "60",
                                   "--namespace", "AWS/Lambda", "--metric-name", "Errors", "--statistics", "Sum",
                                   "SampleCount", "--dimensions", *("Name=%s,Value=%s" % n for n in names))
        same((status, stderr, len(body["Datapoints"])), (0, "", 1))
        point = body["Datapoints"][0]
        same((point["Unit"], point["SampleCount"]), ("Count", sum(got["n"])))
        holds(20 < point["Sum"] < 110, point)


def test_wrong_secret_is_refused():
    with Simulator(SCENARIO) as sim:
        status, _, stderr = aws(sim, "lambda", "get-alias", *LIVE, secret="wrong")
        same(status, 254)
        holds("(InvalidSignatureException)" in stderr and "Check your AWS Secret Access Key" in stderr, stderr)
        same("signed_by" in sim.log()[0], False)


def test_roles():
    deploy = ["--role-arn", "arn:aws:iam::123456789012:role/deploy", "--role-session-name", "tests"]
    with Simulator(SCENARIO) as sim:
        status, _, stderr = aws(sim, "sts", "assume-role", *deploy)
        same(status, 254)
        holds("(AccessDenied)" in stderr and "is not authorized to perform: sts:AssumeRole" in stderr, stderr)
        status, reply, stderr = aws(sim, "sts", "assume-role", *deploy, "--external-id", "x-42")
        same((status, stderr), (0, ""))
        same(reply["AssumedRoleUser"]["Arn"], "arn:aws:sts::123456789012:assumed-role/deploy/tests")
        keys = reply["Credentials"]
        temporary = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                     "AWS_SESSION_TOKEN": keys["SessionToken"]}
        status, reply, _ = aws(sim, "sts", "get-caller-identity", variables=temporary)
        same((status, reply["Arn"]), (0, "arn:aws:sts::123456789012:assumed-role/deploy/tests"))
        same(aws(sim, "lambda", "get-alias", *LIVE, variables=temporary)[0], 0)
        same(sim.log()[-1]["signed_by"], keys["AccessKeyId"])

        web = ["sts", "assume-role-with-web-identity", *deploy, "--web-identity-token"]
        status, reply, _ = aws(sim, *web, "good.web.token")
        same((status, set(reply["Credentials"])),
             (0, {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}))
        holds("(ExpiredTokenException)" in aws(sim, *web, "old.web.token")[2])


def test_keys_of_the_machine():
    with Simulator(SCENARIO) as sim:
        for variables, operations in (
                ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": sim.endpoint + "/"}, ["ImdsToken", "ImdsRole", "ImdsCredentials"]),
                ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": sim.endpoint + "/v2/credentials/42",
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN": "abc"}, ["ContainerCredentials"])):
            before = len(sim.log())
            status, alias, stderr = aws(sim, "lambda", "get-alias", *LIVE, variables=variables)
            same((status, stderr, alias and alias["FunctionVersion"]), (0, "", "41"))
            lines = sim.log()[before:]
            same([line["operation"] for line in lines], operations + ["GetAlias"])
            same((lines[-1]["signed_by"], lines[-1]["role"]),
                 (lines[-2]["gave"], "arn:aws:iam::123456789012:role/machine"))


def test_alarms():
    with Simulator(SCENARIO) as sim:
        describe = ["cloudwatch", "describe-alarms", "--alarm-names", "errors", "all", "unheard"]
        status, reply, stderr = aws(sim, *describe)
        same((status, stderr, [a["AlarmName"] for a in reply["MetricAlarms"]]), (0, "", ["errors"]))
        same((reply["MetricAlarms"][0]["StateValue"], reply["MetricAlarms"][0]["StateReason"]), ("ALARM", "too many"))
        status, reply, _ = aws(sim, *describe, "--alarm-types", "MetricAlarm", "CompositeAlarm")
        same([[a["AlarmName"] for a in reply[k]] for k in ("MetricAlarms", "CompositeAlarms")], [["errors"], ["all"]])
        status, reply, _ = aws(sim, "cloudwatch", "describe-alarms", "--page-size", "1")
        same([a["AlarmName"] for a in reply["MetricAlarms"]], ["errors", "calm"])


def test_failed_call_is_tried_again():
    with Simulator(SCENARIO) as sim:
        status, body, _ = aws(sim, "lambda", "get-function", "--function-name", "checkout")
        same((status, body["Configuration"]["Version"]), (0, "$LATEST"))
        same([(line["status"], line.get("fault")) for line in sim.log()], [(500, "error"), (200, None)])


if not os.access(AWS, os.X_OK):
    print("1..0 # SKIP %s is not installed" % AWS)
    sys.exit(0)
run(sys.modules[__name__])
