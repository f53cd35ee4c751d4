"""The watched directory at its worst: what editors, shells, archives, other users and full queues do to it. Each time
the right plans start, once, and what is not one is refused in words."""

import errno
import hashlib
import os
import subprocess
import sys
import time

from rig import CTL, Rig, Skip, holds, is_sanitized, plan, run_together, same, wait_for

SHORT = plan(steps=((5, "1s"),), bake="1s")
LONG = plan(steps=((5, "10m"),), bake="10m")
BAD = SHORT.replace("steps:", "stebs:")
MARKER = "no plan at all"
NOBODY = 65534


def refused(rig):
    return {os.path.basename(r["path"]): r for r in rig.ctl("list")["refused"]}


def wait_refused(rig, *names, seconds=20):
    def arrived():
        found = refused(rig)
        return all(name in found for name in names) and found

    return wait_for(arrived, seconds, "the refusal of %r" % (names,), interval=0.1)


def settle(rig, name="zz-marker.yaml"):
    """What was dropped before this has been looked at when this is refused: files are taken oldest first."""
    rig.drop(name, MARKER)
    wait_refused(rig, name)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def count(rig, *words):
    return sum(all(word in line for word in words) for line in rig.stderr().splitlines())


def write(path, text, mode=0o644):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def test_partial_writes():
    with Rig() as rig:
        # Every prefix from the first valid one on is a plan by itself; none of them may start.
        parts = [LONG] + ["    - {name: failures-%d, metric: errors, max: 3}\n" % i for i in range(5)]
        fd = os.open(rig.path("plans", "checkout.yaml"), os.O_WRONLY | os.O_CREAT, 0o644)
        for number, part in enumerate(parts):
            os.write(fd, part.encode())
            # The daemon has been there and has left it alone.
            settle(rig, "marker-%d.yaml" % number)
            same((rig.listed(), "checkout.yaml" in refused(rig)), ({}, False))
        os.close(fd)
        shown = rig.wait_phase("checkout@1", "shifting")
        same(shown["plan_sha256"], digest("".join(parts)))
        # Truncated and written anew, in place.
        with open(rig.path("plans", "checkout.yaml"), "w") as f:
            f.write(LONG[:40])
            f.flush()
            settle(rig)
            same((list(rig.listed()), "checkout.yaml" in refused(rig)), (["checkout@1"], False))
            f.write(LONG[40:])
        wait_for(lambda: "checkout@2" in rig.listed(), 20, "checkout@2")
        same(rig.status("checkout@2")["plan_sha256"], digest(LONG))
        rig.stop()


def test_a_file_that_changes_while_it_is_read():
    with Rig() as rig:
        # Two plans are swapped under one name as fast as can be; whatever starts is one of them, whole.
        texts = [LONG.replace("to: 42", "to: 4%d\n# %s" % (2 + i, "x" * (100000 + 50000 * i))) for i in range(2)]
        for number in range(200):
            rig.drop("checkout.yaml", texts[number % 2])
        rig.drop("checkout.yaml", texts[0])

        def last_is_known():
            shown = rig.listed()
            return shown and shown[max(shown, key=lambda i: int(i.split("@")[1]))]["plan_sha256"] == digest(texts[0])
        wait_for(last_is_known, 20, "the last one to be taken", interval=0.1)
        same({r["plan_sha256"] for r in rig.listed().values()} <= {digest(t) for t in texts}, True)
        same(refused(rig), {})
        rig.stop()


def test_rename_into_place_and_hard_links():
    with Rig() as rig:
        rig.drop("renamed.yaml", LONG)
        rig.wait_phase("renamed@1", "shifting")
        # A hard link is complete when nothing has changed for a while: no event tells.
        write(rig.path("elsewhere"), LONG + "# linked\n")
        os.link(rig.path("elsewhere"), rig.path("plans", "linked.yaml"))
        wait_for(lambda: "linked@1" in rig.listed(), 20, "linked@1")
        # A second name of the same file is a plan by its own name, as its content says nothing of a name.
        os.link(rig.path("plans", "renamed.yaml"), rig.path("plans", "second.yaml"))
        wait_for(lambda: "second@1" in rig.listed(), 20, "second@1")
        # Renamed within the directory: another name, so another plan; the old name is gone and nothing ends.
        os.rename(rig.path("plans", "renamed.yaml"), rig.path("plans", "third.yaml"))
        wait_for(lambda: "third@1" in rig.listed(), 20, "third@1")
        rig.wait_line("renamed@1", "goes on")
        same(sorted(rig.listed()), ["linked@1", "renamed@1", "second@1", "third@1"])
        rig.stop()


