#!/usr/bin/env python3
"""The fault matrix: every kind of fault, on every operation, on its first call, its second call, and on all calls for
20 s, over a rollout of three steps, once with a good version and once with one that begins to fail in the second step.
Each cell ends in the outcome that the table wants, with the alias where that outcome says, no weight that the plan does
not have, no write repeated, and no move forward without a reading behind it."""

import concurrent.futures
import contextlib
import sys

sys.dont_write_bytecode = True

from rig import OUTCOMES, Rig, holds, note, same, wait_for, wanted  # noqa: E402

WINDOW = 20  # seconds
STEPS = (5, 25, 50)
LADDER = [("41", {"42": w / 100}) for w in STEPS] + [("42", {})]
BACK = ("41", {})
REGION = "eu-west-1"
ACCOUNT = "123456789012"
# Slower under sanitizers; more than enough otherwise.
PATIENCE = 150

# name -> what awssim is told. The signature's time is judged by the server's clock.
FAULTS = {
    "400 invalid": "status: 400, code: InvalidParameterValueException",
    "400 validation": "status: 400, code: ValidationException",
    "400 throttled": "status: 400, code: ThrottlingException",
    "403 denied": "status: 403, code: AccessDeniedException",
    "403 expired": "status: 403, code: ExpiredTokenException",
    "403 signature": "status: 403, code: InvalidSignatureException",
    "403 unknown key": "status: 403, code: UnrecognizedClientException",
    "404 missing": "status: 404, code: ResourceNotFoundException",
    "409 conflict": "status: 409, code: ResourceConflictException",
    "412 precondition": "status: 412, code: PreconditionFailedException",
    "429 throttled": "status: 429",
    "429 wait 3 s": "status: 429, retry_after: 3s",
    "500 before": "status: 500",
    "500 after": "status: 500, effect: after",
    "503": "status: 503",
    "hang": "action: hang",
    "hang after": "action: hang, effect: after",
    "reset before": "action: reset",
    "reset after": "action: reset, effect: after",
    "truncated": "action: truncate",
    "truncated after": "action: truncate, effect: after",
    "garbage": "action: garbage",
    "garbage after": "action: garbage, effect: after",
    "slow": "action: slow, delay: 2s, effect: after",
    "late": "action: delay, delay: 3s",
    "too late": "action: delay, delay: 25s, effect: after",
    "clock fast": "action: clock, offset: 10m",
    "clock slow": "action: clock, offset: -10m",
}
OPERATIONS = ("GetAlias", "GetFunctionConfiguration", "UpdateAlias", "GetMetricData", "DescribeAlarms", "AssumeRole")
TIMES = {"first": "call: 1", "second": "call: 2", "20 s": "for: %ds" % WINDOW}
VARIANTS = ("good", "failing")

# A connection that hangs takes a place of the few to one host: not too many in one daemon.
SHARDS = 14
CLOCK_SHARDS = 2

PLAN = """format: 1
function: {name}
alias: live
region: {region}
{role}to: 42
steps:
{steps}
bake: 1s
deadline: 100s
health:
  every: 1s
  period: 1s
  settled_after: 2s
  max_blind: 60s
  checks:
    - {{name: errors, metric: error_rate, max: 5%, min_requests: 10}}
    - {{alarm: {name}-alarm}}
"""

SCENARIO = """seed: 11
regions: [{regions}]
metrics: {{resolution: 1s, delay: 300ms, trickle: 0s, history: 10s}}
credentials: [{{access_key: AKIAIOSFODNN7EXAMPLE, secret_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}}]
functions:
{functions}
alarms:
{alarms}
roles:
{roles}
faults:
{faults}
"""


class Cell:
    def __init__(self, number, operation, fault, time, variant):
        self.operation, self.fault, self.time, self.variant = operation, fault, time, variant
        self.name = "cell%03d" % number
        # CloudWatch is asked for many rollouts at once: a region of its own keeps a fault from the others.
        self.region = "eu-cell-%d" % number if operation in ("GetMetricData", "DescribeAlarms") else REGION
        self.role = "arn:aws:iam::%s:role/%s" % (ACCOUNT, self.name) if operation == "AssumeRole" else None

    def __str__(self):
        return "%s, %s, %s, %s version" % (self.operation, self.fault, self.time, self.variant)


