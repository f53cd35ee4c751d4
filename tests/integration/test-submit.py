"""Plans on their way from an operator's hand to a rollout: "canaryctl submit" against a daemon that runs."""

import os
import signal
import subprocess
import sys
import time

from rig import CTL, Rig, Skip, holds, plan, run_together, same

LONG = plan(steps=((5, "10m"),), bake="10m")
NOBODY = 65534


def submit(rig, name, text, *options, prefix=()):
    with open(rig.path(name), "w") as f:
        f.write(text)
    return subprocess.run([*prefix, CTL, "--run", rig.path("run"), "--config", rig.path("canaryd.yaml"), *options, "submit",
                           rig.path(name)], capture_output=True, text=True, timeout=60)


def test_a_plan_becomes_a_rollout():
    with Rig() as rig:
        done = submit(rig, "checkout.yaml", LONG)
        same((done.returncode, done.stdout, done.stderr), (0, "checkout@1\n", ""))
        rig.wait_phase("checkout@1", "shifting")
        # The same once more is no new rollout; another one needs a word, and then is one.
        done = submit(rig, "checkout.yaml", LONG)
        same(done.returncode, 0)
        holds(done.stdout.startswith("checkout@1 was started with this very content already"), done.stdout)
        done = submit(rig, "checkout.yaml", LONG + "# two\n")
        same(done.returncode, 1)
        holds("--replace" in done.stderr, done.stderr)
        done = submit(rig, "checkout.yaml", LONG + "# two\n", "--replace")
        same((done.returncode, done.stdout), (0, "checkout@2\n"))
        # Back to what it was is a change, too.
        done = submit(rig, "checkout.yaml", LONG, "--replace", "--json")
        holds('"answer":"accepted","rollout":"checkout@3"' in done.stdout, done.stdout, done.stderr)
        same(os.listdir(rig.path("plans")), ["checkout.yaml"])
        rig.stop()


def test_what_the_daemon_refuses_is_said_here():
    with Rig() as rig:
        # Good by itself, but both targets are the same alias in the daemon's region.
        text = LONG.replace("function: checkout\nalias: live\nto: 42\n",
                            "targets:\n  - {function: checkout, alias: live, to: 42}\n"
                            "  - {function: checkout, alias: live, region: eu-west-1, to: 42}\n")
        for _ in range(2):
            done = submit(rig, "twice.yaml", text)
            same((done.returncode, done.stdout), (1, ""))
            holds("canaryd refuses it: " in done.stderr, done.stderr)
        done = submit(rig, "twice.yaml", text, "--json")
        holds('"answer":"refused"' in done.stdout, done.stdout)
        done = submit(rig, "bad.yaml", "format: 1\n")
        same(done.returncode, 1)
        same(os.listdir(rig.path("plans")), ["twice.yaml"])
        rig.stop()


def test_not_the_directory_that_is_watched():
    with Rig() as rig:
        os.mkdir(rig.path("elsewhere"))
        done = submit(rig, "checkout.yaml", LONG, "--directory", rig.path("elsewhere"))
        same((done.returncode, os.listdir(rig.path("elsewhere"))), (1, []))
        holds("does not watch " + rig.path("elsewhere") + " but " + rig.path("plans") in done.stderr, done.stderr)
        # The same directory by another name is the same.
        os.symlink("plans", rig.path("link"))
        same(submit(rig, "checkout.yaml", LONG, "--directory", rig.path("link")).stdout, "checkout@1\n")
        rig.stop()


def test_without_permission():
    if os.geteuid() != 0:
        raise Skip("needs root")
    with Rig() as rig:
        os.chmod(rig.directory, 0o755)
        prefix = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
        for mode in (0o755, 0o700):
            os.chmod(rig.path("plans"), mode)
            done = submit(rig, "checkout.yaml", LONG, prefix=prefix)
            same(done.returncode, 77)
            holds(rig.path("plans") in done.stderr, done.stderr)
        same(os.listdir(rig.path("plans")), [])
        rig.stop()


def test_a_daemon_that_hangs():
    """It says so after a moment, gives up in a few seconds, and places nothing that nobody looks at."""
    with Rig() as rig:
        rig.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        listing = subprocess.Popen([CTL, "--run", rig.path("run"), "list"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        done = submit(rig, "checkout.yaml", LONG)
        out, err = listing.communicate(timeout=60)
        took = time.monotonic() - begun
        rig.process.send_signal(signal.SIGCONT)
        same((done.returncode, done.stdout, listing.returncode, out), (75, "", 75, ""))
        for words in (done.stderr, err):
            first, second = words.splitlines()
            holds("canaryd does not answer yet" in first and "systemctl status canaryd" in second, words)
        holds("nothing was placed" in done.stderr, done.stderr)
        same(os.listdir(rig.path("plans")), [])
        holds(8 < took < 30, took)
        same(submit(rig, "checkout.yaml", LONG).stdout, "checkout@1\n")
        rig.stop()


run_together(sys.modules[__name__])
