"""Plans that deploy: new code becomes a version, traffic moves to it, and after a breach the old code is back."""

import base64
import hashlib
import io
import os
import sys
import tempfile
import zipfile

from rig import CREDENTIALS, Rig, check_writes, holds, is_sanitized, note, run_together, same, wait_for, wanted

SCENARIO = CREDENTIALS + """seed: 7
metrics: {resolution: 1s, delay: 300ms, trickle: 0s, history: 30s}
objects: [{bucket: artifacts, key: checkout.zip, file: "%(zip)s"}]
functions:
  - name: checkout
    update_takes: %(takes)s
    publish_takes: %(takes)s
    versions:
      - {version: 41, code: "PK the old code"}
      - {version: 42, unpublished: true, %(new)s}
    aliases: [%(aliases)s]
    traffic: [{alias: live, requests_per_second: 400}]
  - name: picture
    versions:
      - {version: 1, image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/picture:1"}
      - {version: 2, unpublished: true, %(new)s}
    aliases: [{name: live, version: 1}]
    traffic: [{alias: live, requests_per_second: 400}]
faults: [%(faults)s]
"""
PLAN = """format: 1
function: %(function)s
alias: live
%(more)spublish: %(publish)s
steps:
%(steps)s
bake: 2s
health:
  every: 1s
  period: 1s
  settled_after: 2s
  max_blind: 2m
  checks:
    - {name: errors, metric: error_rate, max: 5%%, min_requests: 1}
"""
OLD = b"PK the old code"
RESTORE = "rollback: {restore_code: true}\n"
FAILING = "errors: [{from: 0s, rate: 0%}, {from: 2s, rate: 30%}]"
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/picture"
NO_ALIAS, ON_41 = "", "{name: live, version: 41}"


def make_zip(size=1000):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("index.py", "def handler(event, context):\n    return 42\n" + "#" * size)
    return out.getvalue()


