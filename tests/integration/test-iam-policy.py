"""What "canaryctl iam-policy" grants is enough for the plan, and nothing of it is too much: the plan runs with exactly
these actions on exactly these resources, and with any one of them taken away it does not come through."""

import json
import os
import subprocess
import sys
import tempfile

from rig import CTL, OUTCOMES, Rig, holds, plan, run_together, same, scenario, wait_for
from simulator import KEY, SECRET

ACCOUNT = "123456789012"
ROLE = "arn:aws:iam::%s:role/deploy" % ACCOUNT
ALARM = "    - {alarm: checkout-5xx}\n"
PLAN = plan(steps=((5, "1s"),), bake="1s", max_blind="3s") + ALARM
ALARMS = "alarms: [{name: checkout-5xx, state: OK}]\n"


def documents(text, *options):
    """[(principal, document)] of a plan; None: the daemon's own."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "checkout.yaml")
        conf = os.path.join(directory, "canaryd.yaml")
        with open(path, "w") as f:
            f.write(text)
        with open(conf, "w") as f:
            f.write("aws: {region: eu-west-1}\n")
        done = subprocess.run([CTL, "--config", conf, "--json", *options, "iam-policy", path], capture_output=True, text=True,
                              timeout=20)
        same((done.returncode, done.stderr), (0, ""))
        plain = subprocess.run([CTL, "--config", conf, "iam-policy", path], capture_output=True, text=True, timeout=20,
                               check=True)
    shown = [(p["principal"], p["document"]) for p in json.loads(done.stdout)["policies"]]
    # Without --json they come one after the other, each as it is pasted.
    rest, decoder = plain.stdout.strip(), json.JSONDecoder()
    for _, document in shown:
        same(decoder.raw_decode(rest)[0], document)
        rest = rest[decoder.raw_decode(rest)[1]:].strip()
    same(rest, "")
    return shown


def as_list(value):
    return value if isinstance(value, list) else [value]


def grants(document):
    """["ACTION RESOURCE"], and that it is a policy."""
    same((document["Version"], {s["Effect"] for s in document["Statement"]}), ("2012-10-17", {"Allow"}))
    sids = [s["Sid"] for s in document["Statement"]]
    holds(len(set(sids)) == len(sids) and all(sid.isalnum() for sid in sids), sids)
    return ["%s %s" % (action, resource) for s in document["Statement"] for action in as_list(s["Action"])
            for resource in as_list(s["Resource"])]


def quoted(allows):
    return "[%s]" % ", ".join(json.dumps(a) for a in allows)


def world(own, role=None):
    """A simulator where the daemon's keys, and the role, may do just this."""
    text = scenario() + ALARMS
    head, tail = text.split("\n", 1)
    same(head.startswith("credentials: "), True)
    head = "credentials: [{access_key: %s, secret_key: %s, allows: %s}]\n" % (KEY, SECRET, quoted(own))
    if role is not None:
        head += "roles: [{arn: %s, trusts: [%s], allows: %s}]\n" % (ROLE, KEY, quoted(role))
    return head + tail


def outcome(text, own, role=None):
    """How the plan ends; "held" when it neither ends nor gets anywhere."""
    with Rig(world(own, role)) as rig:
        rig.drop("checkout.yaml", text)

        def ended():
            shown = rig.listed().get("checkout@1")
            if shown and shown["phase"] in OUTCOMES:
                return shown["phase"]
            return "held" if shown and shown["error"] and "not authorized" in shown["error"] else None
        found = wait_for(ended, 40, "an outcome", interval=0.1)
        same([line for line in rig.log() if line["status"] == 403 and found == "succeeded"], [])
        rig.kill()
        return found


def without_action(allows, action):
    return [a for a in allows if a.split(" ")[0] != action]


def actions(allows):
    return sorted({a.split(" ")[0] for a in allows})


def test_the_policy_is_enough_and_nothing_is_too_much():
    (principal, document), = documents(PLAN.replace("function: checkout",
                                                    "function: arn:aws:lambda:eu-west-1:%s:function:checkout" % ACCOUNT))
    same(principal, None)
    allows = grants(document)
    same(actions(allows), ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "lambda:GetAlias",
                           "lambda:GetFunctionConfiguration", "lambda:UpdateAlias"])
    same(sorted({a.split(" ")[1] for a in allows}),
         ["*"] + ["arn:aws:lambda:eu-west-1:%s:function:checkout%s" % (ACCOUNT, tail) for tail in ("", ":*")])
    same(outcome(PLAN, allows), "succeeded")
    for action in actions(allows):
        found = outcome(PLAN, without_action(allows, action))
        holds(found != "succeeded", action, found)
    # On another function they are worth nothing.
    holds(outcome(PLAN, [a.replace(":checkout", ":other") for a in allows]) != "succeeded")


def test_without_alarms_nobody_needs_to_see_them():
    (_, document), = documents(PLAN.replace(ALARM, ""))
    allows = grants(document)
    holds("cloudwatch:DescribeAlarms" not in actions(allows), allows)
    # The account is nowhere in the plan.
    holds("lambda:GetAlias arn:aws:lambda:eu-west-1:*:function:checkout" in allows, allows)
    same(outcome(PLAN.replace(ALARM, ""), allows), "succeeded")


def test_a_role_has_a_policy_of_its_own():
    text = PLAN.replace("alias: live\n", "alias: live\nrole_arn: %s\n" % ROLE)
    (first, role), (second, own) = documents(text)
    same((first, second), (ROLE, None))
    same(grants(own), ["sts:AssumeRole " + ROLE])
    allows = grants(role)
    holds("lambda:GetAlias arn:aws:lambda:eu-west-1:%s:function:checkout" % ACCOUNT in allows, allows)
    same(outcome(text, grants(own), allows), "succeeded")
    holds(outcome(text, ["sts:AssumeRole " + ROLE + "-2"], allows) != "succeeded")
    holds(outcome(text, grants(own), without_action(allows, "lambda:UpdateAlias")) != "succeeded")


run_together(sys.modules[__name__])
