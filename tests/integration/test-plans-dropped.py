"""What people and programs leave in the watched directory: bad plans are refused with their place, hostile files
are not read, and none of it keeps a good plan from rolling out."""

import glob
import hashlib
import os
import re
import subprocess
import sys

from rig import CTL, Rig, holds, plan, run_together, same, wait_for, wanted

BAD = os.path.join(os.environ["TEST_DATA"], "plans", "bad")
SHORT = plan(steps=((5, "1s"),), bake="1s")
MARKER = "no plan at all"


def refused(rig):
    return {os.path.basename(r["path"]): r for r in rig.ctl("list")["refused"]}


def wait_refused(rig, *names, seconds=20):
    """Until all of these are refused; their refusals."""
    def arrived():
        found = refused(rig)
        return all(name in found for name in names) and found

    return wait_for(arrived, seconds, "the refusal of %r" % (names,), interval=0.1)


def settle(rig, name):
    """What was dropped before this has been looked at when this is refused: files are taken oldest first."""
    rig.drop(name, MARKER)
    wait_refused(rig, name)


def expected_findings(name):
    """[(line, column)] of the errors that people are to see; (0, 0): it is about the file as a whole."""
    with open(os.path.join(BAD, name.replace(".yaml", ".expected"))) as f:
        found = re.findall("^%s:(?:(\\d+):(\\d+):)? error: " % re.escape(name), f.read(), re.M)
    return [(int(line or 0), int(column or 0)) for line, column in found]


def place_of(name, line, column):
    return "%s:%d:%d" % (name, line, column) if line else name


def test_bad_plans_are_refused_with_their_place():
    names = sorted(os.path.basename(p) for p in glob.glob(os.path.join(BAD, "*.yaml")))
    holds(len(names) >= 60, names)
    with Rig() as rig:
        for name in names:
            with open(os.path.join(BAD, name), "rb") as f:
                content = f.read()
            with open(rig.path("new"), "wb") as f:
                f.write(content)
            os.rename(rig.path("new"), rig.path("plans", name))
        found = wait_refused(rig, *names, seconds=40)
        text = subprocess.run([CTL, "--run", rig.path("run"), "list"], capture_output=True, text=True, timeout=20,
                              check=True).stdout
        log = rig.stderr()
        for name in names:
            places = [(f["line"], f["column"]) for f in found[name]["findings"] if f["level"] == "error"]
            same((name, places), (name, expected_findings(name)))
            holds(places, name)
            for place in places:
                holds("/%s: error: " % place_of(name, *place) in log, name, place)
            holds(re.search(r"\b%s\b" % re.escape(place_of(name, *places[0])), text), name, places, text)
        # Every one of them names a place.
        same([name for name in names if (0, 0) in expected_findings(name)], [])
        same(rig.listed(), {})
        rig.drop("checkout.yaml", SHORT)
        rig.wait_phase("checkout@1", "succeeded")
        same(rig.alias(), ("42", {}))
        rig.stop()


def leave_hostile_files(rig):
    """name -> words of the reason."""
    for name in ("fifo.yaml", "link.yaml", "directory.yaml", "open.yaml", "group.yaml", "large.yaml"):
        path = rig.path("plans", name)
        if name == "fifo.yaml":
            os.mkfifo(path, 0o644)
        elif name == "directory.yaml":
            os.mkdir(path)
        elif name == "link.yaml":
            with open(rig.path("elsewhere.yaml"), "w") as f:
                f.write(SHORT)
            os.symlink(rig.path("elsewhere.yaml"), path)
        else:
            with open(path, "w") as f:
                f.write(SHORT + "#" * (300 * 1024 if name == "large.yaml" else 0))
            os.chmod(path, {"open.yaml": 0o646, "group.yaml": 0o664}.get(name, 0o644))
    return {"fifo.yaml": "not a regular file", "directory.yaml": "not a regular file", "link.yaml": "symbolic link",
            "open.yaml": "written by others", "group.yaml": "written by others", "large.yaml": "256 KiB"}


