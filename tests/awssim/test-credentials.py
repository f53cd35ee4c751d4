"""Where keys come from: STS, IMDS and the container endpoint of awssim."""

import calendar
import http.client
import sys
import time

from simulator import CREDENTIALS, KEY, Simulator, holds, run, same, wait_for

OTHER = "123456789012"[::-1]  # somebody else's account
DEPLOY = "arn:aws:iam::%s:role/deploy" % OTHER
FIRST = "arn:aws:iam::123456789012:role/first"
WEB = "arn:aws:iam::123456789012:role/web"
MACHINE = "arn:aws:iam::123456789012:role/machine"
SCENARIO = CREDENTIALS + """
regions: [us-east-1]
roles:
  - {arn: "%s", external_id: x-42, trusts: [%s, "%s"], denies: [UpdateAlias]}
  - {arn: "%s"}
  - {arn: "%s", trusts: [web_identity], lifetime: 1s}
  - {arn: "%s", trusts: ["arn:aws:iam::123456789012:root"]}
web_identity: {tokens: [good.web.token], expired: [old.web.token]}
imds: {role: "%s"%s}
container: {role: "%s", path: /v2/credentials/42, token: "Basic abc"%s}
functions:
  - name: checkout
    versions: [{version: 41}, {version: 42}]
    aliases: [{name: live, version: 41}]
  - {name: checkout, account: "%s", versions: [{version: 7}], aliases: [{name: live, version: 7}]}
  - {name: far, region: us-east-1, versions: [{version: 1}]}
"""
LIVE = "checkout/aliases/live"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"


def playing(imds="", container="", more=""):
    return Simulator(SCENARIO % (DEPLOY, KEY, FIRST, FIRST, WEB, MACHINE, MACHINE, imds, MACHINE, container, OTHER) + more)


def assume(sim, arn, name="tests", action="AssumeRole", signing=None, **more):
    parameters = {"RoleArn": arn, "RoleSessionName": name}
    parameters.update(more)
    return sim.sts(action, parameters, **(signing or {}))


def keys(reply):
    """How to sign with what a reply gave out."""
    same(reply.status, 200)
    got = reply.json if reply.headers["content-type"] != "text/xml" else reply.xml
    return {"key": got["AccessKeyId"], "secret": got["SecretAccessKey"],
            "token": got.get("SessionToken") or got["Token"]}


