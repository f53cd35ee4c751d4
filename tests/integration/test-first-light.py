"""A dropped plan moves an alias over the wire: 5 %, 25 %, 100 %, exactly as the plan says, and nothing else."""

import hashlib
import sys

from rig import CREDENTIALS, Rig, check_writes, holds, note, plan, run, same, wait_for, wanted

PLAN = plan(steps=((5, "2s"), (25, "3s")), bake="2s")
STEADY = ("id", "name", "plan_path", "plan_sha256", "phase", "function", "alias", "region", "version_old",
          "version_new", "step", "steps", "weight_wanted", "weight_actual", "reason")


def check_agreement(rig):
    """list and status say the same; asked until both fall into one moment."""
    def agree():
        listed, shown = rig.listed()["checkout@1"], rig.status("checkout@1")
        return all(listed[k] == shown[k] for k in STEADY) and shown

    return wait_for(agree, 10, "list and status to agree", interval=0.1)


def check_wire(rig):
    # Without those unsigned requests that keep a connection open for a rollback.
    log = [line for line in rig.log() if line["operation"]]
    same([wanted(line) for line in log if line["operation"] == "UpdateAlias"],
         [("41", {"42": 0.05}), ("41", {"42": 0.25}), ("42", {})])
    same([line["status"] for line in log if line["operation"] == "UpdateAlias"], [200, 200, 200])
    check_writes(log)
    # 0.05 is what goes out, not 0.050000000000000003.
    with open(rig.simulator.path("log")) as f:
        texts = [line for line in f if '"operation":"UpdateAlias"' in line]
    for text, weights in zip(texts, ('{"42":0.05}', '{"42":0.25}', "{}")):
        holds('"AdditionalVersionWeights":' + weights in text, text)
    # Both versions and the recent past are looked at before the first write, and the promote is read back.
    names = [line["operation"] for line in log]
    first, last = names.index("UpdateAlias"), len(names) - 1 - names[::-1].index("UpdateAlias")
    same(names[:first], ["GetAlias", "GetProvisionedConcurrencyConfig", "GetFunctionConfiguration",
                         "GetFunctionConfiguration", "GetMetricData"])
    holds("GetAlias" in names[last:], names[last:])
    # Nobody else writes, and nothing is asked that no step needs.
    same(set(names), {"GetAlias", "GetProvisionedConcurrencyConfig", "GetFunctionConfiguration", "UpdateAlias", "GetMetricData"})
    same({line["status"] for line in log if line["operation"] != "GetProvisionedConcurrencyConfig"}, {200})


def check_holds(rig):
    first, second, third = [line["t_ms"] for line in rig.calls("UpdateAlias")]
    note("held for %.2f s and %.2f s, asked for 2 s and 3 s" % ((second - first) / 1e3, (third - second) / 1e3))
    holds(second - first >= 2000 and third - second >= 3000, first, second, third)


def test_the_plan_and_nothing_but_the_plan():
    with Rig() as rig:
        rig.drop("checkout.yaml", PLAN)
        rig.wait_phase("checkout@1", "shifting")
        during = check_agreement(rig)
        rig.wait_phase("checkout@1", "succeeded")
        after = check_agreement(rig)
        check_wire(rig)
        check_holds(rig)
        same(rig.alias(), ("42", {}))

        same((during["version_old"], during["version_new"], during["steps"]), (41, 42, 3))
        same((after["phase"], after["weight_actual"], after["errors_new"]), ("succeeded", 100, 0))
        same(after["plan_sha256"], hashlib.sha256(PLAN.encode()).hexdigest())
        holds(after["invocations_new"] > 0, after)
        same([(step["weight"], step["hold_usec"]) for step in after["ladder"]],
             [(5, 2000000), (25, 3000000), (100, 2000000)])

        rig.stop()
        check_events(rig)
        # A restart finds it done: nothing is asked of AWS, and the same file is no news.
        asked = len(rig.log())
        rig.start()
        same(rig.status("checkout@1")["phase"], "succeeded")
        same(list(rig.listed()), ["checkout@1"])
        rig.stop()
        same(len(rig.log()), asked)


def check_events(rig):
    events = rig.events("checkout@1")
    told = [kind for kind, _ in events if kind not in ("holding", "resumed", "finding")]
    same(told, ["started", "preflight-passed", "weight-intent", "weight-set", "step-passed", "weight-intent",
                "weight-set", "step-passed", "weight-intent", "weight-set", "promoted", "baking", "succeeded"])
    same([e["weight_to"] for kind, e in events if kind == "weight-set"], [5, 25, 100])
    same({e["plan_sha256"] for _, e in events}, {hashlib.sha256(PLAN.encode()).hexdigest()})
    # What was asked of AWS can be found there again.
    ids = [line["request_id"] for line in rig.calls("UpdateAlias")]
    sets = [e["aws_request_id"] for kind, e in events if kind == "weight-set"]
    same(sets[:2], ids[:2])


def test_two_aliases_at_once():
    text = CREDENTIALS + """
functions:
  - {name: a, versions: [{version: 1}, {version: 2}], aliases: [{name: live, version: 1}],
     traffic: [{alias: live, requests_per_second: 400}]}
  - {name: b, versions: [{version: 8}, {version: 9}], aliases: [{name: live, version: 8}],
     traffic: [{alias: live, requests_per_second: 400}]}
metrics: {resolution: 1s, delay: 300ms, trickle: 0s, history: 30s}
"""
    with Rig(text) as rig:
        for function, version in (("a", 2), ("b", 9)):
            rig.drop(function + ".yaml", plan().replace("function: checkout", "function: " + function)
                     .replace("to: 42", "to: %d" % version))
        for function in "ab":
            rig.wait_phase(function + "@1", "succeeded")
        for function, versions in (("a", ("1", "2")), ("b", ("8", "9"))):
            log = [line for line in rig.log() if line.get("function") == function]
            old, new = versions
            same([wanted(line) for line in log if line["operation"] == "UpdateAlias"],
                 [(old, {new: 0.05}), (old, {new: 0.25}), (new, {})])
            check_writes(log)
        rig.stop()


run(sys.modules[__name__])
