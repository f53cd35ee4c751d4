"""What "canaryctl iam-policy" grants is enough for the plan, and nothing of it is too much: the plan runs with exactly
these actions on exactly these resources, and with any one of them taken away it does not come through, or somebody is
told."""

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
ROLE_2 = ROLE + "-2"
FUNCTION = "arn:aws:lambda:eu-west-1:%s:function:" % ACCOUNT
WORLD = """%(credentials)s%(roles)sseed: 7
regions: [eu-west-1, us-east-1]
metrics: {resolution: 1s, delay: 300ms, trickle: 0s, history: 30s}
alarms: [{name: checkout-5xx, state: OK}]
objects:
  - {bucket: artifacts, key: checkout.zip, text: "PK the new code"}
  - {bucket: artifacts, key: checkout.zip, version: v1, text: "PK the new code, v1"}
functions:
  - name: checkout
    versions: [{version: 41, code: "PK the old code"}, {version: 42, %(new)s%(published)s}]
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 400}]
  - name: checkout
    region: us-east-1
    versions: [{version: 41, code: "PK the old code"}, {version: 42, code: "PK the new code", %(new)s}]
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 400}]
  - name: picture
    versions:
      - {version: 41, image: "%(account)s.dkr.ecr.eu-west-1.amazonaws.com/picture:1"}
      - {version: 42, unpublished: true, %(new)s}
    aliases: [{name: live, version: 41}]
    traffic: [{alias: live, requests_per_second: 400}]
"""
SHIFTS = ["lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
METRICS = ["cloudwatch:GetMetricData"]
FAILING = "error_rate: 30%"


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


def world(own, roles=(), deploys=False, new="error_rate: 0%"):
    """A simulator where the daemon's keys, and the roles, may do just this."""
    roles = "".join("  - {arn: %s, trusts: [%s], allows: %s}\n" % (arn, KEY, quoted(allows)) for arn, allows in roles)
    return WORLD % {
        "credentials": "credentials: [{access_key: %s, secret_key: %s, allows: %s}]\n" % (KEY, SECRET, quoted(own)),
        "roles": "roles:\n" + roles if roles else "",
        "published": ", unpublished: true" if deploys else ', code: "PK the new code"', "new": new, "account": ACCOUNT,
    }


def outcome(text, own, roles=(), **more):
    """How the plan ends; "held" when it neither ends nor gets anywhere, "told" when it ends as it should but says that
    something was denied."""
    with Rig(world(own, roles, **more)) as rig:
        rig.drop("checkout.yaml", text)

        def ended():
            shown = rig.listed().get("checkout@1")
            if shown and shown["phase"] in OUTCOMES:
                return shown["phase"]
            return "held" if shown and shown["error"] and "not authorized" in shown["error"] else None
        found = wait_for(ended, 40, "an outcome", interval=0.1)
        denied = [line for line in rig.log() if line["status"] == 403]
        told = [line for line in rig.stderr().splitlines() if " warning " in line or " err " in line]
        rig.kill()
    if denied and not any("not authorized" in line or "denied" in line for line in told):
        raise AssertionError("nobody was told of %r" % denied)
    return "told" if denied and found in ("succeeded", "rolled-back") else found


def without_action(allows, action):
    """An empty list would allow everything."""
    return [a for a in allows if a.split(" ")[0] != action] or ["none:Nothing *"]


def actions(allows):
    return sorted({a.split(" ")[0] for a in allows})


def policies(text):
    """What the daemon's own keys may do, and [(role, what it may do)]."""
    shown = [(principal, grants(document)) for principal, document in documents(text)]
    same(shown[-1][0], None)
    return shown[-1][1], shown[:-1]


def check_least(text, own_actions, role_actions=(), end="succeeded", **more):
    """Enough, and not an action too many: without any of them the end is another one, or somebody is told."""
    own, roles = policies(text)
    same((actions(own), [actions(allows) for _, allows in roles]), (sorted(own_actions), list(map(sorted, role_actions))))
    same(outcome(text, own, roles, **more), end)
    for action in actions(own):
        found = outcome(text, without_action(own, action), roles, **more)
        holds(found != end, action, found)
    for i, (_, allows) in enumerate(roles):
        for action in actions(allows):
            less = [(arn, without_action(a, action) if k == i else a) for k, (arn, a) in enumerate(roles)]
            found = outcome(text, own, less, **more)
            holds(found != end, action, found)


def deploy(publish, function="checkout", more=""):
    return PLAN.replace(ALARM, "").replace("to: 42\n", "publish: %s\n%s" % (publish, more)).replace(
        "function: checkout", "function: " + FUNCTION + function)


def test_a_shift():
    text = PLAN.replace("function: checkout", "function: %scheckout" % FUNCTION)
    own, _ = policies(text)
    same(sorted({a.split(" ")[1] for a in own}), ["*", FUNCTION + "checkout", FUNCTION + "checkout:*"])
    check_least(text, SHIFTS + METRICS + ["cloudwatch:DescribeAlarms"])
    # On another function they are worth nothing.
    holds(outcome(PLAN, [a.replace(":checkout", ":other") for a in own]) not in ("succeeded", "told"))


def test_without_alarms_nobody_needs_to_see_them():
    own, _ = policies(PLAN.replace(ALARM, ""))
    # The account is nowhere in the plan.
    holds("lambda:GetAlias arn:aws:lambda:eu-west-1:*:function:checkout" in own, own)
    check_least(PLAN.replace(ALARM, ""), SHIFTS + METRICS)


def test_without_checks_nobody_needs_metrics():
    head = PLAN[:PLAN.index("  checks:")]
    check_least(head + "  checks: none\n", SHIFTS)


def test_a_zip():
    with tempfile.NamedTemporaryFile(suffix=".zip") as artifact:
        artifact.write(b"PK the new code")
        artifact.flush()
        check_least(deploy("{zip: %s}" % artifact.name),
                    SHIFTS + METRICS + ["lambda:UpdateFunctionCode", "lambda:PublishVersion"], deploys=True)


def test_an_object():
    for version, action in (("", "s3:GetObject"), (", version: v1", "s3:GetObjectVersion")):
        check_least(deploy("{s3: {bucket: artifacts, key: checkout.zip%s}}" % version),
                    SHIFTS + METRICS + ["lambda:UpdateFunctionCode", "lambda:PublishVersion", action], deploys=True)


def test_an_image():
    for account, more in ((ACCOUNT, []), ("42" * 6, ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])):
        check_least(deploy("{image: %s.dkr.ecr.eu-west-1.amazonaws.com/picture:2}" % account, function="picture"),
                    SHIFTS + METRICS + ["lambda:UpdateFunctionCode", "lambda:PublishVersion"] + more, deploys=True)


