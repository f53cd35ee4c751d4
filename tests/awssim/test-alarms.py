"""DescribeAlarms of awssim, in both protocols."""

import sys
import time
import xml.etree.ElementTree as ElementTree

from simulator import CREDENTIALS, Simulator, holds, run, same, wait_for

SCENARIO = CREDENTIALS + """
regions: [us-east-1]
metrics: {resolution: 1s, delay: 0ms, trickle: 0ms, history: 30s}
functions:
  - name: checkout
    versions: [{version: 41}, {version: 42, error_rate: 50%%}]
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 200}]
alarms:
  - {name: calm}
  - {name: loud, state: ALARM, reason: too much}
  - {name: moving, state: [{from: 0s, state: INSUFFICIENT_DATA}, {from: 1s, state: OK}, {from: 2s, state: ALARM}]}
  - {name: doubtful, evaluation_state: PARTIAL_DATA}
  - {name: both, type: composite, state: ALARM}
  - {name: gone, state: missing}
  - {name: far, region: us-east-1}
  - {name: follower, follows: {function: checkout, alias: live, error_rate_above: 5%%, over: 1s}}
cloudwatch: {composite_alarms: %s}
"""
EVERY_TYPE = ["MetricAlarm", "CompositeAlarm"]
SPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def playing(composite="shown"):
    return Simulator(SCENARIO % composite)


def ask(sim, names=None, types=None, **more):
    body = {n: v for n, v in (("AlarmNames", names), ("AlarmTypes", types)) if v is not None}
    signing = {k: more.pop(k) for k in ("region",) if k in more}
    return sim.cloudwatch(dict(body, **more), "DescribeAlarms", **signing)


def ask_xml(sim, names=(), types=(), **more):
    parameters = {"AlarmNames.member.%d" % i: n for i, n in enumerate(names, 1)}
    parameters.update({"AlarmTypes.member.%d" % i: t for i, t in enumerate(types, 1)})
    return sim.query("monitoring", "2010-08-01", "DescribeAlarms", dict(parameters, **more))


def found(reply):
    same(reply.status, 200)
    if reply.headers["content-type"] == "text/xml":
        root = ElementTree.fromstring(reply.text)
        alarms = root.findall(".//%sMetricAlarms/%smember" % (SPACE, SPACE)) + \
            root.findall(".//%sCompositeAlarms/%smember" % (SPACE, SPACE))
        return {a.find(SPACE + "AlarmName").text: {e.tag[len(SPACE):]: e.text for e in a} for a in alarms}
    return {a["AlarmName"]: a for a in reply.json["MetricAlarms"] + reply.json["CompositeAlarms"]}


def test_names_and_types():
    with playing() as sim:
        for each in (ask, ask_xml):
            same(set(found(each(sim))), {"calm", "loud", "moving", "doubtful", "follower"})
            got = found(each(sim, ["loud", "both", "gone", "unheard", "far"], EVERY_TYPE))
            same({n: a["StateValue"] for n, a in got.items()}, {"loud": "ALARM", "both": "ALARM"})
            same((got["loud"]["StateReason"], got["loud"]["MetricName"], "AlarmRule" in got["both"]),
                 ("too much", "Errors", True))
            same(got["loud"]["AlarmArn"], "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:loud")
            same(set(found(each(sim, ["loud", "both"]))), {"loud"})  # metric alarms by default
            same(set(found(each(sim, ["loud", "both"], ["CompositeAlarm"]))), {"both"})
            same(found(each(sim, ["doubtful"]))["doubtful"]["EvaluationState"], "PARTIAL_DATA")
            same(set(found(each(sim, StateValue="ALARM"))) - {"moving"}, {"loud"})
            same(set(found(each(sim, AlarmNamePrefix="ca"))), {"calm"})
        same(set(found(ask(sim, region="us-east-1"))), {"far"})


def test_composite_alarms_may_be_hidden():
    with playing("hidden") as sim:
        same(set(found(ask(sim, ["loud", "both"], EVERY_TYPE))), {"loud"})


