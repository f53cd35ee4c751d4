"""A canaryd against an awssim, with directories of their own: starts and ends them, and reads what they leave
behind. Arguments of every test that uses it: AWSSIM CANARYD CANARYCTL."""

import concurrent.futures
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "awssim"))

import simulator
from simulator import CREDENTIALS, KEY, SECRET, Skip, Simulator, holds, run, same  # noqa: F401, for the tests
from wire import Wire

DAEMON = os.path.abspath(sys.argv[2])
CTL = os.path.abspath(sys.argv[3])
OUTCOMES = ("succeeded", "rolled-back", "rejected", "released")

# Buckets of a second that are whole at once, 300 ms after their end. Versions do not fail unless they are told
# to: with a few requests per bucket, even one failure in a thousand would cross a limit now and then.
SCENARIO = """seed: 7
metrics: {{resolution: 1s, delay: {delay}, trickle: {trickle}, history: 30s}}
functions:
  - name: checkout
    versions:
      - {{version: 41}}
      - {{version: 42, {new}}}
      - {{version: 43}}
    aliases: [{{name: live, version: 41}}]
    traffic: [{{alias: live, requests_per_second: 400}}]
faults: [{faults}]
"""

PLAN = """format: 1
function: checkout
alias: live
to: 42
steps:
{steps}
bake: {bake}
health:
  every: {every}
  period: 1s
  settled_after: {settled}
  max_blind: {max_blind}
  checks:
    - {{name: errors, metric: error_rate, max: 5%, min_requests: {min_requests}}}
"""


def scenario(new="error_rate: 0%", faults=(), delay="300ms", trickle="0s"):
    return CREDENTIALS + SCENARIO.format(new=new, faults=", ".join("{%s}" % f for f in faults), delay=delay,
                                         trickle=trickle)


def plan(steps=((5, "2s"), (25, "2s")), bake="2s", every="1s", settled="2s", max_blind="2m", min_requests=1):
    steps = "\n".join("  - {weight: %s%%, hold: %s}" % step for step in steps)
    return PLAN.format(steps=steps, bake=bake, every=every, settled=settled, max_blind=max_blind,
                       min_requests=min_requests)


def is_sanitized():
    """Sanitizers make everything slower: what is measured then says little."""
    with open(DAEMON, "rb") as f:
        text = f.read()
    return b"__asan_init" in text or b"__ubsan_handle" in text