def test_an_alias_to_be_created():
    """Beside one that is there: what is read of an alias is needed, too."""
    text = PLAN.replace(ALARM, "").replace("function: checkout\nalias: live\nto: 42\n", """targets:
  - {function: checkout, alias: live, to: 42}
  - {function: checkout, alias: beta, from: 41, to: 42, create_alias: true}
""").replace("  checks:", "  checks: none\n#")
    text = text[:text.index("#")]
    check_least(text, SHIFTS + ["lambda:CreateAlias"])


def test_the_old_code_is_put_back():
    text = PLAN.replace(ALARM, "").replace('"1s"', '"20s"') + "rollback: {restore_code: true}\n"
    text = text.replace("function: checkout", "function: %scheckout" % FUNCTION).replace("hold: 1s", "hold: 20s")
    check_least(text, SHIFTS + METRICS + ["lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:PublishVersion"],
                end="rolled-back", new=FAILING)


def test_roles_and_regions_have_policies_of_their_own():
    text = PLAN.replace(ALARM, "").replace("function: checkout\nalias: live\nto: 42\n", """targets:
  - {function: checkout, alias: live, to: 42, role_arn: "%s"}
  - {function: checkout, alias: live, to: 42, role_arn: "%s", region: us-east-1}
""" % (ROLE, ROLE_2))
    own, roles = policies(text)
    same(own, ["sts:AssumeRole " + ROLE, "sts:AssumeRole " + ROLE_2])
    for (_, allows), region in zip(roles, ("eu-west-1", "us-east-1")):
        same({a.split(" ")[1] for a in allows},
             {"*"} | {"arn:aws:lambda:%s:%s:function:checkout%s" % (region, ACCOUNT, tail) for tail in ("", ":*")})
    check_least(text, ["sts:AssumeRole"], [SHIFTS + METRICS] * 2)
    for left in own:
        holds(outcome(text, [left], roles) not in ("succeeded", "told"))


run_together(sys.modules[__name__], workers=6)
