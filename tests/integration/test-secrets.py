"""Secrets get in, and never out: after good and bad rollouts with known secrets of every kind, none of them is in
the log, in the store, in the run directory or in what canaryctl shows, in no encoding and in no part."""

import json
import os
import re
import secrets
import subprocess
import sys

import wire
from leaks import Search, forms, pieces
from rig import CTL, KEY, Rig, holds, plan, run_together, same, scenario, wait_for

SHORT = plan(steps=((5, "1s"), (25, "1s")), bake="1s")
ENDED = ("succeeded", "rolled-back", "rejected", "released")
# Of replies, what they give out in secret: as JSON, as XML, and IMDS's token, which is a body of its own.
GIVEN_OUT = re.compile(rb'"(?:SecretAccessKey|Token|SessionToken)"\s*:\s*"([^"]+)"|'
                       rb"<(?:SecretAccessKey|SessionToken)>([^<]+)<|"
                       rb"(?i:x-aws-ec2-metadata-token): ([^\r\n]+)")
SENT_TOKEN = re.compile(rb"(?i:x-amz-security-token): ([^\r\n]+)")
TOKEN_SIZE = 900
# In a reply, stands for the session token that was sent last, whatever that was.
ECHO = "@" * TOKEN_SIZE

DEPLOY = "arn:aws:iam::123456789012:role/deploy"
MACHINE = "arn:aws:iam::123456789012:role/machine"
IDENTITY = """roles: [{arn: "%s", external_id: x-42}, {arn: "%s"}]
web_identity: {tokens: ["%%s"]}
imds: {role: "%s"}
container: {role: "%s", path: /v2/credentials/42, token: "%%s"}
""" % (DEPLOY, MACHINE, MACHINE, MACHINE)


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
        if ECHO.encode() in data:
            sent = SENT_TOKEN.findall(bytes(self.heard))
            data = data.replace(ECHO.encode(), (sent[-1] if sent else b"none").ljust(TOKEN_SIZE, b"=")[:TOKEN_SIZE])
        self.heard += data
        return data


def fresh(size):
    """Like AWS's: with characters that every encoding changes."""
    return secrets.token_urlsafe(size)[:size - 6] + "/+a=/B"


class Keys:
    """What is to be kept secret, and where the kinds of credentials differ, what the plan says."""

    def __init__(self):
        self.secret, self.token = fresh(40), fresh(TOKEN_SIZE)
        self.web_token, self.container_token = "%s.%s.%s" % (fresh(30), fresh(300), fresh(200)), fresh(80)
        self.plan = ""

    def known(self):
        return {"secret key": self.secret, "session token": self.token, "web token": self.web_token,
                "container token": self.container_token}

    def scenario(self):
        return "credentials: [{access_key: %s, secret_key: \"%s\", session_token: \"%s\"}]\n" % (
            KEY, self.secret, self.token) + IDENTITY % (self.web_token, self.container_token)

    def ini(self, section="default"):
        return "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n" % (
            section, KEY, self.secret, self.token)

    def json(self):
        return json.dumps({"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": self.secret,
                           "SessionToken": self.token})


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


def in_systemds_credentials(rig, keys):
    os.remove(rig.path("credentials"))
    configure(rig)
    os.mkdir(rig.path("systemd"))
    write(rig, "systemd/aws", keys.ini())
    rig.environment["CREDENTIALS_DIRECTORY"] = rig.path("systemd")


def by_a_process(rig, keys):
    os.remove(rig.path("credentials"))
    configure(rig)
    write(rig, "config", "[default]\ncredential_process = /bin/cat %s\n" % write(rig, "keys.json", keys.json()))


def of_a_role(rig, keys):
    write(rig, "credentials", keys.ini("base"))
    configure(rig, "  shared_credentials_file: " + rig.path("credentials"))
    write(rig, "config", "[default]\nrole_arn = %s\nexternal_id = x-42\nsource_profile = base\n" % DEPLOY)


def of_the_plans_role(rig, keys):
    in_shared_file(rig, keys)
    keys.plan = "role_arn: %s\nexternal_id: x-42\n" % DEPLOY


def for_a_web_token(rig, keys):
    os.remove(rig.path("credentials"))
    configure(rig)
    rig.environment.update(AWS_ROLE_ARN=MACHINE, AWS_WEB_IDENTITY_TOKEN_FILE=write(rig, "token", keys.web_token))


def of_a_container(rig, keys):
    os.remove(rig.path("credentials"))
    configure(rig)
    rig.environment.update(
        AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1:%d/v2/credentials/42" % rig.wire.port,
        AWS_CONTAINER_AUTHORIZATION_TOKEN=keys.container_token)


def of_the_machine(rig, keys):
    os.remove(rig.path("credentials"))
    configure(rig)
    rig.environment.update(AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:%d" % rig.wire.port,
                           AWS_EC2_METADATA_DISABLED="false")


KINDS = {
    "shared file": in_shared_file,
    "environment": in_environment,
    "systemd": in_systemds_credentials,
    "process": by_a_process,
    "role": of_a_role,
    "plan's role": of_the_plans_role,
    "web identity": for_a_web_token,
    "container": of_a_container,
    "imds": of_the_machine,
}
GIVEN = ("role", "plan's role", "web identity", "container", "imds")


# How they fail to: nobody gets anywhere, and people are told why.

def process_that_talks(rig, keys):
    """As a broken helper does it: everything goes to where it should not."""
    by_a_process(rig, keys)
    write(rig, "talk", "cat %s\ncat %s >&2\nexit 1\n" % (rig.path("keys.json"), rig.path("keys.json")))
    write(rig, "config", "[default]\ncredential_process = /bin/sh %s %s\n" % (rig.path("talk"), keys.secret))


