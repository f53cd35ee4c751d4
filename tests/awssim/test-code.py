"""Code and versions in awssim: what is uploaded, published, fetched again, and how long Lambda takes."""

import base64
import hashlib
import os
import sys
import tempfile
import time
import urllib.parse

from simulator import CREDENTIALS, Simulator, holds, run, same, wait_for

SCENARIO = CREDENTIALS + """
metrics: {resolution: 1s}
objects:
  - {bucket: artifacts, key: a/checkout.zip, text: "PK from S3"}
  - {bucket: artifacts, key: a/checkout.zip, version: v2, text: "PK from S3, again"}
functions:
  - name: checkout
    versions:
      - {version: 41, code: "PK forty-one"}
      - {version: 42, unpublished: true, error_rate: 50%}
      - {version: 43, unpublished: true, state: Failed, reason: "no memory"}
    aliases: [{name: live, version: 41}]
  - name: picture
    versions: [{version: 1, image: "r.example.com/picture:1"}]
"""
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
LIVE = "checkout/aliases/live"
SLOW = SCENARIO.replace("  - name: checkout\n", "  - name: checkout\n    update_takes: 400ms\n    publish_takes: 400ms\n")
PROVISIONED = SCENARIO.replace("  - name: checkout\n", "  - name: checkout\n    provision_takes: 600ms\n"
                               "    provisioned: [{alias: live, executions: 5}]\n")


