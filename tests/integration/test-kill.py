"""kill -9 at 20 random moments of a rollout, started again each time: no step is skipped, repeated or shortened,
and the alias ends where it would have ended. --seed N repeats a run's moments."""

import random
import sys
import time

from rig import Rig, check_writes, holds, is_sanitized, note, plan, run_together, same, scenario, wait_for, wanted

KILLS = 20
SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else random.SystemRandom().randrange(2**32)
STEPS = ((5, 5), (25, 5))
BAKE = 4
UP_AT_MOST = 0.75  # seconds that the daemon lives between two kills


class Killer:
    """Ends the daemon without warning and starts it again. The moments are random, but half of the writes that
    appear in the request log are a moment, too: then the reply is on its way, or its record is."""

    def __init__(self, rig, seed):
        self.rig = rig
        self.random = random.Random(seed)
        self.moments = []
        self.killed_on_write = 0

    def wait(self, seconds):
        """True: cut short by a write."""
        writes = len(self.rig.calls("UpdateAlias"))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.002)
            now = len(self.rig.calls("UpdateAlias"))
            if now > writes and self.random.random() < 0.5:
                self.killed_on_write += 1
                return True
            writes = now
        return False

    def strike(self, at_most=UP_AT_MOST):
        self.wait(self.random.uniform(0, at_most))
        self.rig.kill()
        self.moments.append(len(self.rig.log()))
        self.rig.spawn()

    def tell(self):
        note("%d kills, %d of them on a write, after these many requests: %s" %
             (len(self.moments), self.killed_on_write, " ".join(map(str, self.moments))))


def check_steps(rig, expected):
    writes = rig.writes()
    same([wanted(line) for line in writes], expected)
    # A write that AWS took and whose reply was lost is not sent again: so none was ever refused.
    same([line["status"] for line in rig.calls("UpdateAlias") if line["status"] not in (0, 200)], [])
    check_writes(rig.log())
    for (weight, hold), begin, end in zip(STEPS, writes, writes[1:]):
        held = (end["t_ms"] - begin["t_ms"]) / 1e3
        note("%d %% was held for %.2f s" % (weight, held))
        holds(held >= hold or wanted(end) == ("41", {}), weight, held)


def check_store(rig, outcome, *once):
    """The event log has no gap, seals itself, and tells each thing once in spite of everything."""
    kinds = [kind for kind, _ in rig.events("checkout@1")]
    for kind in ("started", "preflight-passed", outcome, *once):
        same((kind, kinds.count(kind)), (kind, 1))
    same(kinds[-1], outcome)
    same(kinds.count("weight-set"), len(rig.writes()))
    holds(kinds.count("resumed") > 0, kinds)


def drop_and_kill(rig, seed, text):
    note("seed %d" % seed)
    killer = Killer(rig, seed)
    rig.drop("checkout.yaml", text)
    # A daemon that starts beside the file looks at it for a second first, and none lives that long here.
    wait_for(rig.log, 20, "the rollout to begin", interval=0.002)
    return killer


def steps_plan():
    return plan(steps=tuple((weight, "%ds" % hold) for weight, hold in STEPS), bake="%ds" % BAKE)


def test_twenty_kills_of_a_good_rollout():
    with Rig() as rig:
        killer = drop_and_kill(rig, SEED, steps_plan())
        for _ in range(KILLS - 4):
            killer.strike()
        # The last ones are kept for the end of the rollout, wherever the first ones have brought it.
        wait_for(lambda: len(rig.writes()) == 3, 40, "the promote", interval=0.002)
        promoted = time.monotonic()
        killer.strike(0.02)
        for _ in range(3):
            killer.strike()
        holds(time.monotonic() - promoted < BAKE, "the kills took longer than the bake")
        killer.tell()
        rig.wait_ready()
        rig.wait_phase("checkout@1", "succeeded")
        same(rig.alias(), ("42", {}))
        check_steps(rig, [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})])
        rig.stop()
        check_store(rig, "succeeded", "promoted", "baking")


def test_twenty_kills_of_one_that_rolls_back():
    failing = "errors: [{from: 0s, rate: 0%}, {from: 8s, rate: 30%}]"
    with Rig(scenario(failing)) as rig:
        killer = drop_and_kill(rig, SEED + 1, steps_plan())
        for _ in range(KILLS - 3):
            killer.strike()
        # Without a moment to look, the daemon would never see a breach.
        wait_for(lambda: ("41", {}) in map(wanted, rig.writes()), 40, "the rollback", interval=0.002)
        for _ in range(3):
            killer.strike(0.05)
        killer.tell()
        rig.wait_ready()
        rig.wait_phase("checkout@1", "rolled-back")
        same(rig.alias(), ("41", {}))
        writes = [wanted(line) for line in rig.writes()]
        same(writes, [w for w in (("41", {"42": 0.05}), ("41", {"42": 0.25}), ("41", {})) if w in writes])
        check_steps(rig, writes)
        rig.stop()
        check_store(rig, "rolled-back", "breach", "rollback-started")


def test_killed_between_each_write_and_its_reply():
    with Rig(scenario(faults=["operation: UpdateAlias, action: delay, delay: 500ms, effect: after"])) as rig:
        rig.drop("checkout.yaml", plan(steps=((5, "1s"), (25, "1s")), bake="1s"))
        for alias in (("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})):
            wait_for(lambda: rig.alias() == alias, 20, "the alias to be %r" % (alias,), interval=0.005)
            rig.kill()
            rig.start()
        rig.wait_phase("checkout@1", "succeeded")
        same([wanted(line) for line in rig.calls("UpdateAlias")],
             [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})])
        check_writes(rig.log())
        rig.stop()
        check_store(rig, "succeeded", "promoted")


# The write of the daemon that was killed and that of the next one are both under way: one of the two comes too late.
def test_killed_between_each_write_and_its_effect():
    with Rig(scenario(faults=["operation: UpdateAlias, action: delay, delay: 1500ms"]), wired=True) as rig:
        rig.drop("checkout.yaml", plan(steps=((5, "1s"), (25, "1s")), bake="1s"))
        for weight in (5, 25, 100):
            sent = rig.wire.writes
            wait_for(lambda: rig.wire.writes > sent, 20, "a write", interval=0.005)
            rig.kill()
            rig.start()
            rig.wait_line("is at %d %% on version 42" % weight)
        rig.wait_phase("checkout@1", "succeeded")
        same([wanted(line) for line in rig.writes()], [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})])
        statuses = {line["status"] for line in rig.calls("UpdateAlias")} - {0}
        holds(statuses == {200, 412} or (is_sanitized() and statuses == {200}), statuses)
        same(rig.alias(), ("42", {}))
        rig.stop()
        check_store(rig, "succeeded", "promoted")


run_together(sys.modules[__name__])
