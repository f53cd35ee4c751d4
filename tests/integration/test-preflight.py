"""What preflight finds before anything is touched, each finding once: as the daemon tells it, and as "canaryctl
validate --online" shows it. Whatever it finds, it only reads."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from rig import CTL, Rig, holds, run_together, same, wait_for
from simulator import CREDENTIALS, KEY, SECRET

READS = {"GetAlias", "GetFunctionConfiguration", "GetProvisionedConcurrencyConfig", "GetMetricData", "DescribeAlarms"}

SCENARIO = """seed: 5
metrics: {{resolution: 1s, delay: 0s, trickle: 0s, history: 4h}}
functions:
  - name: checkout
    versions: [{{version: 41, {old}}}, {{version: 42, {new}}}]
    aliases: [{{name: live, version: 41}}]
    traffic: [{{alias: live, requests_per_second: {rps}}}]
{more}
"""

PLAN = """format: 1
function: checkout
alias: live
to: 42
steps:
  - {weight: 5%, hold: 10m}
  - {weight: 50%, hold: 10m}
bake: 10m
health:
  checks:
    - {name: errors, metric: error_rate, max: 5%, min_requests: 20}
"""
SLOW = "    - {name: slow, metric: duration, stat: p99, max: 800}\n"
ALARM = "    - {alarm: checkout-5xx}\n"

FINE = """
checkout:live in eu-west-1
  ok      alias        points to version 41 and is not split
  ok      concurrency  none provisioned
  ok      versions     versions 41 and 42 are Active, with the same role and dead-letter target
  ok      metrics      CloudWatch takes the queries of 1 check
  ok      traffic      N requests/min in the last 3 h
  ok      evidence     each step is long enough to show a 5 % error rate