def sha(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


class Deploy(Rig):
    """A rig with an artifact."""

    def __init__(self, new="error_rate: 0%", aliases=ON_41, faults="", takes="300ms", size=1000):
        self.zip = make_zip(size)
        super().__init__("functions: []")
        self.settings = {"new": new, "aliases": aliases, "faults": faults, "takes": takes}
        self.starts = True

    def __enter__(self):
        self.artifact = tempfile.NamedTemporaryFile(suffix=".zip")
        self.artifact.write(self.zip)
        self.artifact.flush()
        self.simulator.scenario = SCENARIO % dict(self.settings, zip=self.artifact.name)
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self.artifact.close()

    def submit(self, publish=None, more="", steps=((50, "2s"),), function="checkout"):
        steps = "\n".join("  - {weight: %d%%, hold: %s}" % step for step in steps)
        publish = publish or "{zip: %s, sha256: %s}" % (self.artifact.name, hashlib.sha256(self.zip).hexdigest())
        self.drop("rollout.yaml", PLAN % {"publish": publish, "more": more, "steps": steps, "function": function})

    def versions(self, function="checkout"):
        """CodeSha256 by version."""
        reply = self.simulator.lambda_("GET", function + "/versions").json
        return {v["Version"]: v["CodeSha256"] for v in reply["Versions"]}

    def code(self, version):
        """Its bytes, as anybody may fetch them."""
        body = self.simulator.lambda_("GET", "checkout", query="Qualifier=" + version.replace("$", "%24")).json
        path, query = body["Code"]["Location"].split("/", 3)[3].split("?")
        own = self.simulator.connect()
        own.request("GET", "/%s?%s" % (path, query))
        data = own.getresponse().read()
        own.close()
        return data

    def deploy(self, function, data):
        """By another hand; whether it was taken."""
        body = {"ZipFile": base64.b64encode(data).decode()}
        return self.simulator.lambda_("PUT", function + "/code", body).status == 200

    def changes(self):
        """What was changed, in order, by whoever succeeded."""
        kinds = ("UpdateFunctionCode", "PublishVersion", "CreateAlias", "UpdateAlias")
        return [line["operation"] for line in self.log() if line["operation"] in kinds and 200 <= line["status"] < 300]

    def check_secrets(self):
        """The address of the code, which anybody could fetch it from, is written down nowhere."""
        texts = [self.stderr().encode()]
        for name in os.listdir(self.path("state")):
            with open(os.path.join(self.path("state"), name), "rb") as f:
                texts.append(f.read())
        holds(len(texts) > 1, texts)
        holds(not any(secret in text for text in texts for secret in (b"X-Amz-Signature", b"/_code/")))


def test_publish_then_an_alias_on_the_old_version_then_half_then_all():
    with Deploy(aliases=NO_ALIAS) as rig:
        rig.submit(more="from: 41\ncreate_alias: true\n")
        rig.wait_phase("rollout@1", "succeeded")
        same(rig.changes(), ["UpdateFunctionCode", "PublishVersion", "CreateAlias", "UpdateAlias", "UpdateAlias"])
        created, = rig.calls("CreateAlias")
        same(created["body"], {"Name": "live", "FunctionVersion": "41"})
        same([wanted(line) for line in rig.writes()], [("41", {"42": 0.5}), ("42", {})])
        same(rig.alias(), ("42", {}))
        same(rig.versions(), {"$LATEST": sha(rig.zip), "41": sha(OLD), "42": sha(rig.zip)})
        same((rig.code("42"), rig.code("41")), (rig.zip, OLD))
        published, = rig.calls("PublishVersion")
        same((published["body"]["CodeSha256"], published["body"]["Description"]),
             (sha(rig.zip), "canaryd rollout@1"))
        rig.stop()


def test_breach_then_the_old_version_then_the_old_code():
    with Deploy(new=FAILING) as rig:
        rig.submit(more=RESTORE, steps=((25, "2s"), (50, "20s")))
        shown = rig.wait_phase("rollout@1", "rolled-back", seconds=60)
        same(shown["reason"], "breach")
        same(rig.alias(), ("41", {}))
        check_writes([line for line in rig.log() if line["operation"] in ("GetAlias", "UpdateAlias")])
        # The alias comes first, and is read back before anything else is done.
        changes = rig.changes()
        same(changes[:3], ["UpdateFunctionCode", "PublishVersion", "UpdateAlias"])
        same(changes[-3:], ["UpdateAlias", "UpdateFunctionCode", "PublishVersion"])
        same(rig.versions(), {"$LATEST": sha(OLD), "41": sha(OLD), "42": sha(rig.zip), "43": sha(OLD)})
        same((rig.code("43"), rig.code("$LATEST"), rig.code("42")), (OLD, OLD, rig.zip))
        rig.check_secrets()
        rig.stop()
        kinds = [kind for kind, _ in rig.events("rollout@1")]
        holds(kinds.index("rolled-back") < kinds.index("restored") if "restored" in kinds else False, kinds)


def test_old_code_that_does_not_come_at_once():
    """Cut off in the middle, and refused as if the address were too old: it is fetched again."""
    faults = ("{operation: GetCode, call: 1, action: truncate}, {operation: GetCode, call: 2, action: reset}, "
              "{operation: GetCode, call: 3, action: error, status: 403}")
    with Deploy(new=FAILING, faults=faults) as rig:
        rig.submit(more=RESTORE, steps=((50, "20s"),))
        rig.wait_phase("rollout@1", "rolled-back", seconds=90)
        same((rig.alias(), rig.code("43"), len(rig.calls("GetCode")) >= 5), (("41", {}), OLD, True))
        rig.check_secrets()
        rig.stop()
        same([kind for kind, _ in rig.events("rollout@1")].count("restored"), 1)


def test_nothing_changed():
    with Deploy() as rig:
        rig.submit(publish="latest")
        shown = rig.wait_phase("rollout@1", "rejected")
        holds("nothing changed" in shown["reason_text"], shown["reason_text"])
        same((rig.alias(), sorted(rig.versions())), (("41", {}), ["$LATEST", "41"]))
        rig.stop()


def test_the_artifact_is_another_one():
    with Deploy() as rig:
        rig.submit(publish="{zip: %s, sha256: %s}" % (rig.artifact.name, "0" * 64))
        shown = rig.wait_phase("rollout@1", "rejected")
        holds(hashlib.sha256(rig.zip).hexdigest() in rig.stderr(), shown["reason_text"])
        same(rig.changes(), [])
        rig.stop()


def test_a_zip_is_known_without_a_hash():
    """Nothing but the file says what is deployed, the reply is lost, and the daemon dies: it is sent once."""
    with Deploy(faults="{operation: UpdateFunctionCode, call: 1, action: hang, effect: after}") as rig:
        rig.submit(publish="{zip: %s}" % rig.artifact.name)
        wait_for(lambda: rig.versions()["$LATEST"] == sha(rig.zip), 20, "the update", interval=0.05)
        rig.kill()
        rig.start()
        rig.wait_phase("rollout@1", "succeeded", seconds=60)
        same((len(rig.calls("UpdateFunctionCode")), rig.code("42")), (1, rig.zip))
        rig.stop()


def test_somebody_else_deploys_while_nobody_looks():
    """Their code, in $LATEST when the daemon is back, is neither published nor overwritten."""
    with Deploy(faults="{operation: UpdateFunctionCode, call: 1, action: hang, effect: after}") as rig:
        rig.submit(publish="{zip: %s}" % rig.artifact.name, more=RESTORE)
        wait_for(lambda: rig.versions()["$LATEST"] == sha(rig.zip), 20, "the update", interval=0.05)
        rig.kill()
        theirs = make_zip(500)
        wait_for(lambda: rig.deploy("checkout", theirs), 20, "the other deployment", interval=0.1)
        rig.start()
        shown = rig.wait_phase("rollout@1", "rolled-back", seconds=60)
        holds("somebody else deploys" in shown["reason_text"], shown["reason_text"])
        same((rig.versions(), rig.alias()), ({"$LATEST": sha(theirs), "41": sha(OLD)}, ("41", {})))
        rig.stop()


def test_a_zip_that_is_not_there():
    """Found before anything is touched."""
    with Deploy() as rig:
        rig.submit(publish="{zip: /srv/none/checkout.zip}")
        rig.wait_phase("rollout@1", "rejected")
        holds(rig.line("/srv/none/checkout.zip", "No such file"), rig.stderr())
        same(rig.changes(), [])
        rig.stop()


def test_an_object_of_s3():
    with Deploy() as rig:
        rig.submit(publish="{s3: {bucket: artifacts, key: checkout.zip}}")
        rig.wait_phase("rollout@1", "succeeded")
        same((rig.code("42"), rig.alias()), (rig.zip, ("42", {})))
        rig.stop()


def test_an_object_that_takes_lambda_long():
    """Lambda copies up to 250 MB before it answers. Who does not wait for that asks again and again."""
    with Deploy(faults="{operation: UpdateFunctionCode, call: 1, action: delay, delay: 15s, effect: after}") as rig:
        rig.submit(publish="{s3: {bucket: artifacts, key: checkout.zip}}")
        rig.wait_phase("rollout@1", "succeeded", seconds=60)
        same((len(rig.calls("UpdateFunctionCode")), rig.code("42")), (1, rig.zip))
        rig.stop()


def test_an_image_and_back():
    """By tag and by digest; back goes the digest that the old version's tag stood for."""
    old = hashlib.sha256((REGISTRY + ":1").encode()).hexdigest()
    for image, new in ((REGISTRY + "@sha256:" + "1" * 64, "1" * 64),
                       (REGISTRY + ":2", hashlib.sha256((REGISTRY + ":2").encode()).hexdigest())):
        with Deploy(new=FAILING) as rig:
            rig.submit(publish="{image: '%s'}" % image, function="picture", more=RESTORE, steps=((50, "20s"),))
            rig.wait_phase("rollout@1", "rolled-back", seconds=60)
            first, back = rig.calls("UpdateFunctionCode")
            same(first["body"]["ImageUri"], image)
            same(back["body"]["ImageUri"], "%s@sha256:%s" % (REGISTRY, old))
            same(rig.versions("picture"), {"$LATEST": old, "1": old, "2": new, "3": old})
            rig.stop()
            kinds = [kind for kind, _ in rig.events("rollout@1")]
            same(("restored" in kinds, "restore-failed" in kinds), (True, False))


def test_a_zip_is_never_whole_in_memory():
    with Deploy(size=40 << 20) as rig:
        rig.submit()
        rig.wait_phase("rollout@1", "succeeded", seconds=90)
        same(rig.code("42"), rig.zip)
        with open("/proc/%d/status" % rig.process.pid) as f:
            peak = int(next(line for line in f if line.startswith("VmHWM:")).split()[1]) * 1024
        note("%d MiB of zip, at most %d MiB of memory" % (len(rig.zip) >> 20, peak >> 20))
        holds(is_sanitized() or peak < len(rig.zip), peak)
        rig.stop()


def test_a_large_zip_and_a_lost_reply():
    """The reply of the upload is lost after it has taken effect: nothing is published twice."""
    faults = ("{operation: UpdateFunctionCode, call: 1, action: reset, effect: after}, "
              "{operation: PublishVersion, call: 1, action: reset, effect: after}")
    with Deploy(faults=faults, size=6 << 20) as rig:
        rig.submit()
        rig.wait_phase("rollout@1", "succeeded", seconds=60)
        same(sorted(rig.versions()), ["$LATEST", "41", "42"])
        same(rig.code("42"), rig.zip)
        rig.stop()


def test_killed_while_it_deploys():
    """Once AWS has done what it was asked for, and before anybody here knows: there is one new version."""
    def done(rig, operation):
        versions = rig.versions()
        return "42" in versions if operation == "PublishVersion" else versions["$LATEST"] == sha(rig.zip)

    for operation in ("UpdateFunctionCode", "PublishVersion"):
        with Deploy(faults="{operation: %s, call: 1, action: hang, effect: after}" % operation) as rig:
            rig.submit()
            wait_for(lambda: done(rig, operation), 20, operation, interval=0.05)
            rig.kill()
            rig.start()
            rig.wait_phase("rollout@1", "succeeded", seconds=60)
            same((sorted(rig.versions()), rig.alias()), (["$LATEST", "41", "42"], ("42", {})))
            rig.stop()


def test_a_version_that_does_not_come_up():
    with Deploy(new='state: Failed, reason: "no memory"') as rig:
        rig.submit(more=RESTORE)
        rig.wait_phase("rollout@1", "rolled-back", seconds=60)
        holds(rig.line("no memory"), "the reason is not told")
        same((rig.alias(), rig.writes()), (("41", {}), []))
        same(rig.versions()["$LATEST"], sha(OLD))
        rig.stop()


run_together(sys.modules[__name__])