def test_editors():
    with Rig() as rig:
        path = rig.path("plans", "checkout.yaml")
        # vim: a swap file, a probe called 4913, the old file renamed away, the new one written, the backup removed.
        write(rig.path("plans", ".checkout.yaml.swp"), "b0VIM")
        write(rig.path("plans", "4913"), "")
        os.unlink(rig.path("plans", "4913"))
        write(path, LONG)
        rig.wait_phase("checkout@1", "shifting")
        os.rename(path, path + "~")
        write(path, LONG + "# vim\n")
        os.unlink(path + "~")
        os.unlink(rig.path("plans", ".checkout.yaml.swp"))
        wait_for(lambda: "checkout@2" in rig.listed(), 20, "checkout@2")
        # emacs: a lock that is a dangling link, an auto-save file, a backup, the new one in place.
        os.symlink("user@example.com.1234:5678", rig.path("plans", ".#checkout.yaml"))
        write(rig.path("plans", "#checkout.yaml#"), LONG + "# half\n")
        write(path + "~", LONG)
        write(path, LONG + "# emacs\n")
        os.unlink(rig.path("plans", "#checkout.yaml#"))
        os.unlink(rig.path("plans", ".#checkout.yaml"))
        wait_for(lambda: "checkout@3" in rig.listed(), 20, "checkout@3")
        # sed -i, rsync, nano.
        for number, name in enumerate(("sedXyz123", ".checkout.yaml.a1B2c3", "checkout.yaml.save")):
            write(rig.path("plans", name), LONG + "# %s\n" % name)
            os.rename(rig.path("plans", name), path)
            wait_for(lambda: "checkout@%d" % (4 + number) in rig.listed(), 20, name)
        settle(rig)
        same(sorted(rig.listed()), ["checkout@%d" % n for n in range(1, 7)])
        same(list(refused(rig)), ["zz-marker.yaml"])
        rig.stop()


def test_what_is_no_regular_file():
    with Rig() as rig:
        write(rig.path("elsewhere.yaml"), SHORT)
        for name, make in {"link.yaml": lambda p: os.symlink(rig.path("elsewhere.yaml"), p),
                           "dangling.yaml": lambda p: os.symlink("/nowhere", p),
                           "loop.yaml": lambda p: os.symlink("loop.yaml", p),
                           "fifo.yaml": lambda p: os.mkfifo(p, 0o644),
                           "directory.yaml": os.mkdir}.items():
            make(rig.path("plans", name))
        found = wait_refused(rig, "link.yaml", "dangling.yaml", "loop.yaml", "fifo.yaml", "directory.yaml")
        for name, record in found.items():
            holds(("symbolic link" if name in ("link.yaml", "dangling.yaml", "loop.yaml") else "not a regular file")
                  in record["message"], name, record)
        # What happens inside the directory is not its business, and a FIFO with a writer blocks nobody.
        for number in range(20):
            write(rig.path("plans", "directory.yaml", "%d.yaml" % number), SHORT)
        writer = os.open(rig.path("plans", "fifo.yaml"), os.O_RDWR | os.O_NONBLOCK)
        os.write(writer, SHORT.encode())
        settle(rig)
        for name in found:
            same((name, count(rig, "plans/%s: error: " % name)), (name, 1))
        same(rig.listed(), {})
        # Replaced by real ones, all of them are plans.
        os.close(writer)
        rig.drop("link.yaml", LONG)
        rig.drop("fifo.yaml", LONG)
        wait_for(lambda: sorted(rig.listed()) == ["fifo@1", "link@1"], 20, "both")
        holds("link.yaml" not in refused(rig))
        rig.stop()


