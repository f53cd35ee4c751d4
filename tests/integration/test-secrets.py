"""Secrets get in, and never out: after good and bad rollouts with known secrets of every kind, none of them is in
the log, in the store, in the run directory or in what canaryctl shows, in no encoding and in no part."""

import os
import re
import secrets
import subprocess
import sys

import wire
from leaks import Search, forms, pieces
from rig import CTL, KEY, Rig, holds, note, plan, run_together, same, scenario, wait_for

SHORT = plan(steps=((5, "1s"), (25, "1s")), bake="1s")
ENDED = ("succeeded", "rolled-back", "rejected", "released")
# Of replies, what they give out in secret: as JSON, as XML, and IMDS's token, which is a body of its own.
GIVEN_OUT = re.compile(rb'"(?:SecretAccessKey|Token|SessionToken)"\s*:\s*"([^"]+)"|'
                       rb"<(?:SecretAccessKey|SessionToken)>([^<]+)<|"
                       rb"(?i:x-aws-ec2-metadata-token): ([^\r\n]+)")


class Tap(wire.Wire):
    """Hears everything that is said between the two."""

    def __init__(self, port):
        self.heard = bytearray()
        super().__init__(port)

    def pump(self, source, sink, end):
        super().pump(Ear(source, self.heard), sink, end)

    def given_out(self):
        found = {text for groups in GIVEN_OUT.findall(bytes(self.heard)) for text in groups if text}
        return {"given out %d" % i: text.decode() for i, text in enumerate(sorted(found))}


class Ear:
    def __init__(self, source, heard):
        self.source, self.heard = source, heard

    def __getattr__(self, name):
        return getattr(self.source, name)

    def recv(self, size):
        data = self.source.recv(size)
        self.heard += data
        return data


def fresh(size):
    """Like AWS's: with characters that every encoding changes."""
    return secrets.token_urlsafe(size)[:size - 6] + "/+a=/B"


class Keys:
    def __init__(self, secret=None):
        self.secret, self.token = secret or fresh(40), fresh(700)

    def known(self):
        return {"secret key": self.secret, "session token": self.token}

    def scenario(self):
        return "credentials: [{access_key: %s, secret_key: \"%s\", session_token: \"%s\"}]\n" % (
            KEY, self.secret, self.token)

    def ini(self, section="default"):
        return "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n" % (
            section, KEY, self.secret, self.token)


def write(rig, name, text):
    with open(rig.path(name), "w") as f:
        f.write(text)
    return rig.path(name)


def configure(rig, *more):
    """As Rig does it, with a Tap in between."""
    rig.wire = Tap(rig.simulator.port)
    lines = ["%s: %s" % (name, rig.path(name)) for name in ("plans", "state", "run")]
    lines += ["aws:", "  region: eu-west-1", "  endpoint_url: http://127.0.0.1:%d" % rig.wire.port, *more]
    write(rig, "canaryd.yaml", "\n".join(lines) + "\n")
    rig.environment.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=rig.path("config"))


# How each kind of credentials reaches the daemon: each puts them in place.

def in_shared_file(rig, keys):
    write(rig, "credentials", keys.ini())
    configure(rig, "  shared_credentials_file: " + rig.path("credentials"))


def in_environment(rig, keys):
    os.remove(rig.path("credentials"))
    configure(rig)
    rig.environment.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=keys.secret, AWS_SESSION_TOKEN=keys.token)


KINDS = {
    "shared file": in_shared_file,
    "environment": in_environment,
}