def all_cells():
    cells = []
    for operation in OPERATIONS:
        for fault in FAULTS:
            for time in TIMES:
                for variant in VARIANTS:
                    cells.append(Cell(len(cells), operation, fault, time, variant))
    return cells


def scenario_of(cells):
    functions, alarms, roles, faults = [], [], [], []
    for c in cells:
        errors = "0%" if c.variant == "good" else "[{from: 0s, rate: 0%}, {from: 5s, rate: 40%}]"
        functions.append("  - {name: %s, region: %s, versions: [{version: 41, error_rate: 0%%}, {version: 42, %s: %s}], "
                         "aliases: [{name: live, version: 41}], traffic: [{alias: live, requests_per_second: 400}]}" %
                         (c.name, c.region, "error_rate" if c.variant == "good" else "errors", errors))
        alarms.append("  - {name: %s-alarm, region: %s, state: OK}" % (c.name, c.region))
        if c.role:
            roles.append("  - {arn: \"%s\", lifetime: 12s}" % c.role)
        where = ("role: \"%s\"" % c.role if c.role else "region: %s" % c.region if c.region != REGION else
                 "function: %s" % c.name)
        faults.append("  - {operation: %s, %s, %s, %s}" % (c.operation, where, TIMES[c.time], FAULTS[c.fault]))
    regions = ", ".join(sorted({c.region for c in cells} - {REGION}))
    return SCENARIO.format(regions=regions, functions="\n".join(functions), alarms="\n".join(alarms), faults="\n".join(faults),
                           roles="\n".join(roles) or "  []")


def plan_of(c):
    return PLAN.format(name=c.name, region=c.region, role="role_arn: %s\n" % c.role if c.role else "",
                       steps="\n".join("  - {weight: %d%%, hold: 2s}" % w for w in STEPS))


def harmless(line):
    return line["status"] == 200 and line.get("fault") in (None, "slow", "delay", "clock")


def check_ladder(c, writes, outcome):
    """What took effect: the plan's weights in their order, none twice, and nothing after the way back but the same."""
    went = [wanted(line) for line in writes]
    back = went.index(BACK) if BACK in went else len(went)
    same(went[:back], LADDER[:back])
    holds(went[back:] in ([], [BACK]), went)
    if outcome == "succeeded":
        same(went, LADDER)
    if outcome == "rejected":
        same(went, [])


def check_sight(c, log, writes):
    """Between one weight and the next there was a reading, complete and of good health, and of the alarm as well."""
    forward = [line for line in writes if wanted(line) != BACK]
    for before, after in zip(forward, forward[1:]):
        for operation in ("GetMetricData", "DescribeAlarms"):
            seen = [line for line in log if line["operation"] == operation and line["region"] == c.region and
                    before["t_ms"] <= line["t_ms"] <= after["t_ms"] and harmless(line)]
            holds(seen, "moved to %r without %s" % (wanted(after), operation))


def check_cell(c, log, shown, alias):
    outcome = shown["phase"]
    writes = [line for line in log if line["operation"] == "UpdateAlias" and line.get("function") == c.name and
              "revision_new" in line]
    check_ladder(c, writes, outcome)
    check_sight(c, log, writes)
    same(alias, ("42", {}) if outcome == "succeeded" else BACK)
    same(outcome, expected(c))


REFUSALS = ("400 invalid", "400 validation", "404 missing")


def expected(c):
    """Whatever may pass is waited for. What AWS refuses for good ends a rollout: in preflight, or at the first write,
    before anything was touched; at a later write by the way back. What it denies ends a rollout before anything was
    touched, and is waited for once traffic has moved."""
    usual = "succeeded" if c.variant == "good" else "rolled-back"
    refused = c.fault in REFUSALS
    if c.operation == "GetFunctionConfiguration" and (refused or c.fault == "403 denied"):
        return "rejected"  # one call for each version, both in preflight
    if c.operation in ("GetAlias", "DescribeAlarms") and (refused or c.fault == "403 denied") and c.time != "second":
        return "rejected"
    # The first one is preflight's.
    if c.operation == "GetMetricData" and c.fault in ("400 invalid", "400 validation", "403 denied") and \
            c.time != "second":
        return "rejected"
    # The second one is a refresh in mid-rollout, and what the first gave holds for a while.
    if c.operation == "AssumeRole" and c.fault == "403 denied" and c.time != "second":
        return "rejected"
    if c.operation == "UpdateAlias" and c.fault == "403 denied" and c.time != "second":
        return "rejected"  # nothing was touched yet
    if c.operation == "UpdateAlias" and refused:
        return "rolled-back" if c.time == "second" else "rejected"
    return usual