def test_owners_and_modes():
    need_root()
    with Rig() as rig:
        for name, mode in (("open.yaml", 0o646), ("group.yaml", 0o664), ("theirs.yaml", 0o644)):
            write(rig.path("new"), LONG, mode)
            if name == "theirs.yaml":
                os.chown(rig.path("new"), NOBODY, NOBODY)
            os.rename(rig.path("new"), rig.path("plans", name))
        found = wait_refused(rig, "open.yaml", "group.yaml", "theirs.yaml")
        holds("written by others" in found["open.yaml"]["message"], found)
        holds("written by others" in found["group.yaml"]["message"], found)
        holds("belongs to another user" in found["theirs.yaml"]["message"], found)
        # Mended one by one.
        os.chmod(rig.path("plans", "open.yaml"), 0o644)
        wait_for(lambda: "open@1" in rig.listed(), 20, "open@1")
        os.chown(rig.path("plans", "theirs.yaml"), 0, 0)
        wait_for(lambda: "theirs@1" in rig.listed(), 20, "theirs@1")
        # The directory's owner may drop plans, too.
        os.chown(rig.path("plans"), NOBODY, NOBODY)
        write(rig.path("new"), LONG)
        os.chown(rig.path("new"), NOBODY, NOBODY)
        os.rename(rig.path("new"), rig.path("plans", "owner.yaml"))
        wait_for(lambda: "owner@1" in rig.listed(), 20, "owner@1")
        same(list(refused(rig)), ["group.yaml"])
        rig.stop()


def test_a_directory_where_anybody_may_write():
    with Rig() as rig:
        os.chmod(rig.path("plans"), 0o777)
        rig.wait_line("err", "anybody may write there", "chmod o-w")
        rig.drop("checkout.yaml", LONG)
        rig.stop()
        rig.start()
        wait_for(lambda: count(rig, "anybody may write there") == 2, 20, "the second start to say so")
        same((rig.listed(), refused(rig)), ({}, {}))
        os.chmod(rig.path("plans"), 0o755)
        rig.wait_phase("checkout@1", "shifting")
        holds(rig.line("plans are read again"))
        same(count(rig, "anybody may write there"), 2)
        rig.stop()


