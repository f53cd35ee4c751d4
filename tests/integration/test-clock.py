"""A host whose clock is wrong: windows of metrics are in AWS's time, so nothing is judged by buckets that are not
there yet, or not any more, and people are told of the clock, once."""

import sys

from rig import Rig, holds, plan, run_together, same, scenario, wanted

LADDER = [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})]


def rig_off_by(offset, new="error_rate: 0%"):
    return Rig("clock_offset: %s\n" % offset + scenario(new=new))


def check_good(offset, words):
    with rig_off_by(offset) as rig:
        rig.drop("checkout.yaml", plan(steps=((5, "2s"), (25, "2s")), bake="2s"))
        # As fast as with a right clock: neither waiting for the host's clock nor running ahead of AWS's.
        rig.wait_phase("checkout@1", "succeeded", 30)
        same([wanted(line) for line in rig.writes()], LADDER)
        told = [line for line in rig.stderr().splitlines() if "the host's clock" in line]
        same(len(told), 1)
        holds(words in told[0] and "NTP" in told[0], told)
        passed = [e for kind, e in rig.events("checkout@1") if kind == "step-passed"]
        # 400 requests a second, for two seconds at least: what is judged is what was there.
        holds(all(e["new"]["invocations"] >= 30 for e in passed), passed)
        rig.stop()


def test_clock_that_is_behind():
    check_good("10m", "10m behind AWS's")


def test_clock_that_is_ahead():
    check_good("-10m", "10m ahead of AWS's")


def check_breach(offset):
    with rig_off_by(offset, new="errors: [{from: 0s, rate: 30%}]") as rig:
        rig.drop("checkout.yaml", plan())
        shown = rig.wait_phase("checkout@1", "rolled-back", 20)
        same((shown["reason"], rig.alias()), ("breach", ("41", {})))
        same([wanted(line) for line in rig.writes()], [LADDER[0], ("41", {})])


def test_breach_with_a_clock_that_is_behind():
    check_breach("10m")


def test_breach_with_a_clock_that_is_ahead():
    check_breach("-10m")


def test_restart_keeps_the_time():
    with rig_off_by("10m") as rig:
        rig.drop("checkout.yaml", plan(steps=((5, "4s"), (25, "2s")), bake="2s"))
        rig.wait_phase("checkout@1", "shifting")
        rig.kill()
        rig.start()
        rig.wait_phase("checkout@1", "succeeded", 30)
        same([wanted(line) for line in rig.writes()], LADDER)
        times = [e["time"] for _, e in rig.events("checkout@1") if "time" in e]
        same(times, sorted(times))


if __name__ == "__main__":
    run_together(sys.modules[__name__])