def sha(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def zipped(data):
    return {"ZipFile": base64.b64encode(data).decode()}


def configuration(sim, qualifier="$LATEST", function="checkout"):
    return sim.lambda_("GET", function + "/configuration", query="Qualifier=" + urllib.parse.quote(qualifier)).json


def update(sim, body, function="checkout"):
    return sim.lambda_("PUT", function + "/code", body)


def fetch(sim, location, headers=None):
    path = urllib.parse.urlsplit(location)
    same(path.netloc, "127.0.0.1:%d" % sim.port)
    return sim.request("GET", path.path, path.query, signed=False, headers=headers)


def test_latest_has_what_was_published_last():
    with Simulator(SCENARIO) as sim:
        same(configuration(sim)["CodeSha256"], sha(b"PK forty-one"))
        same(configuration(sim, "41")["CodeSha256"], sha(b"PK forty-one"))
        reply = sim.lambda_("POST", "checkout/versions", {})
        same((reply.status, reply.json["Version"]), (201, "41"))
        same(sim.lambda_("GET", "checkout/configuration", query="Qualifier=42").status, 404)


def test_update_and_publish():
    with Simulator(SCENARIO) as sim:
        before = configuration(sim)
        reply = update(sim, dict(zipped(b"PK new"), RevisionId=before["RevisionId"], Publish=False))
        same((reply.status, reply.json["Version"], reply.json["CodeSha256"]), (200, "$LATEST", sha(b"PK new")))
        holds(reply.json["RevisionId"] != before["RevisionId"])
        latest = configuration(sim)
        body = {"CodeSha256": latest["CodeSha256"], "RevisionId": latest["RevisionId"], "Description": "by hand"}
        reply = sim.lambda_("POST", "checkout/versions", body)
        same((reply.status, reply.json["Version"], reply.json["Description"]), (201, "42", "by hand"))
        same(reply.json["FunctionArn"], ARN + ":42")
        after = configuration(sim)
        holds(after["RevisionId"] != latest["RevisionId"])
        # Whoever asks again gets the same.
        same(sim.lambda_("POST", "checkout/versions", dict(body, RevisionId=after["RevisionId"])).json["Version"], "42")
        same(configuration(sim)["RevisionId"], after["RevisionId"])
        same([v["Version"] for v in sim.lambda_("GET", "checkout/versions").json["Versions"]], ["$LATEST", "41", "42"])
        same(sim.lambda_("PUT", LIVE, {"FunctionVersion": "42"}).status, 200)
        line = [line for line in sim.log() if line["operation"] == "UpdateFunctionCode"][0]
        same((line["body"]["ZipFile"], line["revision_seen"]), ("(8 characters)", before["RevisionId"]))


def test_publish_true_does_both():
    with Simulator(SCENARIO) as sim:
        reply = update(sim, dict(zipped(b"PK new"), Publish=True))
        same((reply.status, reply.json["Version"], reply.json["CodeSha256"]), (200, "42", sha(b"PK new")))
        reply = update(sim, dict(zipped(b"PK other"), DryRun=True))
        same((reply.status, configuration(sim)["CodeSha256"]), (200, sha(b"PK new")))


def test_guards():
    with Simulator(SCENARIO) as sim:
        stale = (412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. "
                 "Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
        same(update(sim, dict(zipped(b"PK new"), RevisionId="stale")).error, stale)
        same(sim.lambda_("POST", "checkout/versions", {"RevisionId": "stale"}).error, stale)
        same(sim.lambda_("POST", "checkout/versions", {"CodeSha256": "x"}).error,
             (400, "InvalidParameterValueException", "CodeSHA256 (x) is different from current CodeSHA256 in $LATEST "
              "(%s). Please try again with the CodeSHA256 in $LATEST." % sha(b"PK forty-one")))
        for body, kind in (({}, "InvalidParameterValueException"), (zipped(b"no zip"), "InvalidParameterValueException"),
                           ({"ZipFile": "a"}, "SerializationException"), ({"ZipFile": 1}, "SerializationException"),
                           ({"ImageUri": "x"}, "InvalidParameterValueException"),
                           ({"S3Bucket": "artifacts", "S3Key": "nope"}, "InvalidParameterValueException"),
                           (dict(zipped(b"PK"), ImageUri="x"), "InvalidParameterValueException")):
            same(update(sim, body).error[:2], (400, kind))
        same(configuration(sim)["CodeSha256"], sha(b"PK forty-one"))
        same(update(sim, {}, "nope").status, 404)


def test_objects():
    with Simulator(SCENARIO) as sim:
        body = {"S3Bucket": "artifacts", "S3Key": "a/checkout.zip"}
        same(update(sim, body).json["CodeSha256"], sha(b"PK from S3"))
        same(update(sim, dict(body, S3ObjectVersion="v2")).json["CodeSha256"], sha(b"PK from S3, again"))
        same(update(sim, dict(body, S3ObjectVersion="v3")).status, 400)
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"PK\x00\xff")
        f.flush()
        with Simulator(SCENARIO.replace('text: "PK from S3"}', 'file: "%s"}' % f.name)) as sim:
            same(update(sim, body).json["CodeSha256"], sha(b"PK\x00\xff"))


def test_busy_for_a_while():
    with Simulator(SLOW) as sim:
        reply = update(sim, zipped(b"PK new"))
        same((reply.json["State"], reply.json["LastUpdateStatus"]), ("Active", "InProgress"))
        busy = (409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in "
                "progress for resource: " + ARN)
        same(update(sim, zipped(b"PK newer")).error, busy)
        same(sim.lambda_("POST", "checkout/versions", {}).error, busy)
        wait_for(lambda: configuration(sim)["LastUpdateStatus"] == "Successful", 10, "the update")
        holds(configuration(sim)["RevisionId"] != reply.json["RevisionId"])
        published = sim.lambda_("POST", "checkout/versions", {}).json
        same((published["Version"], published["State"], "LastUpdateStatus" in published), ("42", "Pending", False))
        same(sim.lambda_("PUT", LIVE, {"FunctionVersion": "42"}).error[:2], (409, "ResourceConflictException"))
        wait_for(lambda: configuration(sim, "42")["State"] == "Active", 10, "version 42")
        same(sim.lambda_("PUT", LIVE, {"FunctionVersion": "42"}).status, 200)


def test_failures():
    with Simulator(SLOW.replace("    update_takes", '    update_fails: "no disk"\n    update_takes')) as sim:
        same(update(sim, zipped(b"PK new")).json["LastUpdateStatus"], "InProgress")
        wait_for(lambda: configuration(sim)["LastUpdateStatus"] == "Failed", 10, "the update")
        same(configuration(sim)["LastUpdateStatusReason"], "no disk")
    with Simulator(SLOW) as sim:
        for code in (b"PK 42", b"PK 43"):
            wait_for(lambda: configuration(sim)["LastUpdateStatus"] == "Successful", 10, "the update")
            same(update(sim, dict(zipped(code), Publish=True)).json["State"], "Pending")
        wait_for(lambda: configuration(sim, "43")["State"] == "Failed", 10, "version 43")
        same(configuration(sim, "43")["StateReason"], "no memory")


def test_code_is_fetched_by_its_address_alone():
    with Simulator(SCENARIO) as sim:
        update(sim, zipped(b"PK new"))
        for qualifier, code in (("41", "PK forty-one"), ("$LATEST", "PK new")):
            body = sim.lambda_("GET", "checkout", query="Qualifier=" + urllib.parse.quote(qualifier)).json
            same(body["Code"]["RepositoryType"], "S3")
            reply = fetch(sim, body["Code"]["Location"])
            same((reply.status, reply.text), (200, code))
            same(body["Configuration"]["CodeSha256"], sha(code.encode()))
        location = body["Code"]["Location"]
        same(fetch(sim, location, {"Authorization": "AWS4-HMAC-SHA256 x"}).status, 403)
        same(fetch(sim, location[:-1]).status, 403)
        same(sim.log()[-1]["operation"], "GetCode")
    with Simulator(SCENARIO + "code_life: 1ms\n") as sim:
        location = sim.lambda_("GET", "checkout").json["Code"]["Location"]
        time.sleep(0.01)
        same(fetch(sim, location).status, 403)


def test_images():
    with Simulator(SCENARIO) as sim:
        body = sim.lambda_("GET", "picture", query="Qualifier=1").json
        digest = hashlib.sha256(b"r.example.com/picture:1").hexdigest()
        same((body["Configuration"]["PackageType"], body["Configuration"]["CodeSha256"]), ("Image", digest))
        same(body["Code"], {"RepositoryType": "ECR", "ImageUri": "r.example.com/picture:1",
                            "ResolvedImageUri": "r.example.com/picture@sha256:" + digest})
        same(update(sim, zipped(b"PK"), "picture").status, 400)
        body = update(sim, dict(ImageUri="r.example.com/picture:2", Publish=True), "picture").json
        digest = hashlib.sha256(b"r.example.com/picture:2").hexdigest()
        same((body["Version"], body["CodeSha256"]), ("2", digest))
        same(sim.lambda_("GET", "picture", query="Qualifier=2").json["Code"]["ResolvedImageUri"],
             "r.example.com/picture@sha256:" + digest)


def test_an_image_by_its_digest():
    """The tag's image by its digest is the same image, so that nothing new is there to be published."""
    old = hashlib.sha256(b"r.example.com/picture:1").hexdigest()
    with Simulator(SCENARIO) as sim:
        for image, digest, version in (("r.example.com/picture:1", old, "1"),
                                       ("r.example.com/picture@sha256:" + old, old, "1"),
                                       ("r.example.com:5000/picture:2@sha256:" + "1" * 64, "1" * 64, "2")):
            body = update(sim, dict(ImageUri=image, Publish=True), "picture").json
            same((body["CodeSha256"], body["Version"]), (digest, version))
            code = sim.lambda_("GET", "picture", query="Qualifier=$LATEST".replace("$", "%24")).json["Code"]
            same((code["ImageUri"], code["ResolvedImageUri"]),
                 (image, image.split("/")[0] + "/picture@sha256:" + digest))


def test_large_zip():
    data = b"PK" + os.urandom(5 << 20)
    with Simulator(SCENARIO) as sim:
        same(update(sim, zipped(data)).json["CodeSha256"], sha(data))


def provisioned(sim, method, qualifier, body=b""):
    return sim.request(method, "/2019-09-30/functions/checkout/provisioned-concurrency", "Qualifier=" + qualifier, body)


def test_provisioned_concurrency():
    with Simulator(SCENARIO.replace("  - name: checkout\n", "  - name: checkout\n    provision_takes: 400ms\n")) as sim:
        same(provisioned(sim, "GET", "live").error[:2], (404, "ProvisionedConcurrencyConfigNotFoundException"))
        same(provisioned(sim, "GET", "nope").error[:2], (404, "ResourceNotFoundException"))
        reply = provisioned(sim, "PUT", "live", {"ProvisionedConcurrentExecutions": 5})
        same((reply.status, reply.json["Status"], reply.json["RequestedProvisionedConcurrentExecutions"],
              reply.json["AllocatedProvisionedConcurrentExecutions"]), (202, "IN_PROGRESS", 5, 0))
        wait_for(lambda: provisioned(sim, "GET", "live").json["Status"] == "READY", 10, "provisioning")
        same(provisioned(sim, "PUT", "41", {"ProvisionedConcurrentExecutions": 5}).error,
             (409, "ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias"))
        same(provisioned(sim, "PUT", "$LATEST", {"ProvisionedConcurrentExecutions": 5}).status, 400)
        same(provisioned(sim, "DELETE", "live").status, 204)
        same(provisioned(sim, "DELETE", "live").status, 204)
        same(provisioned(sim, "GET", "live").status, 404)


def test_lambda_moves_the_traffic_itself():
    with Simulator(PROVISIONED) as sim:
        same(provisioned(sim, "GET", "live").json["Status"], "READY")
        update(sim, dict(zipped(b"PK new"), Publish=True))
        reply = sim.lambda_("PUT", LIVE, {"FunctionVersion": "42"})
        same((reply.json["FunctionVersion"], reply.json["RoutingConfig"]),
             ("42", {"AdditionalVersionWeights": {"41": 1}}))
        same(provisioned(sim, "PUT", "live", {"ProvisionedConcurrentExecutions": 6}).error[:2],
             (400, "InvalidParameterValueException"))
        seen = [reply.json["RevisionId"]]

        def settled():
            alias = sim.lambda_("GET", LIVE).json
            if alias["RevisionId"] not in seen:
                seen.append(alias["RevisionId"])
            return "RoutingConfig" not in alias

        wait_for(settled, 10, "Lambda's own weights to go")
        same(len(seen), 3)


run(sys.modules[__name__])
