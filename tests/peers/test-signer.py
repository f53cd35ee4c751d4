"""The signer against signers that are not ours: seeded random requests, and of each the canonical request, the string
to sign and the Authorization header must come out the same, byte by byte.

Arguments: SIGN-LINES BUILD-DIRECTORY [--seed N] [--count N] [--only botocore|smithy]. A seed is drawn and printed when
there is none."""

import argparse
import json
import os
import random
import subprocess
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "awssim"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import nodejs
from random_requests import TRANSPORT_HEADERS, make_request
from simulator import Skip, run, same

COUNT = 10000
SMITHY_SHARE = 5  # of as many requests, one: what npm's signer does in the same time
STAGES = ("canonical_request", "string_to_sign", "authorization")
SIGN_MJS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sdk", "sign.mjs")


def requests(share=1):
    source = random.Random(arguments.seed)
    return [make_request(source) for _ in range(arguments.count // share)]


def sign_by_program(command, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, encoding="utf-8")
    if result.returncode != 0:
        raise AssertionError("%s ended with %d: %s" % (command, result.returncode, result.stderr[-4000:]))
    return [json.loads(line) for line in result.stdout.splitlines()]


class Botocore:
    """Its stages, called as its add_auth() calls them, but at a given time."""

    def __init__(self):
        try:
            import botocore.auth
            import botocore.awsrequest
            import botocore.credentials
        except ImportError as error:
            raise Skip("no botocore (Debian's python3-botocore): %s" % error) from None
        self.auth, self.awsrequest, self.credentials = botocore.auth, botocore.awsrequest, botocore.credentials
        # Debian 12's leaves but three headers out. Later ones know all that a hop may change, but for those that
        # npm's signer leaves out as well.
        self.auth.SIGNED_HEADERS_BLACKLIST = [name.lower() for name in TRANSPORT_HEADERS]
        print("# botocore %s" % botocore.__version__)

    def request(self, r):
        # What a client gives to it are values, which it encodes itself: hence ours must undo whatever is on the
        # wire. Told the wire's form, it signs that as it is, which is right only if it was made by AWS's rules.
        url = r["endpoint"].rstrip("/") + r["path"]
        params = r["pairs"]
        if r["query_is_strict"] and r["query"]:
            url, params = url + "?" + r["query"], None
        request = self.awsrequest.AWSRequest(method=r["method"], url=url, data=r["body"].encode())
        request.params = params and [tuple(pair) for pair in params]
        for name, value in r["headers"]:
            request.headers.add_header(name, value)
        request.context["timestamp"] = r["time"].replace("-", "").replace(":", "")
        return request

    def sign(self, r):
        request = self.request(r)
        signer = self.auth.SigV4Auth(
            self.credentials.Credentials(r["access_key"], r["secret_key"], r["token"] or None), r["service"],
            r["region"])
        signer._modify_request_before_signing(request)
        canonical = signer.canonical_request(request)
        to_sign = signer.string_to_sign(request, canonical)
        signer._inject_signature_to_request(request, signer.signature(to_sign, request))
        return dict(zip(STAGES, (canonical, to_sign, request.headers["Authorization"])))


def for_smithy(r):
    """In its own terms: one value per header, as it merges none, and a query of values."""
    headers, query = {}, {}
    for name, value in r["headers"]:
        headers.setdefault(name.lower(), []).append(" ".join(value.split()))
    for name, value in r["pairs"]:
        query.setdefault(name, []).append(value)
    base = urllib.parse.urlsplit(r["endpoint"]).path.rstrip("/")
    return dict(r, headers={name: ",".join(values) for name, values in headers.items()}, query=query,
                path=base + r["path"])


def compare(who, inputs, ours, theirs):
    same((len(ours), len(theirs)), (len(inputs), len(inputs)))
    for number, (r, a, b) in enumerate(zip(inputs, ours, theirs)):
        for stage in STAGES:
            if a[stage] != b[stage]:
                raise AssertionError("request %d of seed %d, %s:\nours   %s\n%-6s %s\nrequest %s" % (
                    number, arguments.seed, stage, json.dumps(a[stage]), who, json.dumps(b[stage]), json.dumps(r)))
    print("# %d requests, seed %d: %s agrees in every stage" % (len(inputs), arguments.seed, who))


def test_botocore():
    if arguments.only == "smithy":
        raise Skip("not asked for")
    botocore = Botocore()
    inputs = requests()
    compare("botocore", inputs, sign_by_program([arguments.sign_lines], inputs), [botocore.sign(r) for r in inputs])


def test_smithy():
    if arguments.only == "botocore":
        raise Skip("not asked for")
    modules = nodejs.modules(arguments.build)
    inputs = requests(SMITHY_SHARE)
    theirs = sign_by_program([nodejs.PROGRAM, nodejs.place(modules, SIGN_MJS)], [for_smithy(r) for r in inputs])
    compare("smithy", inputs, sign_by_program([arguments.sign_lines], inputs), theirs)


def test_a_difference_is_seen():
    inputs = requests(COUNT)[:1] or [make_request(random.Random(arguments.seed))]
    ours = sign_by_program([arguments.sign_lines], inputs)
    for stage in STAGES:
        try:
            compare("nobody", inputs, ours, [dict(ours[0], **{stage: ours[0][stage] + " "})])
        except AssertionError:
            continue
        raise AssertionError("a difference in %s goes unseen" % stage)


parser = argparse.ArgumentParser()
parser.add_argument("sign_lines")
parser.add_argument("build")
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
parser.add_argument("--count", type=int, default=COUNT)
parser.add_argument("--only", choices=("botocore", "smithy"))
arguments = parser.parse_args()
run(sys.modules[__name__])
