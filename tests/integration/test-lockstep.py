"""Eight aliases over three regions that move together: one breaches, all are back, the last one first; and the
daemon dies between the writes of two of them."""

import sys
import time

from rig import CREDENTIALS, Rig, holds, note, run_together, same, wait_for, wanted

PLACES = [(region, alias) for region, aliases in
          (("eu-west-1", ("a", "b", "c")), ("us-east-1", ("a", "b", "c")), ("ap-south-1", ("a", "b")))
          for alias in aliases]
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")

HEAD = """seed: 7
regions: [eu-west-1, us-east-1, ap-south-1]
metrics: {resolution: 1s, delay: 300ms, trickle: 0s, history: 30s}
functions:
"""
FUNCTION = """  - name: checkout
    region: %s
    versions: [{version: 41}, {version: 42, %s}]
    aliases: [%s]
    traffic: [%s]
"""
PLAN = """format: 1
name: fleet
function: checkout
to: 42
%s
steps:
  - {weight: 10%%, hold: %s}
bake: 2s
health:
  every: 1s
  period: 1s
  settled_after: 2s
  checks:
    - {name: errors, metric: error_rate, max: 5%%, min_requests: 1}
"""


def world(failing=None):
    text = CREDENTIALS + HEAD
    for region in REGIONS:
        aliases = [alias for r, alias in PLACES if r == region]
        bad = "errors: [{from: 0s, rate: 0%}, {from: 3s, rate: 50%}]" if region == failing else "error_rate: 0%"
        text += FUNCTION % (region, bad, ", ".join("{name: %s, version: 41}" % a for a in aliases),
                            ", ".join("{alias: %s, requests_per_second: 100}" % a for a in aliases))
    return text


def target(place):
    return "{region: %s, alias: %s}" % place


def fleet(hold="4s"):
    return PLAN % ("targets:\n" + "\n".join("  - " + target(place) for place in PLACES), hold)


def waves(on_failure, hold="3s"):
    text = "waves:\n"
    for region in REGIONS:
        text += "  - name: %s\n    bake: 2s\n    targets:\n" % region
        text += "".join("      - %s\n" % target(place) for place in PLACES if place[0] == region)
    return PLAN.replace("bake: 2s\n", "") % (text + "on_wave_failure: " + on_failure, hold)


def place_of(event):
    return event["region"], event["alias"]


def intents(rig):
    """(place, per cent) in the order of the event log."""
    return [(place_of(e), e["weight_to"]) for kind, e in rig.events("fleet@1") if kind == "weight-intent"]


def rows(rig):
    return {(t["region"], t["alias"]): t for t in rig.status("fleet@1")["targets"]}


def check_split_order(rig):
    same([place for place, weight in intents(rig) if weight == 10], PLACES)


def test_a_breach_on_one_takes_all_eight_back_in_reverse_order():
    with Rig(world("us-east-1")) as rig:
        rig.drop("fleet.yaml", fleet("20s"))
        rig.wait_phase("fleet@1", "rolled-back")
        check_split_order(rig)
        same([place for place, weight in intents(rig) if weight == 0], PLACES[::-1])
        shown = rows(rig)
        same(len(shown), len(PLACES))
        for place in PLACES:
            same((place, shown[place]["weight_actual"]), (place, 0))
        breach = next(e for kind, e in rig.events("fleet@1") if kind == "breach")
        same(breach["region"], "us-east-1")
        back = [line for line in rig.writes() if wanted(line) == ("41", {})]
        same(len(back), len(PLACES))
        note("all of them went out within %d ms" % (back[-1]["t_ms"] - back[0]["t_ms"]))


def test_eight_that_are_well_move_together():
    with Rig(world()) as rig:
        rig.drop("fleet.yaml", fleet())
        rig.wait_phase("fleet@1", "succeeded")
        order = intents(rig)
        same(order, [(place, 10) for place in PLACES] + [(place, 100) for place in PLACES])
        writes = rig.writes()
        same([wanted(w) for w in writes[:8]], [("41", {"42": 0.1})] * 8)
        same([wanted(w) for w in writes[8:]], [("42", {})] * 8)


def test_waves_of_regions_and_the_one_that_fails_goes_back_alone():
    with Rig(world("us-east-1")) as rig:
        rig.drop("fleet.yaml", waves("wave", "6s"))
        rig.wait_phase("fleet@1", "rolled-back", seconds=60)
        shown = rows(rig)
        for place in PLACES:
            same((place, shown[place]["weight_actual"]), (place, 100 if place[0] == "eu-west-1" else 0))
        same([place for place, weight in intents(rig) if weight == 0],
             [place for place in PLACES[::-1] if place[0] == "us-east-1"])
        holds(not any(place[0] == "ap-south-1" for place, _ in intents(rig)), "a later wave was touched")
        end = rig.events("fleet@1")[-1]
        same((end[0], end[1]["wave"], end[1]["waves_staying"]), ("rolled-back", "us-east-1", ["eu-west-1"]))


def test_a_wave_that_fails_takes_those_before_it_along():
    with Rig(world("us-east-1")) as rig:
        rig.drop("fleet.yaml", waves("all", "6s"))
        rig.wait_phase("fleet@1", "rolled-back", seconds=60)
        same([place for place, weight in intents(rig) if weight == 0],
             [place for place in PLACES[::-1] if place[0] != "ap-south-1"])
        for row in rows(rig).values():
            same(row["weight_actual"], 0)


def test_killed_between_the_writes_of_two_targets():
    with Rig(world()) as rig:
        rig.drop("fleet.yaml", fleet())
        for wave_of_writes in (8, 16):
            first = wave_of_writes - 8
            wait_for(lambda: len(rig.writes()) > first, 40, "a first write", interval=0.0005)
            rig.kill()
            landed = len(rig.writes())
            note("killed when %d of %d writes were made" % (landed - first, 8))
            rig.start()
            wait_for(lambda: len(rig.writes()) >= wave_of_writes, 40, "all writes")
        rig.wait_phase("fleet@1", "succeeded")
        writes = rig.writes()
        same(sorted(str(wanted(w)) for w in writes),
             sorted([str(("41", {"42": 0.1}))] * 8 + [str(("42", {}))] * 8))
        kinds = [kind for kind, _ in rig.events("fleet@1")]
        same(kinds.count("weight-set"), 16)
        holds("resumed" in kinds, kinds)


def test_a_newer_plan_takes_the_place_of_one_that_gives_way():
    with Rig(world()) as rig:
        rig.drop("fleet.yaml", fleet("60s") + "on_newer_plan: supersede\n")
        rig.wait_phase("fleet@1", "shifting")
        wait_for(lambda: len(rig.writes()) == 8, 20, "the first step")
        rig.drop("fleet.yaml", fleet("1s"))
        rig.wait_phase("fleet@1", "rolled-back")
        rig.wait_phase("fleet@2", "succeeded")
        same(rig.status("fleet@1")["reason"], "superseded")


def test_nothing_moves_before_its_time():
    with Rig(world()) as rig:
        begin = int(time.time()) + 6
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin))
        rig.drop("fleet.yaml", fleet("1s") + "not_before: %s\n" % stamp)
        shown = wait_for(lambda: (lambda r: r and r["wait_kind"] == "window" and r)(rig.listed().get("fleet@1")), 20,
                         "the wait")
        same((shown["phase"], shown["wait"]), ("preflight", "waits until %s (not_before)" % stamp))
        rig.wait_phase("fleet@1", "succeeded")
        holds(time.time() >= begin, "it was early")
        holds(len(rig.calls("GetAlias")) >= 16, "the aliases were not read again")


run_together(sys.modules[__name__])