def until(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_a_role_acts_in_its_own_account():
    with playing() as sim:
        reply = assume(sim, DEPLOY, ExternalId="x-42", DurationSeconds="900")
        holds(850 < until(reply.xml["Expiration"]) - time.time() <= 900, reply.text)
        same(reply.xml["Arn"], "arn:aws:sts::%s:assumed-role/deploy/tests" % OTHER)
        deploy = keys(reply)
        holds(deploy["key"].startswith("ASIA") and len(deploy["token"]) > 500, deploy)
        same(sim.lambda_("GET", LIVE, **deploy).json["AliasArn"],
             "arn:aws:lambda:eu-west-1:%s:function:checkout:live" % OTHER)
        same(sim.lambda_("GET", LIVE).json["FunctionVersion"], "41")
        identity = sim.sts("GetCallerIdentity", **deploy).xml
        same((identity["Account"], identity["Arn"]), (OTHER, reply.xml["Arn"]))
        holds(identity["UserId"].endswith(":tests"), identity)
        same(sim.sts("GetCallerIdentity").xml["Account"], "123456789012")
        lines = sim.log()
        same((lines[0]["gave"], lines[1]["signed_by"], lines[1]["role"]), (deploy["key"], deploy["key"], DEPLOY))
        same("role" in lines[2], False)


def test_keys_without_their_token_or_with_another_are_no_good():
    with playing() as sim:
        one, two = (keys(assume(sim, FIRST)) for _ in range(2))
        for token in (None, two["token"]):
            same(sim.lambda_("GET", LIVE, **dict(one, token=token)).error[:2], (403, "UnrecognizedClientException"))
        same(sim.sts("GetCallerIdentity", **dict(one, token="x")).error[:2], (403, "InvalidClientTokenId"))
        same(sim.lambda_("GET", LIVE, **dict(one, secret=two["secret"])).error[:2],
             (403, "InvalidSignatureException"))
        same(sim.sts("GetCallerIdentity", **dict(one, secret="x")).error[:2], (403, "SignatureDoesNotMatch"))


def test_regions():
    with playing() as sim:
        same(sim.lambda_("GET", "far", region="us-east-1").json["Configuration"]["FunctionArn"],
             "arn:aws:lambda:us-east-1:123456789012:function:far")
        same(sim.lambda_("GET", "far").status, 404)
        same(sim.lambda_("GET", "far", region="us-east-2").status, 403)
        same([line["region"] for line in sim.log()], ["us-east-1", "eu-west-1", "eu-west-1"])


def test_trust():
    denied = (403, "AccessDenied")
    with playing() as sim:
        first = keys(assume(sim, FIRST))
        same(assume(sim, DEPLOY).error[:2], denied)  # no external id
        same(assume(sim, DEPLOY, ExternalId="x-43").error[:2], denied)
        same(assume(sim, DEPLOY, ExternalId="x-42").status, 200)
        same(assume(sim, WEB).error, denied + (
            "User: arn:aws:iam::123456789012:user/%s is not authorized to perform: sts:AssumeRole on resource: %s"
            % (KEY, WEB),))
        same(assume(sim, DEPLOY + "x", ExternalId="x-42").error[:2], denied)
        same(assume(sim, MACHINE).status, 200)  # anybody of the account
        # The chain: first may become deploy, which may not become the machine: another account.
        deploy = keys(assume(sim, DEPLOY, ExternalId="x-42", signing=first))
        same(assume(sim, MACHINE, signing=deploy).error[:2], denied)
        same(assume(sim, DEPLOY, ExternalId="x-42", DurationSeconds="3601", signing=first).error[:2],
             (400, "ValidationError"))
        same(sim.sts("AssumeRole", {}, signed=False).error[:2], (403, "MissingAuthenticationToken"))


def test_parameters_are_checked():
    with playing() as sim:
        for arn, name, more in (("arn", "tests", {}), (FIRST, "x", {}), (FIRST, "a b", {}),
                                (FIRST, "tests", {"DurationSeconds": "899"}),
                                (FIRST, "tests", {"DurationSeconds": "43201"})):
            same(assume(sim, arn, name, **more).error[:2], (400, "ValidationError"))
        same(sim.sts("AssumeRoot").error[:2], (400, "InvalidAction"))


def test_denied_operations():
    with playing() as sim:
        deploy = keys(assume(sim, DEPLOY, ExternalId="x-42"))
        status, code, message = sim.lambda_("PUT", LIVE, {}, **deploy).error
        same((status, code), (403, "AccessDeniedException"))
        holds("deploy/tests is not authorized to perform: lambda:UpdateAlias on resource: arn:" in message, message)
        same(sim.lambda_("GET", LIVE, **deploy).status, 200)


def test_web_identity_is_unsigned_and_sessions_expire():
    def become(token, arn=WEB):
        return assume(sim, arn, action="AssumeRoleWithWebIdentity", signing={"signed": False},
                      WebIdentityToken=token)

    with playing() as sim:
        same(become("old.web.token").error[:2], (400, "ExpiredTokenException"))
        same(become("none.of.these").error[:2], (400, "InvalidIdentityToken"))
        same(become("good.web.token", MACHINE).error[:2], (403, "AccessDenied"))
        web = keys(become("good.web.token"))
        same(sim.lambda_("GET", LIVE, **web).status, 200)
        wait_for(lambda: sim.lambda_("GET", LIVE, **web).status == 403, 10, "the session to expire")
        same(sim.lambda_("GET", LIVE, **web).error[1], "ExpiredTokenException")
        same(sim.sts("GetCallerIdentity", **web).error[:2], (403, "ExpiredToken"))
        same(sim.cloudwatch({}, **web).error[:2], (400, "com.amazon.coral.service#ExpiredTokenException"))


def imds(sim, method, path, **headers):
    return sim.request(method, path, headers={n.replace("_", "-"): v for n, v in headers.items()}, signed=False)


def imds_token(sim, seconds="21600", **headers):
    return imds(sim, "PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds=seconds, **headers)


def test_imds():
    with playing() as sim:
        reply = imds_token(sim)
        same((reply.status, reply.headers["x-aws-ec2-metadata-token-ttl-seconds"]), (200, "21600"))
        same(reply.headers["content-type"], "text/plain")
        token = {"X_aws_ec2_metadata_token": reply.text}
        for path in (ROLE_PATH, ROLE_PATH[:-1]):
            same(imds(sim, "GET", path, **token).text, "machine")
        reply = imds(sim, "GET", ROLE_PATH + "machine", **token)
        same((reply.json["Code"], reply.json["Type"]), ("Success", "AWS-HMAC"))
        holds(until(reply.json["LastUpdated"]) <= time.time() < until(reply.json["Expiration"]), reply.text)
        same(sim.lambda_("GET", LIVE, **keys(reply)).status, 200)
        same(imds(sim, "GET", ROLE_PATH + "machine", **token).json, reply.json)  # the same set, for hours
        same(imds(sim, "GET", ROLE_PATH + "other", **token).status, 404)
        same(imds(sim, "GET", "/latest/meta-data/ami-id", **token).status, 404)
        same([line["operation"] for line in sim.log()][:4], ["ImdsToken", "ImdsRole", "ImdsRole", "ImdsCredentials"])


def test_imds_refuses():
    with playing() as sim:
        for seconds in ("0", "21601", "x"):
            same(imds_token(sim, seconds).status, 400)
        same(imds(sim, "PUT", "/latest/api/token").status, 400)
        same(imds_token(sim, X_Forwarded_For="10.0.0.1").status, 403)
        reply = imds(sim, "GET", ROLE_PATH)
        same((reply.status, reply.headers["content-type"], "401 - Unauthorized" in reply.text),
             (401, "text/html", True))
        good = imds_token(sim).text
        for token in ("", "x", good[:-4] + "x==", good.replace("AQAEA0", "AQAEA1")):
            same(imds(sim, "GET", ROLE_PATH, X_aws_ec2_metadata_token=token).status, 401)
        same(imds(sim, "GET", "/latest/api/token").status, 405)
    with playing(imds=", v1: true") as sim:
        same(imds(sim, "GET", ROLE_PATH).text, "machine")
        same(imds(sim, "GET", ROLE_PATH, X_aws_ec2_metadata_token="x").status, 401)


def test_imds_tokens_run_out():
    with playing(imds=", token_lifetime: 500ms") as sim:
        token = {"X_aws_ec2_metadata_token": imds_token(sim).text}
        same(imds(sim, "GET", ROLE_PATH, **token).status, 200)
        wait_for(lambda: imds(sim, "GET", ROLE_PATH, **token).status == 401, 10, "the token to run out")


def test_imds_error_object_and_hop_limit():
    with playing(imds=", v1: true, error: AssumeRoleUnauthorizedAccess") as sim:
        reply = imds(sim, "GET", ROLE_PATH + "machine")
        same((reply.status, reply.json["Code"], "AccessKeyId" in reply.json),
             (200, "AssumeRoleUnauthorizedAccess", False))
    with playing(imds=", hop_limit: true") as sim:
        connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=0.3)
        try:
            connection.request("PUT", "/latest/api/token", headers={"x-aws-ec2-metadata-token-ttl-seconds": "60"})
            connection.getresponse()
        except TimeoutError:
            pass
        else:
            raise AssertionError("there was a reply")
        finally:
            connection.close()


def test_machine_sets_are_renewed_unless_stale():
    def fetch(sim):
        return sim.request("GET", "/v2/credentials/42", headers={"Authorization": "Basic abc"}, signed=False).json

    short = 'roles:\n  - {arn: "%s", lifetime: 2s}\n' % MACHINE
    plain = SCENARIO[:SCENARIO.index("regions:")] + short + 'container: {role: "%s", path: /v2/credentials/42%s}\n' \
        + "functions: []\n"
    with Simulator(plain % (MACHINE, "")) as sim:
        first = fetch(sim)
        same(set(first), {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"})
        wait_for(lambda: fetch(sim)["AccessKeyId"] != first["AccessKeyId"], 10, "another set")
        holds(time.time() < until(first["Expiration"]) + 1, first)
    with Simulator(plain % (MACHINE, ", stale: true")) as sim:
        first = fetch(sim)
        wait_for(lambda: time.time() > until(first["Expiration"]) + 1, 10, "the set to expire")
        same(fetch(sim), first)


def test_container_wants_its_token():
    with playing() as sim:
        get = lambda **headers: sim.request("GET", "/v2/credentials/42", headers=headers, signed=False)
        same(get(Authorization="Basic abc").status, 200)
        same(sim.lambda_("GET", LIVE, **keys(get(Authorization="Basic abc"))).status, 200)
        same((get().error[:2], get(Authorization="abc").status), ((401, "InvalidAuthorization"), 401))


run(sys.modules[__name__])