def test_hostile_files_are_not_read():
    with Rig() as rig:
        reasons = leave_hostile_files(rig)
        # What is no plan by its name is nobody's business.
        for name in (".hidden.yaml", "checkout.yaml~", "checkout.yaml.swp", "README"):
            rig.drop(name, SHORT)
        found = wait_refused(rig, *reasons)
        same(sorted(found), sorted(reasons))
        for name, words in reasons.items():
            holds(words in found[name]["message"], name, found[name])
            holds(rig.line("plans/%s: error: " % name, words), name)
        same(rig.listed(), {})
        # Each is told once, not at each scan.
        settle(rig, "marker.yaml")
        for name in reasons:
            same((name, rig.stderr().count("plans/%s: error: " % name)), (name, 1))
        # Mended, it is a plan like any other.
        os.chmod(rig.path("plans", "open.yaml"), 0o644)
        rig.wait_phase("open@1", "succeeded")
        holds("open.yaml" not in refused(rig))
        rig.stop()


def test_a_file_counts_when_it_is_complete():
    with Rig() as rig:
        # The first part is a plan by itself already; it must not start while somebody writes on.
        parts = [SHORT] + ["    - {name: failures-%d, metric: errors, max: 3}\n" % i for i in range(8)]
        with open(rig.path("plans", "checkout.yaml"), "w") as f:
            for part in parts:
                f.write(part)
                f.flush()
                same((rig.listed(), refused(rig)), ({}, {}))
        shown = rig.wait_phase("checkout@1", "succeeded")
        same(shown["plan_sha256"], hashlib.sha256("".join(parts).encode()).hexdigest())
        same(list(rig.listed()), ["checkout@1"])
        rig.stop()


def test_a_good_plan_renamed_over_a_bad_one():
    with Rig() as rig:
        rig.drop("checkout.yaml", "format: 1\nfunction: checkout\nalais: live\nto: 42\nhealth: {checks: none}\n")
        found = wait_refused(rig, "checkout.yaml")
        messages = {(f["line"], f["column"]): f["message"] for f in found["checkout.yaml"]["findings"]}
        holds('did you mean "alias"' in messages.get((3, 1), ""), messages)
        rig.drop("checkout.yaml", SHORT)
        rig.wait_phase("checkout@1", "succeeded")
        same(refused(rig), {})
        # And a bad one over the good one: refused, and what was done stays done.
        rig.drop("checkout.yaml", MARKER)
        wait_refused(rig, "checkout.yaml")
        same({i: r["phase"] for i, r in rig.listed().items()}, {"checkout@1": "succeeded"})
        rig.stop()


def test_same_content_changed_content_and_no_file():
    with Rig() as rig:
        rig.drop("checkout.yaml", SHORT.replace("hold: 1s", "hold: 4s"))
        rig.wait_phase("checkout@1", "shifting")
        rig.drop("checkout.yaml", SHORT.replace("hold: 1s", "hold: 4s"))
        os.utime(rig.path("plans", "checkout.yaml"))
        settle(rig, "marker.yaml")
        same(list(rig.listed()), ["checkout@1"])

        rig.drop("checkout.yaml", SHORT.replace("to: 42", "to: 43"))
        waiting = wait_for(lambda: rig.listed().get("checkout@2"), 20, "checkout@2")
        same((waiting["phase"], waiting["wait_kind"], rig.status("checkout@1")["phase"]),
             ("queued", "turn", "shifting"))
        os.unlink(rig.path("plans", "checkout.yaml"))
        rig.wait_line("checkout@1", "goes on", seconds=10)

        rig.wait_phase("checkout@2", "succeeded")
        same({i: r["phase"] for i, r in rig.listed().items()},
             {"checkout@1": "succeeded", "checkout@2": "succeeded"})
        same([wanted(line) for line in rig.writes()], [("41", {"42": 0.05}), ("42", {}),
                                                       ("42", {"43": 0.05}), ("43", {})])
        rig.stop()
        # The same file once more, after all that and a restart: it is what was rolled out last.
        rig.drop("checkout.yaml", SHORT.replace("to: 42", "to: 43"))
        rig.start()
        settle(rig, "marker-2.yaml")
        same(sorted(rig.listed()), ["checkout@1", "checkout@2"])
        rig.stop()


run_together(sys.modules[__name__])