def test_refusals():
    with playing() as sim:
        many = ["n%d" % i for i in range(101)]
        same(ask(sim, many).error[:2], (400, "com.amazon.coral.validate#ValidationException"))
        same(ask_xml(sim, many).error[:2], (400, "ValidationError"))
        same(ask(sim, many[:100]).status, 200)
        same(ask(sim, MaxRecords=101).error[1], "com.amazon.coral.validate#ValidationException")
        same(ask(sim, types=["Alarm"]).error[1], "com.amazon.coral.validate#ValidationException")
        same(ask(sim, StateValue="missing").error[1], "com.amazon.coral.validate#ValidationException")
        same(ask(sim, NextToken="x").error[1], "com.amazonaws.cloudwatch.v2010_08_01#InvalidNextToken")
        same(ask_xml(sim, ["a"], AlarmNamePrefix="a").error[:2], (400, "InvalidParameterCombination"))
        same(ask_xml(sim, MaxRecords="0").error[:2], (400, "ValidationError"))
        same(ask(sim, "loud").error[1], "com.amazon.coral.service#SerializationException")
        same(ask(sim, [1]).error[1], "com.amazon.coral.service#SerializationException")


def test_pages():
    with playing() as sim:
        for each, key in ((ask, "NextToken"), (ask_xml, None)):
            names, more, n = set(), {}, 0
            while True:
                reply = each(sim, types=EVERY_TYPE, MaxRecords=2, **more)
                page = found(reply)
                holds(len(page) <= 2, page)
                names |= set(page)
                n += 1
                token = reply.json.get(key) if key else reply.xml.get("NextToken")
                if not token:
                    break
                more = {"NextToken": token}
            same((names, n), ({"calm", "loud", "moving", "doubtful", "both", "follower"}, 3))


def test_states_change_over_time():
    with playing() as sim:
        start = sim.state()["start"]
        moving = lambda: found(ask(sim, ["moving"]))["moving"]
        for state, age in (("OK", 1), ("ALARM", 2)):
            wait_for(lambda: moving()["StateValue"] == state, 10, state)
            alarm = moving()
            if alarm["StateValue"] == state:
                holds(abs(alarm["StateTransitionedTimestamp"] - start - age) < 0.01, alarm, start)


def test_somebody_sets_the_state():
    with playing() as sim:
        put = lambda **body: sim.request("POST", "/_sim/alarm", body=body, signed=False).status
        before = time.time()
        same(put(name="calm", state="ALARM", reason="by hand"), 200)
        alarm = found(ask(sim, ["calm"]))["calm"]
        same((alarm["StateValue"], alarm["StateReason"]), ("ALARM", "by hand"))
        holds(alarm["StateTransitionedTimestamp"] >= before - 0.01, alarm)
        same(put(name="calm", state="missing"), 200)
        same(found(ask(sim, ["calm"])), {})
        same(put(name="gone", state="OK"), 200)
        same(found(ask(sim, ["gone"]))["gone"]["StateValue"], "OK")
        same((put(name="unheard", state="OK"), put(name="calm", state="loud")), (400, 400))
        same({a["name"]: a["state"] for a in sim.state()["alarms"]}["gone"], "OK")


def test_alarms_follow_a_version():
    with playing() as sim:
        follower = lambda: found(ask(sim, ["follower"]))["follower"]
        same(follower()["StateValue"], "OK")
        moved = time.time()
        sim.lambda_("PUT", "checkout/aliases/live", {"RoutingConfig": {"AdditionalVersionWeights": {"42": 0.5}}})
        wait_for(lambda: follower()["StateValue"] == "ALARM", 20, "the alarm")
        holds(moved - 1 < follower()["StateTransitionedTimestamp"] < time.time(), follower(), moved)
        sim.lambda_("PUT", "checkout/aliases/live", {"RoutingConfig": {}})
        wait_for(lambda: follower()["StateValue"] == "OK", 20, "the end of the alarm")


run(sys.modules[__name__])
