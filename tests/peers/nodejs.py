"""npm's packages for the tests that drive clients which are not ours: installed once, by the lock file, into the build
directory, and never into the source tree."""

import fcntl
import hashlib
import os
import shutil
import subprocess

from simulator import Skip

PROGRAM = shutil.which("node")
NPM = shutil.which("npm")
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sdk")
RECIPE = ("package.json", "package-lock.json", ".npmrc")
NODE_MIN = 18


def check_version():
    if not PROGRAM or not NPM:
        raise Skip("no node and npm (Debian's nodejs and npm)")
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=60).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < NODE_MIN:
        raise Skip("node %s, at least %d is needed" % (version, NODE_MIN))


def install(directory):
    """In a folder beside it first: what has the final name is complete."""
    fresh = directory + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    for name in RECIPE:
        shutil.copy(os.path.join(SOURCE, name), fresh)
    try:
        result = subprocess.run(
            [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1",
             "--fetch-timeout=30000"], cwd=fresh, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        raise Skip("npm ci took more than 180 s: the registry is out of reach") from None
    if result.returncode != 0:
        lines = [line for line in result.stderr.splitlines() if "code" in line or "ERR" in line or "error" in line]
        what = " / ".join(lines[:4]) or result.stderr[-300:]
        # A lock file that does not fit is a fault of ours.
        if any(code in what for code in ("EUSAGE", "EINTEGRITY", "EJSONPARSE", "ETARGET")):
            raise AssertionError("npm ci: " + result.stderr)
        raise Skip("npm ci failed, the registry may be out of reach: " + what)
    os.rename(fresh, directory)


def modules(build):
    """The folder with node_modules in it."""
    check_version()
    digest = hashlib.sha256()
    for name in RECIPE:
        with open(os.path.join(SOURCE, name), "rb") as f:
            digest.update(f.read())
    directory = os.path.join(os.path.abspath(build), "peers-sdk-" + digest.hexdigest()[:16])
    with open(os.path.join(build, "peers-sdk.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(directory):
            install(directory)
    return directory


def place(directory, script):
    """node looks for packages from where a script is: a copy beside them."""
    target = os.path.join(directory, os.path.basename(script))
    fresh = "%s.%d" % (target, os.getpid())
    shutil.copy(script, fresh)
    os.rename(fresh, target)
    return target