def explain(keys, where="lambda.eu-west-1.amazonaws.com"):
    """AWS's words for a signature that does not match: with the whole canonical request."""
    return ("The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. The Canonical String for this request should have been 'GET "
            "/2015-03-31/functions/checkout/aliases/live  host:%s x-amz-date:20260115T203456Z "
            "x-amz-security-token:%s  host;x-amz-date;x-amz-security-token "
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'" % (where, keys.token))


def fault(operation, calls, status, code, message):
    return 'operation: "%s", call: %s, status: %d, code: %s, message: "%s"' % (operation, calls, status, code, message)


# What goes wrong, by name: rules for awssim.
TROUBLES = {
    "none": lambda keys: [],
    "signature explained": lambda keys: [
        fault(operation, calls, 403, "InvalidSignatureException", explain(keys))
        for operation, calls in (("GetFunctionConfiguration", "1"), ("GetAlias", "1"), ("UpdateAlias", "2"),
                                 ("GetMetricData", "3-4"))],
    "explained at once": lambda keys: [
        fault("*", "1-", 403, "SignatureDoesNotMatch", "The Canonical String for this request should have been 'GET / "
              "x-amz-security-token:%s" % keys.token)],
    "echoed": lambda keys: [
        fault(operation, calls, 403, "ValidationException", "Malformed header x-amz-security-token: %s" % keys.token)
        for operation, calls in (("UpdateAlias", "1-2"), ("GetMetricData", "3-4"))],
    "denied": lambda keys: [
        fault("UpdateAlias", "1-", 403, "AccessDeniedException",
              "User: arn:aws:iam::123456789012:user/x is not authorized to perform: lambda:UpdateAlias")],
    "expired": lambda keys: [fault("*", "4-7", 403, "ExpiredTokenException",
                                   "The security token included in the request is expired")],
}


def shown(rig):
    """What canaryctl gets over D-Bus, as programs and as people ask for it."""
    found = b""
    for words in (["list"], ["status", "checkout@1"], ["history"], ["events", "checkout@1"],
                  ["explain", "checkout@1"]):
        for options in ([], ["--json"]):
            result = subprocess.run([CTL, "--run", rig.path("run"), *options, *words], capture_output=True,
                                    timeout=60, check=False)
            found += result.stdout + result.stderr
    holds(b"checkout@1" in found, found)
    return found


def search(rig, known):
    """Everything that is to be seen from outside, while the daemon runs and after it was killed: then the store's
    write-ahead log is still there."""
    looker = Search(known)
    findings = looker.look("canaryctl", shown(rig))
    rig.kill()
    more, size = looker.look_at_files(rig.path("state"), rig.path("run"), rig.path("plans"))
    holds(size > 4096, "there is no store", size)
    holds(any(name.endswith("-wal") for name in os.listdir(rig.path("state"))), os.listdir(rig.path("state")))
    findings += more + looker.look("log", rig.stderr().encode())
    holds(not findings, *findings)
    return len(known), size


def roll_out(kind, trouble, seconds=6):
    keys = Keys()
    text = keys.scenario() + scenario(faults=TROUBLES[trouble](keys)).split("\n", 1)[1]
    with Rig(text, start=False) as rig:
        KINDS[kind](rig, keys)
        rig.start()
        rig.drop("checkout.yaml", SHORT)
        if trouble == "none":
            rig.wait_phase("checkout@1", "succeeded")
        else:
            # Some of it never ends; by then AWS has said what it has to say.
            wait_for(lambda: any(line["status"] == 403 for line in rig.log()), 30, "trouble")
            wait_for(ends_after(rig, seconds), 60, "the end")
        known = dict(keys.known(), **rig.wire.given_out())
        found = search(rig, known)
        note("%s, %s: %d secrets are not in %d bytes of files" % (kind, trouble, *found))


def ends_after(rig, seconds):
    polls = [0]

    def is_over():
        polls[0] += 1
        listed = rig.listed().get("checkout@1")
        return polls[0] * 0.02 > seconds or (listed and listed["phase"] in ENDED)
    return is_over


def test_good_rollouts():
    for kind in KINDS:
        roll_out(kind, "none")


def test_signature_explained():
    for kind in KINDS:
        roll_out(kind, "signature explained")


def test_signature_explained_to_all():
    roll_out("shared file", "explained at once")


def test_token_echoed():
    roll_out("shared file", "echoed")


def test_denied():
    roll_out("shared file", "denied")


def test_expired():
    roll_out("environment", "expired")


def test_wrong_secret():
    keys, wrong = Keys(), Keys()
    text = keys.scenario() + scenario().split("\n", 1)[1]
    with Rig(text, start=False) as rig:
        wrong.token = keys.token
        in_shared_file(rig, wrong)
        rig.start()
        rig.drop("checkout.yaml", SHORT)
        wait_for(lambda: rig.log() and rig.log()[0]["status"] == 403, 30, "a refusal")
        wait_for(ends_after(rig, 3), 60, "the end")
        search(rig, dict(keys.known(), **{"wrong secret": wrong.secret}))


# Files that cannot be read as what they are: the message says where, never what.
BROKEN = {
    "no equals sign": "[default]\naws_access_key_id = %(key)s\naws_secret_access_key %(secret)s\n",
    "half a pair": "[default]\naws_secret_access_key = %(secret)s\naws_session_token = %(token)s\n",
    "a blank inside": "[default]\naws_access_key_id = %(key)s\naws_secret_access_key = %(secret)s x\n",
    "the secret as key": "[default]\naws_access_key_id = %(secret)s\naws_secret_access_key = %(key)s\n",
    "the secret as section": "[%(secret)s\naws_access_key_id = %(key)s\n",
    "the secret as name": "[default]\naws_access_key_id = %(key)s\n%(secret)s = x\n",
    "a control character": "[default]\naws_access_key_id = %(key)s\naws_secret_access_key = %(secret)s\x01\n",
}


def test_broken_files():
    for name, text in BROKEN.items():
        keys = Keys()
        with Rig(start=False) as rig:
            in_shared_file(rig, keys)
            write(rig, "credentials", text % {"key": KEY, "secret": keys.secret, "token": keys.token})
            rig.start()
            rig.drop("checkout.yaml", SHORT)
            wait_for(ends_after(rig, 2), 60, "the end")
            holds("credentials" in rig.stderr(), name, rig.stderr())
            search(rig, keys.known())


def test_the_search_finds_what_is_there():
    keys = Keys()
    looker = Search(keys.known())
    same(looker.look("nowhere", b"nothing at all" + secrets.token_bytes(100000)), [])
    for secret in (keys.secret, keys.token):
        for form in forms(secret):
            holds(looker.look("x", b"before " + form + b" after"), form)
        for piece in (secret[:12], secret[5:40], secret[-20:]):
            holds(looker.look("x", piece.encode()), piece)
        holds(pieces(secret), secret)


if __name__ == "__main__":
    run_together(sys.modules[__name__], workers=3)
