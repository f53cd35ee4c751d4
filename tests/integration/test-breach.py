"""The new version begins to fail in the middle of step 2: how soon the alias is back, and what is told about it."""

import datetime
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

from rig import Rig, Skip, check_writes, holds, is_sanitized, note, plan, run, same, scenario, wait_for, wanted

FAILING_AFTER = 7  # seconds after version 42 got its first request; step 2 begins at about 4
FAILING = "errors: [{from: 0s, rate: 0%%}, {from: %ds, rate: 30%%}]" % FAILING_AFTER
SLACK = 0.2
JOURNALD = "/lib/systemd/systemd-journald"
MESSAGE_ID_BREACH = "4f6de739b212c194854d89c76864c849"


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def failing_plan(every):
    return plan(steps=((5, "2s"), (25, "8s")), every="%ds" % every)


def buckets(rig):
    """(start, invocations, errors) of version 42, as CloudWatch tells anybody now."""
    now = rig.simulator.state()["start"] + rig.simulator.state()["t_ms"] / 1000
    dimensions = [{"Name": "FunctionName", "Value": "checkout"}, {"Name": "Resource", "Value": "checkout:live"},
                  {"Name": "ExecutedVersion", "Value": "42"}]
    queries = [{"Id": name.lower(), "MetricStat": {"Metric": {
        "Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}, "Period": 1, "Stat": "Sum"}}
        for name in ("Invocations", "Errors")]
    reply = rig.simulator.cloudwatch({"MetricDataQueries": queries, "StartTime": now - 60, "EndTime": now})
    counts = [dict(zip(r["Timestamps"], r["Values"])) for r in reply.json["MetricDataResults"]]
    return [(start, n, counts[1].get(start, 0)) for start, n in sorted(counts[0].items())]


def measure(rig, delay):
    """Seconds from the moment at which anybody could see the breach to the call that rolls back. A bucket is to
    be seen, whole, `delay` after its end."""
    start, n, errors = next(b for b in buckets(rig) if b[2] > 0.05 * b[1])
    first, second, back = rig.writes()
    same([wanted(first), wanted(second), wanted(back)], [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("41", {})])
    visible = start + 1 + delay
    left = seconds(back["t"])
    holds(seconds(second["t"]) + 1 < start + 1 < seconds(second["t"]) + 8, "not the middle of step 2", start)
    asked = max(seconds(line["t"]) for line in rig.calls("GetMetricData") if line["t"] <= back["t"])
    note("%d of %d requests failed in the second from %.0f; to be seen %.3f s later; asked %.0f ms after that; "
         "rolled back %.0f ms after it, %.0f ms after it was asked for" %
         (errors, n, start, 1 + delay, (asked - visible) * 1e3, (left - visible) * 1e3, (left - asked) * 1e3))
    return left - visible, (start, n, errors)


def check_record(rig, bucket, text):
    start, n, errors = bucket
    line = rig.line("event=breach")
    holds(line and line.split()[1] == "err", line)
    pairs = dict(re.findall(r"(\w+)=(\S+)", line[line.rindex("[") + 1:-1]))
    same((pairs["check"], pairs["verdict"], pairs["limit"]), ("errors", "breach", "0.05"))
    holds(abs(float(pairs["value"]) - errors / n) < 1e-6, pairs, bucket)
    same(float(pairs["samples"]), n)
    same([seconds(t) for t in pairs["window"].split("/")], [start, start + 1])
    same(pairs["plan_sha256"], hashlib.sha256(text.encode()).hexdigest())
    # The sentence says it, too, for people who do not take lines apart.
    for words in ("checkout@1", "checkout:live", "breach at 25 %", "errors %.4g %% > 5 %%" % (100 * errors / n)):
        holds(words in line, words, line)


def check_outcome(rig):
    shown = rig.wait_phase("checkout@1", "rolled-back")
    same((shown["reason"], shown["weight_actual"], shown["version_old"]), ("breach", 0, 41))
    holds("errors is" in shown["reason_text"] and "limit 5 %" in shown["reason_text"], shown["reason_text"])
    same(rig.alias(), ("41", {}))
    log = rig.log()
    check_writes(log)
    last = max(n for n, line in enumerate(log) if line["operation"] == "UpdateAlias")
    holds("GetAlias" in [line["operation"] for line in log[last:]], "not read back")


def roll_back(every, delay):
    text = failing_plan(every)
    with Rig(scenario(FAILING, delay="%dms" % (delay * 1000))) as rig:
        rig.drop("checkout.yaml", text)
        rig.wait_line("checkout@1", "is back on version 41", seconds=40)
        took, bucket = measure(rig, delay)
        if is_sanitized():
            note("not held against the limit: sanitizers are slow")
        else:
            holds(took <= every + SLACK, took, every + SLACK)
        check_record(rig, bucket, text)
        check_outcome(rig)
        rig.stop()
        kinds = [kind for kind, _ in rig.events("checkout@1")]
        same(kinds[kinds.index("breach"):],
             ["breach", "rollback-started", "weight-intent", "weight-set", "rolled-back"])


# Polls fall on whole seconds. With this delay, each poll just misses the newest bucket: the longest wait there is.
def test_rolls_back_within_one_poll_that_just_misses_it():
    roll_back(every=1, delay=1.05)


def test_rolls_back_within_one_poll_of_two_seconds():
    roll_back(every=2, delay=0.3)


class Journal:
    """A journald of our own: its /run and /var/log are file systems that only it and who enters it can see."""

    def __init__(self, rig):
        self.rig = rig
        self.process = None

    def __enter__(self):
        for needed in (JOURNALD, "/etc/machine-id", shutil.which("unshare"), shutil.which("nsenter"),
                       shutil.which("journalctl")):
            if not needed or not os.path.exists(needed):
                raise Skip("no journald, unshare, nsenter, journalctl or machine-id here")
        self.user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        # As a namespace of journald's it leaves the kernel's log and the audit alone.
        script = ("mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && "
                  "mkdir -p /run/systemd/journal.test && ln -s journal.test /run/systemd/journal && "
                  "exec %s test" % JOURNALD)
        with open(self.rig.path("journald"), "w") as f:
            self.process = subprocess.Popen(["unshare", *self.user, "--mount", "--propagation", "private", "sh", "-c",
                                             script], stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        self.root = "/proc/%d/root" % self.process.pid
        try:
            wait_for(lambda: os.path.exists(self.root + "/run/systemd/journal.test/socket") or
                     self.process.poll() is not None, 20, "journald")
        except BaseException:
            self.__exit__()
            raise
        if self.process.poll() is not None:
            with open(self.rig.path("journald")) as f:
                raise Skip("journald cannot be run privately: " + " ".join(f.read().split()))
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()

    @property
    def wrapper(self):
        return ["nsenter", "--target", str(self.process.pid), "--mount", *self.user[:1]]

    def records(self, *match):
        """Of canaryd only; none as long as there is no journal file."""
        directory = glob.glob(self.root + "/var/log/journal/*")
        if not directory:
            return []
        result = subprocess.run(["journalctl", "--directory", directory[0], "--output", "json", "--all",
                                 "SYSLOG_IDENTIFIER=canaryd", *match], capture_output=True, text=True, timeout=60)
        return [json.loads(line) for line in result.stdout.splitlines()]


def check_journal(journal, text):
    breach, = journal.records("MESSAGE_ID=" + MESSAGE_ID_BREACH)
    same({name: breach["CANARYD_" + name] for name in (
        "ROLLOUT", "FUNCTION", "ALIAS", "REGION", "OLD_VERSION", "NEW_VERSION", "STEP", "WEIGHT", "CHECK", "VERDICT",
        "LIMIT", "PLAN_SHA256", "ACTOR")}, {
            "ROLLOUT": "checkout@1", "FUNCTION": "checkout", "ALIAS": "live", "REGION": "eu-west-1",
            "OLD_VERSION": "41", "NEW_VERSION": "42", "STEP": "2", "WEIGHT": "25", "CHECK": "errors",
            "VERDICT": "breach", "LIMIT": "0.05", "PLAN_SHA256": hashlib.sha256(text.encode()).hexdigest(),
            "ACTOR": "auto"})
    same(breach["PRIORITY"], "3")
    holds(float(breach["CANARYD_VALUE"]) > 0.05, breach)
    begin, end = map(seconds, breach["CANARYD_WINDOW"].split("/"))
    same(end - begin, 1.0)
    # The sentence comes without the list of pairs that stderr needs.
    holds(breach["MESSAGE"].startswith("checkout@1: checkout:live breach at 25 %"), breach["MESSAGE"])
    holds("[" not in breach["MESSAGE"], breach["MESSAGE"])
    about = journal.records("CANARYD_ROLLOUT=checkout@1")
    numbers = [int(r["CANARYD_SEQ"]) for r in about if "CANARYD_SEQ" in r]
    same(numbers, list(range(1, len(numbers) + 1)))
    # Accepting a plan, warning of it and every report have an id that people can filter by.
    same([r["MESSAGE"] for r in about if "MESSAGE_ID" not in r], [])


def test_the_journal_has_it_with_its_fields():
    text = failing_plan(1).replace("alias: live\n", "alias: live\nregion: eu-west-1\n")
    with Rig(scenario(FAILING), start=False) as rig, Journal(rig) as journal:
        rig.wrapper = journal.wrapper
        with open(rig.path("stderr"), "w") as f:
            st = os.fstat(f.fileno())
        rig.environment["JOURNAL_STREAM"] = "%d:%d" % (st.st_dev, st.st_ino)
        rig.spawn()
        wait_for(lambda: any(r["MESSAGE"].startswith("ready: ") for r in journal.records()), 20,
                 "canaryd to be ready", interval=0.2)
        rig.drop("checkout.yaml", text)
        rig.wait_phase("checkout@1", "rolled-back")
        wait_for(lambda: any("is back on version 41" in r["MESSAGE"] for r in journal.records()), 10,
                 "the journal", interval=0.2)
        check_journal(journal, text)
        same(rig.stderr(), "")
        rig.stop()


run(sys.modules[__name__])
