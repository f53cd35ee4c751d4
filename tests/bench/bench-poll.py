"""What a poll costs: CPU time (user and system) of canaryd against a script of boto3 that asks the same awssim the
same questions at the same interval, with one rollout and with many. A poll is the questions of one rollout at one
moment; canaryd's also judges, records and tells, which the script does not.

Arguments: AWSSIM CANARYD CANARYCTL."""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from rig import CREDENTIALS, KEY, SECRET, Rig, plan

SKIPPED = 77
PYTHON = "/usr/bin/python3"  # Debian's modules are for Debian's python
EVERY = 1
POLLS = 8
# It is not the start that is measured, and awssim has no limits.
RATES = "  lambda_rate: 1000\n  metrics_rate: 1000\n"
START_SECONDS = 30

SCENARIO = """seed: 7
metrics: {resolution: 1s, delay: 300ms, trickle: 0s, history: 30s}
functions:
"""
FUNCTION = """  - name: %s
    versions: [{version: 41, error_rate: 0%%}, {version: 42, error_rate: 0%%}]
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 20}]
"""


def cpu_seconds(pid):
    """The clock of another process; see clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def polls_of(log):
    return [line for line in log if line["operation"] == "GetMetricData" and line["status"] == 200]


def queries_of(calls):
    """Each once, whatever Id it was asked under."""
    found = {}
    for call in calls:
        for query in call["body"]["MetricDataQueries"]:
            bare = {key: value for key, value in query.items() if key != "Id"}
            found[json.dumps(bare, sort_keys=True)] = bare
    return [dict(query, Id="q%d" % i) for i, query in enumerate(found.values())]


def function_of(query):
    return next(d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"] if d["Name"] == "FunctionName")


def start_all(rig, names):
    text = plan(steps=((5, "10m"),), every="%ds" % EVERY)
    for name in names:
        rig.drop(name + ".yaml", text.replace("function: checkout", "function: " + name))
    deadline = time.monotonic() + START_SECONDS
    while True:
        shifting = [r for r in rig.listed().values() if r["phase"] == "shifting"]
        if len(shifting) == len(names) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    # Let what is left of the start pass by.
    time.sleep(2 * EVERY)


def measure_canaryd(rig):
    before, cpu = len(rig.log()), cpu_seconds(rig.process.pid)
    time.sleep(POLLS * EVERY)
    cpu = cpu_seconds(rig.process.pid) - cpu
    calls = polls_of(rig.log()[before:])
    return cpu, calls


def measure_boto3(rig, calls, queries):
    """Asks for what canaryd asked for."""
    now = max(call["body"]["EndTime"] for call in calls)
    last = calls[-1]["body"]
    job = {"endpoint": rig.simulator.endpoint, "key": KEY, "secret": SECRET, "queries": queries, "every": EVERY,
           "polls": POLLS, "begins": max(now - last["StartTime"], EVERY), "ends": now - last["EndTime"],
           "scan_by": last.get("ScanBy", "TimestampDescending")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    result = subprocess.run([PYTHON, "-B", os.path.join(HERE, "poll-boto3.py")], input=json.dumps(job), text=True,
                            env=environment, capture_output=True, timeout=120, check=False)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return json.loads(result.stdout)


def bench(n):
    names = ["f%03d" % i for i in range(n)]
    with Rig(CREDENTIALS + SCENARIO + "".join(FUNCTION % name for name in names), start=False) as rig:
        with open(rig.path("canaryd.yaml"), "a") as f:
            f.write(RATES)
        rig.start()
        start_all(rig, names)
        cpu, calls = measure_canaryd(rig)
        queries = queries_of(calls)
        rig.kill()
        theirs = measure_boto3(rig, calls, queries)
    asked = sum(len(call["body"]["MetricDataQueries"]) for call in calls)
    rollouts = len({function_of(q) for q in queries})
    per_rollout = len(queries) / rollouts
    ours_ms = 1e3 * cpu / (asked / per_rollout)
    theirs_ms = 1e3 * theirs["cpu"] / (POLLS * rollouts)
    print("bench-poll: %d rollouts of %.0f queries every %d s: canaryd %.3f ms of CPU per poll (%d calls in %d s), "
          "boto3 %s %.3f ms (%d calls): 1 to %.1f" %
          (rollouts, per_rollout, EVERY, ours_ms, len(calls), POLLS * EVERY, theirs["version"], theirs_ms,
           theirs["calls"], theirs_ms / ours_ms), flush=True)


if subprocess.run([PYTHON, "-c", "import boto3"], capture_output=True, check=False).returncode != 0:
    print("no boto3 (Debian's python3-boto3)")
    sys.exit(SKIPPED)
for number in (1, 200):
    bench(number)