def test_five_thousand_at_once():
    with Rig(seconds=120) as rig:
        n = 500 if is_sanitized() else 5000
        # One alias: the first runs, the others stand in line in the order in which they were written.
        os.mkdir(rig.path("batch"))
        for number in range(n):
            text = BAD if number % 10 == 9 else LONG
            write(rig.path("batch", "n%05d.yaml" % number), text)
            os.utime(rig.path("batch", "n%05d.yaml" % number), (1e9 + number, 1e9 + number))
        begun = time.monotonic()
        for number in range(n):
            os.rename(rig.path("batch", "n%05d.yaml" % number), rig.path("plans", "n%05d.yaml" % number))
        wait_for(lambda: count(rig, "accepted plan") == n - n // 10, 120, "all good ones to be accepted", interval=0.5)
        print("# %d plans in %.1f s" % (n, time.monotonic() - begun), flush=True)
        shown = wait_for(lambda: len(rig.listed()) == n - n // 10 and rig.listed(), 60, "all of them", interval=0.5)
        same(sorted(shown), ["n%05d@1" % number for number in range(n) if number % 10 != 9])
        live = sorted(i for i, r in shown.items() if r["phase"] != "queued")
        holds(len(live) == 1, live)
        same(sorted(refused(rig)), ["n%05d.yaml" % number for number in range(n) if number % 10 == 9])
        rig.stop()
        # None is lost and none starts twice over a restart.
        rig.start()
        settle(rig)
        same(sorted(rig.listed()), sorted(shown))
        rig.stop()


def test_thousands_of_mistakes_keep_the_log_bounded():
    with Rig(seconds=60) as rig:
        n = 3000
        rig.drop("checkout.yaml", LONG)
        rig.wait_phase("checkout@1", "shifting")
        for number in range(n):
            write(rig.path("plans", "n%04d.yaml" % number), "x: %d\n" % number)
        settle(rig)
        holds(len(refused(rig)) == 1000, len(refused(rig)))
        # A thousand records a minute, each with its line and caret, and not one per file.
        lines = count(rig, "error: ")
        holds(100 <= lines <= 2 * 1000 + 1, lines)
        same(rig.status("checkout@1")["phase"], "shifting")
        # A good plan is not drowned.
        rig.drop("good.yaml", LONG)
        wait_for(lambda: "good@1" in rig.listed(), 20, "good@1")
        rig.stop()


def test_refused_and_dropped_again():
    with Rig() as rig:
        rig.drop("checkout.yaml", BAD)
        wait_refused(rig, "checkout.yaml")
        for times in range(1, 4):
            rig.drop("checkout.yaml", BAD)
            wait_for(lambda: count(rig, "checkout.yaml: error: the same content again, refused as before: line ") ==
                     times, 20, "the answer", interval=0.05)
        # Neither a change of mode nor a rescan is a drop.
        os.chmod(rig.path("plans", "checkout.yaml"), 0o600)
        settle(rig)
        same(count(rig, "the same content again"), 3)
        # Refused without a look inside, and dropped again.
        for times in range(1, 3):
            write(rig.path("new"), SHORT, 0o666)
            os.rename(rig.path("new"), rig.path("plans", "open.yaml"))
            wait_for(lambda: count(rig, "open.yaml: error: ") == times, 20, "the answer", interval=0.05)
        # A plan that ran is not run again, and that is said, too.
        rig.drop("good.yaml", LONG)
        rig.wait_phase("good@1", "shifting")
        rig.drop("good.yaml", LONG)
        rig.wait_line("info", "good.yaml: nothing to do: good was started with this very content")
        same(list(rig.listed()), ["good@1"])
        rig.stop()


def test_hostile_names():
    with Rig() as rig:
        names = [b"two\nlines.yaml", b"\xff\xfe\x80.yaml", b"\x1b[2J\x1b]0;x\x07.yaml", b"-rf.yaml", b"%s%n%999d.yaml",
                 b"n" * 250 + b".yaml", b"sp ace.yaml", b"back\\slash\".yaml", "\u202etxt.yaml".encode(), b"..yaml", b".yaml"]
        for name in names:
            with open(os.path.join(os.fsencode(rig.path("plans")), name), "wb") as f:
                f.write(LONG.encode())
        # "-rf" is a name like any other; the rest cannot be one, and is told to say "name:". Dot files are not read.
        wanted = len([n for n in names if not n.startswith(b".")])
        wait_for(lambda: len(refused(rig)) + len(rig.listed()) == wanted, 20, "all to be answered", interval=0.2)
        text = subprocess.run([CTL, "--run", rig.path("run"), "list"], capture_output=True, timeout=20, check=True).stdout
        text.decode()
        holds(b"\x1b" not in text and b"\x07" not in text, text)
        with open(rig.path("stderr"), "rb") as f:
            lines = f.read()
        holds(b"\x1b" not in lines and b"\x07" not in lines, lines)
        # No line begins with somebody else's words.
        for line in lines.split(b"\n"):
            holds(not line.startswith(b"lines.yaml"), line)
        # With a name of its own inside, the file's is only a file's.
        with open(os.path.join(os.fsencode(rig.path("plans")), b"\xff\xfe\x80.yaml"), "wb") as f:
            f.write(LONG.replace("function:", "name: named\nfunction:").encode())
        wait_for(lambda: "named@1" in rig.listed(), 20, "named@1")
        rig.status("named@1")
        before = sorted(rig.listed())
        rig.stop()
        rig.start()
        settle(rig)
        same(sorted(rig.listed()), before)
        rig.stop()


def test_inotify_overflow():
    with open("/proc/sys/fs/inotify/max_queued_events") as f:
        limit = int(f.read())
    if limit > 100000:
        raise Skip("a queue of %d events" % limit)
    with Rig(seconds=60) as rig:
        # While the daemon is stopped, more happens than the kernel remembers; what counts comes last.
        os.kill(rig.process.pid, 19)
        try:
            noise = rig.path("plans", "noise.yaml")
            for _ in range(limit // 3 + 100):
                os.close(os.open(noise, os.O_WRONLY | os.O_CREAT, 0o644))
                os.unlink(noise)
            for name in ("a", "b", "c"):
                rig.drop(name + ".yaml", LONG)
            half = os.open(rig.path("plans", "half.yaml"), os.O_WRONLY | os.O_CREAT, 0o644)
            os.write(half, LONG.encode())
        finally:
            os.kill(rig.process.pid, 18)
        wait_for(lambda: {"a@1", "b@1", "c@1"} <= set(rig.listed()), 30, "all three", interval=0.1)
        os.write(half, b"# all of it\n")
        os.close(half)
        wait_for(lambda: digest(LONG + "# all of it\n") in [r["plan_sha256"] for r in rig.listed().values()], 30,
                 "the one whose events were lost", interval=0.1)
        rig.stop()


def test_the_directory_goes_and_comes_again():
    with Rig() as rig:
        rig.drop("one.yaml", LONG)
        rig.wait_phase("one@1", "shifting")
        # Removed with all that is in it, and made again.
        os.unlink(rig.path("plans", "one.yaml"))
        os.rmdir(rig.path("plans"))
        rig.wait_line("cannot look for plans: No such file or directory")
        same(rig.status("one@1")["phase"], "shifting")
        os.mkdir(rig.path("plans"), 0o755)
        rig.drop("one.yaml", LONG)
        rig.drop("two.yaml", LONG)
        wait_for(lambda: sorted(rig.listed()) == ["one@1", "two@1"], 20, "two@1")
        wait_for(lambda: count(rig, "plans: is back") == 1, 20, "a word that it is back")
        # Replaced by another one in a moment.
        os.mkdir(rig.path("fresh"), 0o755)
        write(rig.path("fresh", "three.yaml"), LONG)
        os.rename(rig.path("plans"), rig.path("old"))
        os.rename(rig.path("fresh"), rig.path("plans"))
        wait_for(lambda: "three@1" in rig.listed(), 20, "three@1")
        # And the new one is followed: this comes by notice, long before the next rescan.
        rig.drop("four.yaml", LONG)
        wait_for(lambda: "four@1" in rig.listed(), 10, "four@1")
        # The old one is nobody's business any more.
        write(rig.path("old", "five.yaml"), LONG)
        settle(rig)
        same(sorted(rig.listed()), ["four@1", "one@1", "three@1", "two@1"])
        # Not a directory at all, for a while.
        os.rename(rig.path("plans"), rig.path("away"))
        write(rig.path("plans"), "a file")
        wait_for(lambda: count(rig, "cannot look for plans: Not a directory") == 1, 20, "a word about it")
        os.unlink(rig.path("plans"))
        os.rename(rig.path("away"), rig.path("plans"))
        rig.drop("six.yaml", LONG)
        wait_for(lambda: "six@1" in rig.listed(), 20, "six@1")
        same(rig.status("one@1")["phase"], "shifting")
        rig.stop()


def test_a_directory_that_is_missing_at_the_start():
    with Rig(start=False) as rig:
        os.rmdir(rig.path("plans"))
        rig.start()
        rig.drop("one.yaml", LONG)
        rig.wait_phase("one@1", "shifting")
        rig.stop()


def as_nobody(rig):
    """The daemon as a user without powers, in directories of its own."""
    for name in ("state", "run"):
        os.chown(rig.path(name), NOBODY, NOBODY)
    os.chmod(rig.directory, 0o755)
    for name in ("canaryd.yaml", "credentials"):
        os.chmod(rig.path(name), 0o644)


def test_read_only_and_unreadable():
    need_root()
    wrapper = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
    with Rig(start=False, wrapper=wrapper) as rig:
        as_nobody(rig)
        # The daemon only reads: that it may not write there does not matter.
        os.chmod(rig.path("plans"), 0o555)
        rig.start()
        rig.drop("one.yaml", LONG)
        rig.wait_phase("one@1", "shifting")
        # A plan that it may not read, until it may.
        write(rig.path("new"), LONG, 0o600)
        os.rename(rig.path("new"), rig.path("plans", "two.yaml"))
        holds("cannot be read: Permission denied" in wait_refused(rig, "two.yaml")["two.yaml"]["message"])
        os.chmod(rig.path("plans", "two.yaml"), 0o644)
        wait_for(lambda: "two@1" in rig.listed(), 20, "two@1")
        same(refused(rig), {})
        # A directory that it may not look into, until it may.
        os.chmod(rig.path("plans"), 0o700)
        rig.drop("three.yaml", LONG)
        rig.wait_line("cannot look for plans: Permission denied", "live rollouts go on")
        os.chmod(rig.path("plans"), 0o755)
        wait_for(lambda: sorted(rig.listed()) == ["one@1", "three@1", "two@1"], 20, "three@1")
        same(count(rig, "cannot look for plans"), 1)
        rig.stop()


def test_a_read_only_file_system():
    need_root()
    with Rig(start=False) as rig:
        if subprocess.run(["mount", "-t", "tmpfs", "plans", rig.path("plans")], capture_output=True).returncode != 0:
            raise Skip("may not mount here")
        try:
            os.chmod(rig.path("plans"), 0o755)
            write(rig.path("plans", "one.yaml"), LONG)
            subprocess.run(["mount", "-o", "remount,ro", rig.path("plans")], check=True, capture_output=True)
            try:
                write(rig.path("plans", "two.yaml"), LONG)
                raise AssertionError("that file system is not read-only")
            except OSError as error:
                same(error.errno, errno.EROFS)
            rig.start()
            rig.wait_phase("one@1", "shifting")
            rig.stop()
        finally:
            subprocess.run(["umount", "-l", rig.path("plans")], check=True, capture_output=True)


run_together(sys.modules[__name__])
