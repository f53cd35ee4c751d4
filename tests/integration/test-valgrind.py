"""A complete rollout and one that rolls back with canaryd under valgrind: no errors, no leaks, and a clean end."""

import shutil
import sys

from rig import Rig, is_sanitized, note, plan, run, same, scenario, wanted

VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=99"]


def rig_in_valgrind(**more):
    # The programs of a rollout are slow here, so everything may take its time.
    return Rig(scenario(**more), wrapper=VALGRIND, seconds=60)


def end(rig):
    """valgrind tells by the exit status, and by lines of its own on stderr."""
    try:
        rig.stop()
    finally:
        note("\n".join(line for line in rig.stderr().splitlines() if line.startswith("==")))
    same([line for line in rig.stderr().splitlines() if line.startswith("==")], [])


def test_good_rollout():
    with rig_in_valgrind() as rig:
        rig.drop("bad.yaml", "format: 1\nfunction: checkout\nalias: [live]\nto: 42\n")
        rig.drop("checkout.yaml", plan(steps=((5, "1s"), (25, "1s")), bake="1s"))
        rig.wait_phase("checkout@1", "shifting")
        same(rig.status("checkout@1")["version_new"], 42)
        rig.wait_phase("checkout@1", "succeeded", 90)
        same([wanted(line) for line in rig.writes()], [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})])
        end(rig)


def test_rollback_with_trouble_on_the_wire():
    with rig_in_valgrind(new="errors: [{from: 0s, rate: 30%}]", faults=[
            "operation: UpdateAlias, call: 2, action: reset, effect: after",
            "operation: GetMetricData, call: 1-2, action: truncate",
            "operation: GetAlias, call: 1, status: 503"]) as rig:
        rig.drop("checkout.yaml", plan(steps=((25, "30s"),)))
        rig.wait_phase("checkout@1", "rolled-back", 90)
        same(rig.alias(), ("41", {}))
        end(rig)


def test_end_in_the_middle_of_a_rollout():
    with rig_in_valgrind(faults=["operation: GetMetricData, call: 3-, action: hang"]) as rig:
        rig.drop("checkout.yaml", plan(steps=((5, "30s"),)))
        rig.wait_phase("checkout@1", "shifting")
        end(rig)
        rig.start()
        same(rig.status("checkout@1")["phase"], "shifting")
        end(rig)


if not shutil.which("valgrind"):
    print("1..0 # SKIP valgrind is not installed")
elif is_sanitized():
    print("1..0 # SKIP a sanitizer does valgrind's work in this build, and they do not go together")
else:
    run(sys.modules[__name__])