preflight: would start
"""


def world(rps=20, old="error_rate: 0%", new="error_rate: 0%", more="", head=CREDENTIALS):
    return head + SCENARIO.format(rps=rps, old=old, new=new, more=more)


def rig_of(*arguments, **more):
    start = more.pop("start", False)
    return Rig(world(*arguments, **more), start=start)


def validate(rig, text, *options, json_too=True, environment=None):
    """(exit status, what it shows behind the ladder, stderr, findings)."""
    path = rig.path("checkout.yaml")
    with open(path, "w") as f:
        f.write(text)
    words = [CTL, "--config", rig.path("canaryd.yaml"), *options, "validate", "--online", path]
    done = subprocess.run(words, capture_output=True, text=True, timeout=90, env=environment)
    _, _, shown = done.stdout.partition("\n\n")
    found = None
    if json_too:
        data = subprocess.run(words[:1] + ["--json"] + words[1:], capture_output=True, text=True, timeout=90)
        same(data.returncode, done.returncode)
        found = json.loads(data.stdout)["files"][0].get("preflight")
    holds({line["operation"] for line in rig.log()} <= READS | {""}, rig.log())
    return done.returncode, re.sub(r"[0-9.]+ requests/min", "N requests/min", "\n" + shown if shown else ""), done.stderr, found


def levels(found):
    return [(f["level"], f["finding"]) for f in found["findings"] if f["level"] != "ok"]


def test_all_is_well():
    with rig_of() as rig:
        status, shown, stderr, found = validate(rig, PLAN)
        same((status, shown, stderr), (0, FINE, ""))
        same((found["level"], levels(found)), ("ok", []))
        rate = next(f for f in found["findings"] if f["finding"] == "traffic")["requests_per_minute"]
        holds(1100 < rate < 1300, rate)
        same([line["operation"] for line in rig.log()][:5],
             ["GetAlias", "GetProvisionedConcurrencyConfig", "GetFunctionConfiguration", "GetFunctionConfiguration",
              "GetMetricData"])


def test_no_traffic():
    with rig_of(rps=0) as rig:
        status, shown, _, found = validate(rig, PLAN)
        same((status, levels(found)), (0, [("warn", "traffic")]))
        holds("no traffic seen in the last 3 h: checks will not be able to tell; the step will hold\n" in shown, shown)
        holds(shown.endswith("\npreflight: would start, with 1 warning\n"), shown)


def test_steps_too_short_for_the_traffic():
    with rig_of(rps=0.2) as rig:
        status, shown, _, found = validate(rig, PLAN)
        same((status, levels(found)), (0, [("warn", "evidence")]))
        f = next(f for f in found["findings"] if f["finding"] == "evidence")
        need = 59 / (f["requests_per_minute"] * 0.05)
        holds(abs(f["need_seconds"] - need * 60) < 1, f)
        same((f["step"], f["weight"], f["hold_seconds"]), (1, 5, 600))
        same(f["message"], "at %.3g requests/min a 5 %% step needs about %.0f min to show a 5 %% error rate; "
             "the plan holds 10 min" % (f["requests_per_minute"], need))
        holds("at N requests/min a 5 % step needs about" in shown, shown)


def test_a_limit_that_the_old_version_crosses():
    with rig_of(old="error_rate: 20%") as rig:
        status, shown, _, found = validate(rig, PLAN)
        same((status, levels(found)), (0, [("warn", "threshold")]))
        holds("version 41 itself crosses errors: " in shown and "in 180 of 180 buckets of the last 3 h" in shown, shown)


def test_a_query_that_cloudwatch_refuses():
    poison = "cloudwatch: {poison: [{stat: p99, message: no such statistic here}]}"
    with rig_of(more=poison) as rig:
        status, shown, _, found = validate(rig, PLAN + SLOW)
        same((status, found["level"], levels(found)), (1, "refuse", [("refuse", "metrics")]))
        same(found["findings"][-1]["reason"], "query-refused")
        holds("CloudWatch does not accept the query of check slow (" in shown and "no such statistic here" in shown, shown)
        holds(shown.endswith("\npreflight: would be refused\n"), shown)


def test_denied_metrics():
    allows = ["%s *" % action for action in ("lambda:GetAlias", "lambda:GetFunctionConfiguration",
                                             "lambda:GetProvisionedConcurrencyConfig")]
    head = "credentials: [{access_key: %s, secret_key: %s, allows: %s}]\n" % (KEY, SECRET, json.dumps(allows))
    with rig_of(head=head) as rig:
        status, shown, _, found = validate(rig, PLAN)
        same((status, levels(found)), (1, [("refuse", "access")]))
        holds("allow cloudwatch:GetMetricData" in shown, shown)


def test_denied_concurrency():
    """It is of use, but nothing stands or falls with it."""
    allows = ["%s *" % action for action in ("lambda:GetAlias", "lambda:GetFunctionConfiguration",
                                             "cloudwatch:GetMetricData")]
    head = "credentials: [{access_key: %s, secret_key: %s, allows: %s}]\n" % (KEY, SECRET, json.dumps(allows))
    with rig_of(head=head) as rig:
        status, shown, _, found = validate(rig, PLAN)
        same((status, levels(found)), (0, [("warn", "concurrency")]))
        holds("not authorized to perform: lambda:GetProvisionedConcurrencyConfig" in re.sub(r"\s+", " ", shown), shown)


def test_metrics_that_cannot_be_tried():
    faults = "faults: [{operation: GetMetricData, status: 500}]"
    with rig_of(more=faults) as rig:
        began = time.monotonic()
        status, shown, _, found = validate(rig, PLAN, json_too=False)
        same(status, 0)
        holds("could not be tried (" in shown and "  ok      metrics" not in shown, shown)
        holds(time.monotonic() - began < 60)


def test_what_refuses():
    cases = (
        (PLAN.replace("to: 42", "to: 44"), "", "versions", "there is no version 44"),
        (PLAN.replace("to: 42", "to: 41"), "", "alias", "the alias points to version 41 already"),
        (PLAN.replace("alias: live", "alias: beta"), "", "alias", "there is no such function or alias"),
        (PLAN + ALARM, "", "alarms", "there is no alarm \"checkout-5xx\""),
        (PLAN + ALARM, "alarms: [{name: checkout-5xx, state: ALARM, reason: too much}]", "alarms", "is in ALARM"),
    )
    for text, more, kind, words in cases:
        with rig_of(more=more) as rig:
            status, shown, _, found = validate(rig, text)
            same((status, levels(found)), (1, [("refuse", kind)]))
            holds(words in re.sub(r"\s+", " ", shown), words, shown)


def test_all_bad_alarms_are_named():
    alarms = "alarms: [{name: b, state: OK}, {name: c, state: ALARM, reason: too slow}]"
    with rig_of(more=alarms) as rig:
        status, shown, _, found = validate(rig, PLAN + "".join("    - {alarm: %s}\n" % name for name in "abc"))
        same((status, levels(found)), (1, [("refuse", "alarms")] * 2))
        shown = re.sub(r"\s+", " ", shown)
        for words in ('alarm "c" is in ALARM (too slow)', 'there is no alarm "a"'):
            holds(words in shown, shown)


def test_alarms_that_are_well():
    with rig_of(more="alarms: [{name: checkout-5xx, state: OK}]") as rig:
        status, shown, _, _ = validate(rig, PLAN + ALARM)
        same(status, 0)
        holds("  ok      alarms       1 alarm, none in ALARM\n" in shown, shown)


def test_a_plan_that_has_to_wait_is_looked_at_now():
    with rig_of() as rig:
        status, shown, _, found = validate(rig, PLAN + "not_before: 2999-01-01T00:00:00Z\n")
        same((status, levels(found)), (0, []))


def test_nobody_there():
    with rig_of() as rig:
        listener = socket.create_server(("127.0.0.1", 0))  # and never accepts
        with open(rig.path("canaryd.yaml")) as f:
            text = f.read()
        with open(rig.path("canaryd.yaml"), "w") as f:
            f.write(text.replace(":%d" % rig.simulator.port, ":%d" % listener.getsockname()[1]))
        status, shown, stderr, _ = validate(rig, PLAN, "--timeout", "1", json_too=False)
        same(status, 69)
        holds("preflight is not over after 1 s" in stderr and "--timeout" in stderr, stderr)
        process = subprocess.Popen([CTL, "--config", rig.path("canaryd.yaml"), "validate", "--online",
                                    rig.path("checkout.yaml")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   text=True)
        mask = "/proc/%d/status" % process.pid

        def is_waiting():
            with open(mask) as f:
                blocked = re.search(r"^SigBlk:\s*(\S+)", f.read(), re.M)
            return blocked and int(blocked[1], 16) & 1 << signal.SIGINT - 1

        wait_for(is_waiting, 20, "it to wait for AWS")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
        listener.close()
        same((process.returncode, "interrupted; nothing was changed" in stderr), (130, True))


def test_a_zip():
    with rig_of() as rig:
        artifact = rig.path("checkout.zip")
        plan = PLAN.replace("to: 42", "publish: {zip: %s}" % artifact)
        status, shown, _, found = validate(rig, plan)
        same((status, levels(found)), (1, [("refuse", "code")]))
        holds(artifact in shown and "No such file" in shown, shown)
        with open(artifact, "wb") as f:
            f.write(b"PK new")
        status, shown, _, found = validate(rig, plan)
        same((status, levels(found)), (0, []))
        holds("  ok      code         the zip can be read, and stays known by its SHA-256\n" in shown, shown)
        plan = plan.replace(".zip}", ".zip, sha256: %s}" % ("0" * 64))
        status, shown, _, found = validate(rig, plan)
        same((status, levels(found)), (1, [("refuse", "code")]))
        holds("the plan says 0000" in shown, shown)


def test_no_region():
    with rig_of() as rig:
        with open(rig.path("canaryd.yaml")) as f:
            text = f.read()
        with open(rig.path("canaryd.yaml"), "w") as f:
            f.write(text.replace("region: eu-west-1", "{}").replace("aws:\n  {}\n", "aws:\n"))
        status, _, stderr, _ = validate(rig, PLAN, json_too=False, environment={"PATH": os.environ["PATH"]})
        same((status, "no region is known" in stderr), (1, True))


def test_the_daemon_tells_the_same_and_starts():
    with rig_of(rps=0.2, start=True) as rig:
        rig.drop("checkout.yaml", PLAN)
        rig.wait_phase("checkout@1", "shifting")
        line = rig.wait_line("checkout@1", "warning", "a 5 % step needs about")
        holds("to show a 5 % error rate; the plan holds 10 min" in line, line)
        holds(rig.line("checkout@1", " info ", "requests/min in the last"), rig.stderr())
        rig.stop()
        found = [e for kind, e in rig.events("checkout@1") if kind == "finding"]
        same([(e["level"], e["finding"]) for e in found], [("ok", "traffic"), ("warn", "evidence")])


def test_the_daemon_refuses_the_same():
    poison = "cloudwatch: {poison: [{stat: p99, message: no such statistic here}]}"
    with rig_of(more=poison, start=True) as rig:
        rig.drop("checkout.yaml", PLAN + SLOW)
        shown = rig.wait_phase("checkout@1", "rejected")
        same(shown["reason"], "query-refused")
        same(rig.writes(), [])
        rig.stop()


def test_cloudwatch_down_for_long_keeps_nobody_from_starting():
    with rig_of(more="faults: [{operation: GetMetricData, status: 500}]", start=True) as rig:
        rig.drop("checkout.yaml", PLAN)
        rig.wait_phase("checkout@1", "shifting", seconds=60)
        holds(rig.line("checkout@1", "warning", "could not be tried"), rig.stderr())
        rig.stop()


run_together(sys.modules[__name__])
