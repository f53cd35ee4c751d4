"""What the wire and other people do to a rollout: replies get lost, AWS throttles, fails, hangs and talks nonsense,
credentials are wrong, the network is gone, somebody else moves the alias. Blindness is neither health nor sickness,
no write is ever repeated that took effect, and a rollback is tried until it is verified."""

import sys

from rig import SECRET, Rig, check_writes, holds, plan, run_together, same, scenario, wait_for, wanted

SHORT = plan(steps=((5, "1s"), (25, "1s")), bake="1s")
LADDER = [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})]
FAILING = "errors: [{from: 0s, rate: 30%}]"


def rig_with(*faults, **more):
    return Rig(scenario(faults=faults, new=more.pop("new", "error_rate: 0%")), **more)


def good_end(rig, seconds=50):
    """The plan's writes took effect once each, in order, whatever happened on the way."""
    rig.wait_phase("checkout@1", "succeeded", seconds)
    same([wanted(line) for line in rig.writes()], LADDER)
    same(rig.alias(), ("42", {}))
    rig.stop()
    events = rig.events("checkout@1")
    same([e["weight_to"] for kind, e in events if kind == "weight-set"], [5, 25, 100])
    return events


def roll_out(*faults, **more):
    """A rollout with these faults, to its good end: (UpdateAlias calls, events, log of the daemon)."""
    with rig_with(*faults, **more) as rig:
        rig.drop("checkout.yaml", SHORT)
        events = good_end(rig)
        return rig.calls("UpdateAlias"), events, rig.stderr()


def gaps(calls):
    return [(b["t_ms"] - a["t_ms"]) / 1e3 for a, b in zip(calls, calls[1:])]


def test_reply_lost_after_the_write_took_effect():
    for action in ("reset", "truncate", "garbage"):
        calls, _, _ = roll_out("operation: UpdateAlias, call: 2, action: %s, effect: after" % action)
        same((action, [wanted(c) for c in calls]), (action, LADDER))


def test_write_that_did_not_take_effect():
    calls, events, _ = roll_out("operation: UpdateAlias, call: 2, action: reset")
    same([wanted(c) for c in calls], LADDER[:2] + LADDER[1:])
    # The same RevisionId again: it was read anew, and said that nothing had happened.
    same(calls[1]["body"]["RevisionId"], calls[2]["body"]["RevisionId"])


def test_throttled_with_retry_after():
    calls, events, log = roll_out("operation: UpdateAlias, call: 1-2, status: 429, retry_after: 3s")
    same([c["status"] for c in calls], [429, 429, 200, 200, 200])
    holds(min(gaps(calls)[:2]) >= 3, gaps(calls))
    told = [e for kind, e in events if kind == "retrying"]
    holds(told and told[0]["fault"] == "throttled", events)
    holds("waits for AWS: throttled (TooManyRequestsException" in log, log)


def test_server_errors():
    calls, _, _ = roll_out("operation: UpdateAlias, call: 1-3, status: 500",
                           "operation: GetAlias, call: 1-2, status: 503",
                           "operation: GetFunctionConfiguration, call: 1, status: 500",
                           "operation: GetMetricData, every: 3, status: 500")
    same([c["status"] for c in calls], [500, 500, 500, 200, 200, 200])
    same([wanted(c) for c in calls], LADDER[:1] * 3 + LADDER)


def test_conflict_while_updating():
    calls, _, _ = roll_out("operation: UpdateAlias, call: 2-3, status: 409")
    same([c["status"] for c in calls], [200, 409, 409, 200, 200])


def test_hanging_write():
    # After ten seconds it counts as lost, and is looked for; whether it took effect shows in the RevisionId.
    calls, _, _ = roll_out("operation: UpdateAlias, call: 2, action: hang, effect: after")
    same([wanted(c) for c in calls], LADDER)
    holds(gaps(calls)[1] < 25, gaps(calls))


def blind_spell(*faults, **more):
    _, events, log = roll_out(*faults, **more)
    kinds = [kind for kind, _ in events]
    holds("blind" in kinds and "seeing" in kinds, kinds)
    holds(kinds.index("blind") < kinds.index("seeing"), kinds)
    return next(e for kind, e in events if kind == "blind"), log