def note(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def wait_for(condition, seconds, what, interval=0.02):
    """Polls; gives back what the condition gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError("waited %s s for %s" % (seconds, what))
        time.sleep(interval)


class Rig:
    """The daemon starts with the block and ends with it; the simulator outlives restarts of the daemon."""

    def __init__(self, text=None, wired=False, wrapper=(), secret=SECRET, seconds=20, start=True):
        self.simulator = Simulator(text or scenario())
        self.wired = wired  # through a Wire
        self.wire = None
        self.wrapper = list(wrapper)
        self.secret = secret
        self.seconds = seconds  # to start or to end
        self.starts = start
        self.environment = {}
        self.process = None

    def __enter__(self):
        self.simulator.__enter__()
        try:
            self.directory = tempfile.mkdtemp(prefix="canaryd-test-")
            for name in ("plans", "state", "run"):
                os.mkdir(self.path(name), 0o755)
            self.write_configuration()
            self.set_secret(self.secret)
            if self.starts:
                self.start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            error.add_note("\n".join("canaryd: " + line for line in self.stderr().splitlines()[-40:]))
            error.add_note("\n".join("awssim: " + brief(line) for line in self.log()[-25:]))
        self.kill()
        if self.wire:
            self.wire.cut()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.simulator.__exit__(kind, error, trace)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write_configuration(self):
        self.wire = Wire(self.simulator.port) if self.wired else None
        port = self.wire.port if self.wire else self.simulator.port
        with open(self.path("canaryd.yaml"), "w") as f:
            f.write("plans: %s\nstate: %s\nrun: %s\n" % tuple(map(self.path, ("plans", "state", "run"))))
            f.write("aws:\n  region: eu-west-1\n  endpoint_url: http://127.0.0.1:%d\n" % port)
            f.write("  shared_credentials_file: %s\n" % self.path("credentials"))

    def set_secret(self, secret):
        with open(self.path("credentials.new"), "w") as f:
            f.write("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (KEY, secret))
        os.rename(self.path("credentials.new"), self.path("credentials"))

    def spawn(self):
        """Starts the daemon without waiting for it."""
        environment = {name: value for name, value in os.environ.items() if name in
                       ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        environment.update(self.environment, HOME=self.directory)
        self.readies = self.stderr().count(" ready: ")
        with open(self.path("stderr"), "a") as stderr:
            self.process = subprocess.Popen(self.wrapper + [DAEMON, "--config", self.path("canaryd.yaml")],
                                            env=environment, stdin=subprocess.DEVNULL, stderr=stderr)

    def wait_ready(self):
        wait_for(lambda: self.stderr().count(" ready: ") > self.readies or self.process.poll() is not None,
                 self.seconds, "canaryd to be ready")
        same(self.process.poll(), None)

    def start(self):
        self.spawn()
        self.wait_ready()

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        """As systemd does it; a clean end is part of the promise."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("canaryd does not end on SIGTERM") from None
        self.process = None
        same(status, 0)

    def stderr(self):
        try:
            with open(self.path("stderr"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def line(self, *words):
        """The first line of the daemon's log with all these words; None: there is none."""
        for line in self.stderr().splitlines():
            if all(word in line for word in words):
                return line
        return None

    def wait_line(self, *words, seconds=20):
        return wait_for(lambda: self.line(*words), seconds, "the line %r" % (words,))

    def drop(self, name, text):
        """As a careful operator does it: in full, by its name only when complete."""
        with open(self.path("new"), "w") as f:
            f.write(text)
        os.rename(self.path("new"), self.path("plans", name))

    def ctl(self, *words, status=0):
        result = subprocess.run([CTL, "--run", self.path("run"), "--json", *words], capture_output=True, text=True,
                                timeout=60)
        if result.returncode != status:
            raise AssertionError("canaryctl %r ended with %d: %s" % (words, result.returncode, result.stderr))
        return json.loads(result.stdout) if result.stdout else None

    def status(self, rollout):
        return self.ctl("status", rollout)["rollout"]

    def listed(self):
        return {r["id"]: r for r in self.ctl("list")["rollouts"]}

    def wait_phase(self, rollout, phase, seconds=40):
        """Until the rollout is in that phase. An outcome that is another one ends the wait at once."""
        def arrived():
            r = self.listed().get(rollout)
            if r and r["phase"] != phase and r["phase"] in OUTCOMES:
                raise AssertionError("%s is %s (%s), expected %s" %
                                     (rollout, r["phase"], r["reason_text"], phase))
            return r and r["phase"] == phase and r

        return wait_for(arrived, seconds, "%s to be %s" % (rollout, phase), interval=0.1)

    def log(self):
        """The request log of the simulator; a line that is being written does not count yet."""
        with open(self.simulator.path("log")) as f:
            return [json.loads(line) for line in f.read().split("\n")[:-1]]

    def calls(self, operation):
        return [line for line in self.log() if line["operation"] == operation]

    def writes(self):
        """The UpdateAlias calls that took effect."""
        return [line for line in self.calls("UpdateAlias") if "revision_new" in line]

    def alias(self):
        """(version, weights) as the simulator has it."""
        a = self.simulator.alias()
        return a["version"], a["weights"]

    def change_alias(self, version, weights):
        body = {"function": "checkout", "alias": "live", "version": version, "weights": weights}
        same(self.simulator.request("POST", "/_sim/alias", body=body, signed=False).status, 200)

    def events(self, rollout):
        return read_events(self.path("state", "canaryd.db"), rollout)


def brief(line):
    keys = ("t", "operation", "status", "fault", "error", "revision_seen", "revision_new")
    return json.dumps({k: line[k] for k in keys if k in line} |
                      ({"body": line.get("body")} if line["operation"] == "UpdateAlias" else {}))


def wanted(line):
    """What an UpdateAlias asks for: (version, weights)."""
    body = line["body"]
    return body["FunctionVersion"], body["RoutingConfig"]["AdditionalVersionWeights"]


def check_writes(log):
    """Each UpdateAlias compares with the RevisionId that was in the last reply about the alias."""
    last = None
    for line in log:
        if line["operation"] == "UpdateAlias":
            same(line["body"]["RevisionId"], last)
            if line["status"] == 200:
                last = line["revision_new"]
        elif line["operation"] == "GetAlias" and line["status"] == 200:
            last = line["revision_seen"]


def read_events(path, rollout):
    """The event log of a rollout. Its numbers have no gap, and each event seals the one before it."""
    store = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        rows = store.execute("SELECT seq, time, kind, json, hash FROM event WHERE rollout = ? ORDER BY seq",
                             (rollout,)).fetchall()
    finally:
        store.close()
    hash_before = bytes(32)
    for number, (seq, at, kind, text, digest) in enumerate(rows, 1):
        same(seq, number)
        sealed = hash_before + rollout.encode() + b"\0" + seq.to_bytes(8, "big") + at.to_bytes(8, "big")
        hash_before = hashlib.sha256(sealed + kind.encode() + b"\0" + text.encode()).digest()
        same(digest.hex(), hash_before.hex())
    return [(kind, json.loads(text)) for _, _, kind, text, _ in rows]


def run_together(module, workers=4):
    """As simulator.run(), for tests that mostly wait: several at a time."""
    tests = [(n[5:], f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]
    failed = 0
    print("TAP version 13\n1..%d" % len(tests), flush=True)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = [(name, pool.submit(test)) for name, test in tests]
        for number, (name, future) in enumerate(futures, 1):
            error = future.exception()
            if error is None:
                print("ok %d - %s" % (number, name), flush=True)
            elif isinstance(error, Skip):
                print("ok %d - %s # SKIP %s" % (number, name, error), flush=True)
            else:
                failed += 1
                print("not ok %d - %s" % (number, name), flush=True)
                note("".join(traceback.format_exception(error)))
    sys.exit(1 if failed else 0)


def end_on_signal(number, frame):
    raise SystemExit(128 + number)


# So that children end with a test that is told to end.
signal.signal(signal.SIGTERM, end_on_signal)