class Shard(Rig):
    def __init__(self, cells):
        super().__init__(scenario_of(cells), seconds=60)
        self.cells = cells

    def write_configuration(self):
        super().write_configuration()
        with open(self.path("canaryd.yaml"), "a") as f:
            f.write("  lambda_rate: 1000\n  metrics_rate: 1000\n  alarms_rate: 1000\n")

    def ended(self):
        if self.stderr().count(": accepted plan ") < len(self.cells):
            return False
        return all(r["phase"] in OUTCOMES for r in self.listed().values())

    def run(self):
        for c in self.cells:
            self.drop(c.name + ".yaml", plan_of(c))
        wait_for(self.ended, PATIENCE, "all rollouts to end", interval=0.5)


def run_shard(cells):
    """Gives back (cell, what is wrong or None, outcome)."""
    with Shard(cells) as shard:
        with contextlib.suppress(AssertionError):
            shard.run()
        log, found = shard.log(), []
        aliases = {f["name"]: (f["aliases"][0]["version"], f["aliases"][0]["weights"])
                   for f in shard.simulator.state()["functions"]}
        for c in cells:
            at = shard.status(c.name + "@1")
            try:
                check_cell(c, log, at, aliases[c.name])
                found.append((c, None, at["phase"]))
            except AssertionError as error:
                text = "\n".join([str(error)] + [line for line in shard.stderr().splitlines() if c.name + "@1" in line])
                found.append((c, text, at["phase"]))
        shard.stop()
        return found


LETTERS = {"succeeded": "s", "rolled-back": "b", "rejected": "r", "released": "x"}


def print_table(found):
    """Per fault and operation: outcomes on the first call, the second, and for 20 s; good version / failing one."""
    by_cell = {(c.operation, c.fault, c.time, c.variant): LETTERS.get(phase, "?") for c, _, phase in found}
    note("s succeeded, b rolled back, r rejected; first call, second call, %d s; good version/failing version" % WINDOW)
    note("%-18s" % "" + "".join("%-11.10s" % o for o in OPERATIONS))
    for fault in FAULTS:
        row = ""
        for operation in OPERATIONS:
            cell = "/".join("".join(by_cell.get((operation, fault, time, variant), "-") for time in TIMES)
                            for variant in VARIANTS)
            row += "%-11s" % cell
        note("%-18s" % fault + row)


def main():
    cells = [c for c in all_cells() if all(word in str(c) for word in sys.argv[4:])]
    # A clock is its server's, not one function's: these cells would disturb all others of their daemon.
    odd = [c for c in cells if c.fault.startswith("clock")]
    cells = [c for c in cells if c not in odd]
    shards = [part[i::n] for part, n in ((odd, CLOCK_SHARDS), (cells, SHARDS - CLOCK_SHARDS)) for i in range(n) if part[i::n]]
    print("TAP version 13\n1..%d" % len(OPERATIONS), flush=True)
    with concurrent.futures.ThreadPoolExecutor(SHARDS) as pool:
        found = [row for rows in pool.map(run_shard, shards) for row in rows]
    print_table(found)
    note("%d cells: %d operations x %d faults x %d times x %d versions" %
         (len(found), len(OPERATIONS), len(FAULTS), len(TIMES), len(VARIANTS)))
    failed = 0
    for number, operation in enumerate(OPERATIONS, 1):
        bad = [(c, text) for c, text, _ in found if c.operation == operation and text]
        failed += bool(bad)
        for c, text in bad:
            note("%s: %s" % (c, text))
        print("%sok %d - %s" % ("not " if bad else "", number, operation), flush=True)
    sys.exit(1 if failed else 0)


main()