def test_truncated_metrics():
    blind, _ = blind_spell("operation: GetMetricData, call: 3-7, action: truncate")
    same(blind["cause"], "api-error")


def test_garbage_instead_of_metrics():
    blind, _ = blind_spell("operation: GetMetricData, call: 3-7, action: garbage")
    same(blind["cause"], "api-error")


def test_metrics_throttled():
    # A call is tried three times before it counts.
    blind, log = blind_spell("operation: GetMetricData, call: 3-8, status: 400, code: Throttling")
    same(blind["cause"], "throttled")
    holds("cannot be seen: CloudWatch throttles (Throttling" in log, log)


def test_hanging_metrics():
    _, events, _ = roll_out("operation: GetMetricData, call: 4, action: hang")
    # Asked again when ten seconds have brought nothing, before anybody is told.
    holds("blind" not in [kind for kind, _ in events], events)


def test_blindness_does_not_let_a_step_pass():
    with rig_with("operation: GetMetricData, call: 4-, status: 500") as rig:
        rig.drop("checkout.yaml", SHORT.replace("max_blind: 2m", "max_blind: 5s"))
        shown = rig.wait_phase("checkout@1", "rolled-back")
        # Never forward without sight, and back after max_blind.
        same([wanted(line) for line in rig.writes()], [LADDER[0], ("41", {})])
        same((shown["reason"], rig.alias()), ("blind", ("41", {})))
        begin, end = (line["t_ms"] / 1e3 for line in rig.writes())
        holds(5 <= end - begin < 15, end - begin)
        rig.stop()


def test_wrong_secret():
    with rig_with(secret="wrong" * 8) as rig:
        rig.drop("checkout.yaml", SHORT)
        rig.wait_line("checkout@1", "waits for AWS: credentials")
        holds(rig.listed()["checkout@1"]["phase"] == "preflight", rig.listed())
        rig.set_secret(SECRET)
        rig.wait_phase("checkout@1", "shifting")
        # In mid-rollout: it holds, says why, and goes on when they are good again.
        rig.set_secret("worse" * 8)
        rig.wait_line("cannot be seen: no valid credentials")
        writes = len(rig.writes())
        shown = rig.status("checkout@1")
        same((shown["phase"], shown["wait_kind"]), ("shifting", "sight"))
        holds("credentials" in shown["wait"], shown["wait"])
        rig.set_secret(SECRET)
        rig.wait_line("checkout@1", "can be seen again")
        same(len(rig.writes()), writes)
        good_end(rig)


def foreign_hand(change, at, outcome="released", deadline="", **more):
    """Somebody else changes the alias when `at` writes were made; the alias is left alone from then on."""
    with rig_with(**more) as rig:
        rig.drop("checkout.yaml", plan(steps=((5, "2s"), (25, "2s")), bake="2s") + deadline)
        wait_for(lambda: len(rig.writes()) == at, 30, "%d writes" % at)
        rig.change_alias(*change)
        shown = rig.wait_phase("checkout@1", outcome)
        same((len(rig.writes()), rig.alias()), (at, change))
        if outcome == "released":
            rig.wait_line("checkout@1", "was changed by somebody else", "event=foreign")
        rig.stop()
        # Not after a restart either.
        asked = len(rig.log())
        rig.start()
        same(rig.status("checkout@1")["phase"], outcome)
        rig.stop()
        same((len(rig.log()), rig.alias()), (asked, change))
        return shown


def test_somebody_else_sets_another_weight():
    shown = foreign_hand(("41", {"42": 0.5}), at=1)
    same(shown["reason"], "foreign")
    holds("somebody else" in shown["reason_text"], shown)


def test_somebody_else_is_faster_than_the_rollback():
    foreign_hand(("41", {"42": 0.9}), at=2, new="errors: [{from: 0s, rate: 0%}, {from: 6s, rate: 30%}]")


# Without requests for version 42 there is no evidence, and so no write that would find out, until the deadline.
def test_somebody_else_moves_on_to_a_third_version():
    foreign_hand(("43", {}), at=1, deadline="deadline: 12s\n")


# What is there already needs no write, whoever wrote it.
def test_somebody_else_takes_the_weight_away():
    foreign_hand(("41", {}), at=1, outcome="rolled-back", deadline="deadline: 12s\n")