def process_that_mumbles(rig, keys):
    by_a_process(rig, keys)
    write(rig, "keys.json", keys.json().replace('"Version": 1', '"Version": "%s"' % keys.secret))


def process_that_is_cut(rig, keys):
    by_a_process(rig, keys)
    write(rig, "keys.json", keys.json()[:-40])


def role_with_a_wrong_id(rig, keys):
    of_a_role(rig, keys)
    write(rig, "config", "[default]\nrole_arn = %s\nexternal_id = x\nsource_profile = base\n" % DEPLOY)


def web_token_that_is_wrong(rig, keys):
    for_a_web_token(rig, keys)
    keys.web_token = keys.web_token[::-1]
    write(rig, "token", keys.web_token)


def container_token_that_is_wrong(rig, keys):
    of_a_container(rig, keys)
    keys.container_token = keys.container_token[::-1]
    rig.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = keys.container_token


FAILURES = (process_that_talks, process_that_mumbles, process_that_is_cut, role_with_a_wrong_id,
            web_token_that_is_wrong, container_token_that_is_wrong)


def explain():
    """AWS's words for a signature that does not match: with the whole canonical request."""
    return ("The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. The Canonical String for this request should have been 'GET "
            "/2015-03-31/functions/checkout/aliases/live  host:lambda.eu-west-1.amazonaws.com "
            "x-amz-date:20260115T203456Z x-amz-security-token:%s  host;x-amz-date;x-amz-security-token "
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'" % ECHO)


def fault(operation, calls, status, code, message):
    return 'operation: "%s", call: %s, status: %d, code: %s, message: "%s"' % (operation, calls, status, code, message)


# What goes wrong, by name: rules for awssim.
TROUBLES = {
    "none": [],
    "signature explained": [
        fault(operation, calls, 403, "InvalidSignatureException", explain())
        for operation, calls in (("GetFunctionConfiguration", "1"), ("GetAlias", "1"), ("UpdateAlias", "2"),
                                 ("GetMetricData", "4-5"))],
    "explained at once": [
        fault("*", "1-", 403, "SignatureDoesNotMatch", "The Canonical String for this request should have been 'GET / "
              "x-amz-security-token:%s" % ECHO)],
    "echoed": [
        fault(operation, calls, 403, "ValidationException", "Malformed header x-amz-security-token: %s" % ECHO)
        for operation, calls in (("UpdateAlias", "1-2"), ("GetMetricData", "4-5"))],
    "denied": [
        fault("UpdateAlias", "1-", 403, "AccessDeniedException",
              "User: arn:aws:iam::123456789012:user/x is not authorized to perform: lambda:UpdateAlias")],
    "expired": [fault("*", "4-7", 403, "ExpiredTokenException",
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


def make_scenario(keys, faults=()):
    return keys.scenario() + scenario(faults=faults).split("\n", 1)[1]


def roll_out(kind, trouble, seconds=4):
    keys = Keys()
    with Rig(make_scenario(keys, TROUBLES[trouble]), start=False) as rig:
        KINDS[kind](rig, keys)
        rig.start()
        rig.drop("checkout.yaml", keys.plan + SHORT)
        if trouble == "none":
            rig.wait_phase("checkout@1", "succeeded")
        else:
            # Some of it never ends; by then AWS has said what it has to say.
            wait_for(lambda: any(line["status"] == 403 for line in rig.log()), 30, "trouble")
            wait_for(ends_after(rig, seconds), 60, "the end")
        given = rig.wire.given_out()
        # Where everything is refused, nothing is given out.
        holds(trouble == "explained at once" or (kind in GIVEN) == bool(given), kind, len(given))
        search(rig, dict(keys.known(), **given))


def ends_after(rig, seconds):
    polls = [0]

    def is_over():
        polls[0] += 1
        listed = rig.listed().get("checkout@1")
        return polls[0] * 0.02 > seconds or (listed and listed["phase"] in ENDED)
    return is_over


def add_test(name, function, *arguments):
    globals()["test_" + re.sub(r"\W", "_", name)] = lambda: function(*arguments)


for each in KINDS:
    add_test("good rollout, " + each, roll_out, each, "none")
for each in KINDS:
    add_test("signature explained, " + each, roll_out, each, "signature explained")
for each in ("explained at once", "echoed", "denied", "expired"):
    add_test("%s, plan's role" % each, roll_out, "plan's role", each)
    add_test("%s, shared file" % each, roll_out, "shared file", each)


def fail(set_up):
    keys = Keys()
    first = keys.known()
    with Rig(make_scenario(keys), start=False) as rig:
        set_up(rig, keys)
        rig.start()
        rig.drop("checkout.yaml", SHORT)
        wait_for(lambda: rig.line("checkout@1", "credential"), 40, "a word about it")
        wait_for(ends_after(rig, 2), 60, "the end")
        search(rig, dict(first, **{"other " + name: secret for name, secret in keys.known().items()}))


for each in FAILURES:
    add_test(each.__name__, fail, each)


def test_wrong_secret():
    keys, wrong = Keys(), Keys()
    with Rig(make_scenario(keys), start=False) as rig:
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
            rig.spawn()
            # Some are found out when it starts, some when they are needed.
            wait_for(lambda: " ready: " in rig.stderr() or rig.process.poll() is not None, 20, "canaryd")
            if rig.process.poll() is None:
                rig.drop("checkout.yaml", SHORT)
                wait_for(ends_after(rig, 2), 60, "the end")
                search(rig, keys.known())
            holds("credentials" in rig.stderr(), name, rig.stderr())
            findings = Search(keys.known()).look("log", rig.stderr().encode())
            holds(not findings, name, *findings)


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
    run_together(sys.modules[__name__], workers=4)
