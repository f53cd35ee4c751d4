#!/usr/bin/env python3
"""Many rollouts at once: their polls share calls, and a rollback does not stand in line with the steps of the others.
Arguments: AWSSIM CANARYD CANARYCTL."""

import collections
import datetime
import math
import sys
import time

sys.dont_write_bytecode = True

from rig import CREDENTIALS, Rig, holds, is_sanitized, note, run_together, same, wait_for, wanted  # noqa: E402

QUERIES_PER_CALL = 500
QUERIES_PER_POLL = 4

SCENARIO = """seed: 5
metrics: {{resolution: 1s, delay: 300ms, trickle: 0s, history: 10s}}
{limits}
functions:
{functions}
"""
FUNCTION = ("  - {{name: f{n}, versions: [{{version: 41, error_rate: 0%}}, {{version: 42, {errors}}}], "
            "aliases: [{{name: live, version: 41}}], traffic: [{{alias: live, requests_per_second: {rps}}}]}}")
PLAN = """format: 1
function: f{n}
alias: live
to: 42
steps:
{steps}
health:
  every: {every}
  period: {period}
  settled_after: {settled}
  max_blind: 10m
  checks: [{{name: errors, metric: error_rate, max: 20%, min_requests: 10}}]
"""


class Crowd(Rig):
    """n rollouts on as many functions; those in `failing` begin to fail when they are told to."""

    def __init__(self, n, failing="error_rate: 0%", n_failing=0, rps=20, limits="", **more):
        functions = "\n".join(FUNCTION.format(n=i, rps=rps, errors=failing if i < n_failing else "error_rate: 0%")
                              for i in range(n))
        super().__init__(CREDENTIALS + SCENARIO.format(functions=functions, limits=limits), seconds=60, **more)
        self.n = n

    def write_configuration(self):
        super().write_configuration()
        # What is held back here is the daemon's business, unless a test says otherwise.
        with open(self.path("canaryd.yaml"), "a") as f:
            f.write("  lambda_rate: 10000\n")

    def drop_all(self, **words):
        for i in range(self.n):
            self.drop("f%d.yaml" % i, PLAN.format(n=i, **words))

    def wait_writes(self, n, seconds):
        return wait_for(lambda: len(writes := self.writes()) >= n and writes, seconds, "%d writes" % n, interval=0.5)


def wall(text):
    """"2026-01-15T12:34:56.789Z" in seconds since the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()


# The grid: polls of rollouts that were started at any time meet at the multiples of `every`.
EVERY = 30


def test_polls_of_many_rollouts_share_calls():
    n = 300 if is_sanitized() else 2000
    with Crowd(n) as rig:
        rig.drop_all(every="%ds" % EVERY, period="60s", settled="180s", steps="  - {weight: 5%, hold: 1h}")
        rig.wait_writes(n, 300)
        first = math.ceil(time.time() / EVERY) + 1
        wait_for(lambda: time.time() > (first + 2.5) * EVERY, 5 * EVERY, "three polls", interval=0.5)
        ticks = collections.Counter(round(wall(line["t"]) / EVERY) for line in rig.calls("GetMetricData"))
        ticks = {tick: calls for tick, calls in ticks.items() if tick >= first}
        least = math.ceil(n * QUERIES_PER_POLL / QUERIES_PER_CALL)
        made = sum(ticks.values())
        note("%d rollouts, %d queries each per %d s: %s GetMetricData calls in %d ticks; %d is the least" %
             (n, QUERIES_PER_POLL, EVERY, list(ticks.values()), len(ticks), least))
        same(len(ticks), 3)
        holds(made <= math.floor(least * len(ticks) * 1.05 + 0.5), made)
        same(len(rig.writes()), n)
        rig.stop()


def test_rollback_overtakes_steps_that_wait_for_tokens():
    n = 100 if is_sanitized() else 300
    # Preflight and the first weight take five calls each. Then AWS allows so few that the steps take a minute.
    limits = "limits: {lambda: {rate: %d, burst: %d}}" % (n // 60, 5 * n)
    with Crowd(n, failing="errors: [{from: 0s, rate: 0%}, {from: 14s, rate: 90%}]", n_failing=1, rps=100,
               limits=limits) as rig:
        rig.drop_all(every="1s", period="1s", settled="2s",
                     steps="  - {weight: 5%, hold: 12s}\n  - {weight: 25%, hold: 1h}")
        rig.wait_writes(n, 120)
        rig.wait_phase("f0@1", "rolled-back", seconds=120)
        back = next(line for line in rig.calls("UpdateAlias") if line["function"] == "f0" and
                    wanted(line) == ("41", {}))
        breached = next(event for kind, event in rig.events("f0@1") if kind == "breach")
        waiting = n - len({line["function"] for line in rig.writes() if wanted(line)[1].get("42") == 0.25})
        took = wall(back["t"]) - wall(breached["time"])
        note("the rollback left %.0f ms after its decision, with %d steps waiting" % (took * 1e3, waiting))
        holds(waiting > n / 3, waiting)
        holds(0 <= took < (5 if is_sanitized() else 1), took)


run_together(sys.modules[__name__], workers=2)