def test_somebody_else_promotes():
    foreign_hand(("42", {}), at=2, outcome="succeeded")


def test_same_routing_written_by_somebody_else():
    with rig_with() as rig:
        rig.drop("checkout.yaml", SHORT)
        wait_for(lambda: len(rig.writes()) == 1, 30, "the first write")
        rig.change_alias("41", {"42": 0.05})
        events = good_end(rig)
        holds("revision-adopted" in [kind for kind, _ in events], events)


def test_network_unplugged_and_plugged_in():
    with rig_with(wired=True) as rig:
        rig.drop("checkout.yaml", SHORT)
        wait_for(lambda: len(rig.writes()) == 1, 30, "the first write")
        rig.wire.cut()
        rig.wait_line("checkout@1", "cannot be seen: CloudWatch cannot be read (127.0.0.1", "holding")
        asked = len(rig.log())
        shown = rig.status("checkout@1")
        same((shown["phase"], shown["wait_kind"], shown["weight_actual"]), ("shifting", "sight", 5))
        same(len(rig.log()), asked)
        rig.wire.plug()
        rig.wait_line("checkout@1", "can be seen again", seconds=30)
        good_end(rig)


def test_rollback_through_a_gone_network():
    with rig_with(new=FAILING, wired=True) as rig:
        rig.drop("checkout.yaml", plan(steps=((25, "30s"),)))
        rig.wait_line("event=breach")
        # The write may have been faster than the hand at the plug; then there is nothing more to see here.
        rig.wire.cut()
        rig.wait_line("checkout@1", " 0 %", seconds=5)
        rig.wire.plug()
        rig.wait_phase("checkout@1", "rolled-back")
        same(rig.alias(), ("41", {}))
        same([wanted(line) for line in rig.writes()], [("41", {"42": 0.25}), ("41", {})])
        rig.stop()


def rolled_back(*faults):
    with rig_with(*faults, new=FAILING) as rig:
        rig.drop("checkout.yaml", plan(steps=((25, "30s"),)))
        rig.wait_phase("checkout@1", "rolled-back", 50)
        same(rig.alias(), ("41", {}))
        same([wanted(line) for line in rig.writes()], [("41", {"42": 0.25}), ("41", {})])
        rig.stop()
        return rig.calls("UpdateAlias"), rig.events("checkout@1"), rig.stderr(), rig.log()


def test_rollback_is_tried_until_it_is_verified():
    calls, events, log, _ = rolled_back("operation: UpdateAlias, call: 2-6, status: 500")
    same([c["status"] for c in calls], [200, 500, 500, 500, 500, 500, 200])
    # Five seconds at most before the read that says what became of it, and five before the next write.
    holds(max(gaps(calls)[1:]) <= 11, gaps(calls))
    kinds = [kind for kind, _ in events]
    holds("rollback-failing" in kinds, kinds)
    holds("alert checkout@1: checkout:live is NOT back on version 41 yet" in log, log)


def test_one_failure_in_a_rollback_is_no_alert():
    calls, events, log, _ = rolled_back("operation: UpdateAlias, call: 2, status: 500")
    same([c["status"] for c in calls], [200, 500, 200])
    holds("rollback-failing" not in [kind for kind, _ in events], events)
    holds("could not be put back on version 41 at the first try" in log and " alert " not in log, log)


def test_rollback_whose_reply_is_lost():
    calls, _, _, _ = rolled_back("operation: UpdateAlias, call: 2, action: reset, effect: after")
    same(len(calls), 2)


def test_rollback_that_cannot_be_read_back_at_first():
    # Call 1 is the preflight's.
    calls, events, _, log = rolled_back("operation: GetAlias, call: 2-4, status: 503")
    same(len(calls), 2)
    check_writes(log)
    reads = [line["status"] for line in log if line["operation"] == "GetAlias"]
    same(reads, [200, 503, 503, 503, 200])


def test_rollback_throttled_does_not_wait_for_ever():
    calls, _, _, _ = rolled_back("operation: UpdateAlias, call: 2-3, status: 429, retry_after: 600s")
    holds(max(gaps(calls)[1:]) <= 11, gaps(calls))


run_together(sys.modules[__name__], workers=8)
