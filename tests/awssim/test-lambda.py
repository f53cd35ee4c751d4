"""The Lambda half of awssim: aliases and versions, by AWS's rules and in AWS's words."""

import datetime
import os
import shutil
import subprocess
import sys
import tempfile

from simulator import CREDENTIALS, KEY, Simulator, Skip, holds, run, same

SCENARIO = CREDENTIALS + """
metrics: {resolution: 1s}
functions:
  - name: checkout
    timeout: 7
    versions:
      - {version: 41}
      - {version: 42}
      - {version: 43, role: "arn:aws:iam::123456789012:role/other"}
      - {version: 44, dead_letter: "arn:aws:sqs:eu-west-1:123456789012:dlq"}
      - {version: 45, state: Pending}
      - {version: 46, state: Failed}
    aliases: [{name: live, version: 41}, {name: split, version: 41, weights: {42: 10%}}]
"""
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
LIVE = "checkout/aliases/live"


def weights(version, weight):
    return {"RoutingConfig": {"AdditionalVersionWeights": {version: weight}}}


def test_get_alias_has_no_routing_config_without_weights():
    with Simulator(SCENARIO) as sim:
        reply = sim.lambda_("GET", LIVE)
        body = reply.json
        same(reply.status, 200)
        holds(len(body.pop("RevisionId")) == 36)
        same(body, {"AliasArn": ARN + ":live", "Name": "live", "FunctionVersion": "41", "Description": ""})
        same(sim.lambda_("GET", "checkout/aliases/split").json["RoutingConfig"],
             {"AdditionalVersionWeights": {"42": 0.1}})


def test_every_reply_has_date_and_request_id():
    with Simulator(SCENARIO) as sim:
        seen = set()
        for reply in (sim.lambda_("GET", LIVE), sim.lambda_("GET", "nope/aliases/live"),
                      sim.request("GET", "/nowhere"), sim.cloudwatch({})):
            holds(reply.headers["date"].endswith(" GMT"), reply.headers)
            seen.add(reply.headers["x-amzn-requestid"])
        same(len(seen), 4)


def test_update_keeps_what_is_left_out_and_renews_the_revision():
    with Simulator(SCENARIO) as sim:
        first = sim.lambda_("GET", LIVE).json
        second = sim.lambda_("PUT", LIVE, dict(weights("42", 0.05), Description="x",
                                               RevisionId=first["RevisionId"])).json
        same(second["RoutingConfig"], {"AdditionalVersionWeights": {"42": 0.05}})
        same(second["FunctionVersion"], "41")
        third = sim.lambda_("PUT", LIVE, {}).json
        holds(third.pop("RevisionId") != second.pop("RevisionId"))
        same(third, second)


def test_stale_revision_is_refused_and_changes_nothing():
    with Simulator(SCENARIO) as sim:
        old = sim.alias()
        sim.lambda_("PUT", LIVE, weights("42", 0.05))
        now = sim.alias()
        reply = sim.lambda_("PUT", LIVE, dict(weights("42", 0.5), RevisionId=old["revision"]))
        same(reply.error, (412, "PreconditionFailedException",
                           "The Revision Id provided does not match the latest Revision Id. Call the "
                           "GetFunction/GetAlias API to retrieve the latest Revision Id"))
        same(reply.json["Type"], "User")
        same(sim.alias(), now)


def test_weights_are_cleared_by_either_empty_form():
    for empty in ({}, {"AdditionalVersionWeights": {}}):
        with Simulator(SCENARIO) as sim:
            reply = sim.lambda_("PUT", "checkout/aliases/split", {"RoutingConfig": empty})
            holds("RoutingConfig" not in reply.json, reply.json)


def test_promotion_is_one_call():
    with Simulator(SCENARIO) as sim:
        split = "checkout/aliases/split"
        same(sim.lambda_("PUT", split, {"FunctionVersion": "42"}).error,
             (400, "InvalidParameterValueException", "Invalid function version 42. Function version 42 is already "
              "included in routing configuration."))
        reply = sim.lambda_("PUT", split, {"FunctionVersion": "42", "RoutingConfig": {"AdditionalVersionWeights": {}}})
        same((reply.status, reply.json["FunctionVersion"]), (200, "42"))
        same(sim.alias(name="split")["weights"], {})


def test_rules_of_weights():
    invalid, validation = "InvalidParameterValueException", "ValidationException"
    head = "1 validation error detected: Value '%s' at 'routingConfig.additionalVersionWeights' failed to satisfy "
    cases = [
        ({"RoutingConfig": {"AdditionalVersionWeights": {"42": 0.1, "43": 0.1}}}, 400, invalid,
         "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        (weights("41", 0.1), 400, invalid,
         "Invalid function version 41. Function version 41 is already included in routing configuration."),
        (dict(weights("42", 0.1), FunctionVersion="$LATEST"), 400, invalid,
         "$LATEST is not supported for an alias pointing to more than 1 version"),
        (weights("43", 0.1), 400, invalid, "Specified versions must be associated with the same execution role"),
        (weights("44", 0.1), 400, invalid, "Specified versions must have the same dead letter queue configuration"),
        (weights("42", 2), 400, validation, head % "{42=2.0}" + "constraint: Map value"),
        (weights("42", -0.5), 400, validation, head % "{42=-0.5}" + "constraint: Map value"),
        (weights("$LATEST", 0.5), 400, validation, head % "{$LATEST=0.5}" + "constraint: Map keys"),
        (weights("99", 0.1), 404, "ResourceNotFoundException", "Function not found: " + ARN + ":99"),
        ({"FunctionVersion": "99"}, 404, "ResourceNotFoundException", "Function not found: " + ARN + ":99"),
        ({"FunctionVersion": "latest"}, 400, validation, "1 validation error detected: Value 'latest'"),
        (weights("45", 0.1), 409, "ResourceConflictException", "The operation cannot be performed at this time."),
        ({"FunctionVersion": "46"}, 409, "ResourceConflictException", "The operation cannot be performed"),
        (b"{", 400, "InvalidRequestContentException", "Could not parse request body into json"),
        ({"FunctionVersion": 42}, 400, "SerializationException", ""),
    ]
    with Simulator(SCENARIO) as sim:
        before = sim.alias()
        for body, status, kind, text in cases:
            reply = sim.lambda_("PUT", LIVE, body)
            same(reply.error[:2], (status, kind))
            holds(reply.error[2].startswith(text), body, reply.error)
        same(sim.alias(), before)
        for weight in (0, 0.0, 1, 1.0, 0.005):
            same(sim.lambda_("PUT", LIVE, weights("42", weight)).status, 200)
            same(sim.alias()["weights"], {"42": weight})


def test_missing_things():
    with Simulator(SCENARIO) as sim:
        missing = (404, "ResourceNotFoundException")
        same(sim.lambda_("GET", "checkout/aliases/nope").error, missing + ("Cannot find alias arn: " + ARN + ":nope",))
        same(sim.lambda_("PUT", "checkout/aliases/nope", {}).error, missing + ("Alias not found: " + ARN + ":nope",))
        same(sim.lambda_("GET", "nope/aliases/live").error,
             missing + ("Function not found: " + ARN.replace("checkout", "nope"),))
        same(sim.lambda_("GET", "checkout/configuration", query="Qualifier=99").error,
             missing + ("Function not found: " + ARN + ":99",))
        same(sim.lambda_("GET", ARN.replace("eu-west-1", "us-east-1").replace(":", "%3A") + "/aliases/live").error,
             missing + ("Functions from 'us-east-1' are not reachable in this region ('eu-west-1')",))


def test_names_of_functions():
    with Simulator(SCENARIO) as sim:
        for name in ("checkout", ARN, "123456789012:function:checkout", "function:checkout"):
            same(sim.lambda_("GET", name.replace(":", "%3A") + "/aliases/live").status, 200)
        same(sim.lambda_("GET", "checkout%3Alive/aliases/live").error[:2], (400, "InvalidParameterValueException"))
        same(sim.lambda_("GET", "not%20a%20name/aliases/live").error[:2], (400, "ValidationException"))
        same(sim.lambda_("GET", ARN.replace(":", "%3A") + "%3A42/configuration").json["Version"], "42")
        same(sim.lambda_("GET", "checkout%3A42/configuration", query="Qualifier=41").error[:2],
             (400, "InvalidParameterValueException"))


def test_create_and_delete():
    with Simulator(SCENARIO) as sim:
        reply = sim.lambda_("POST", "checkout/aliases", {"Name": "2024-01-02", "FunctionVersion": "41"})
        same((reply.status, reply.json["Name"]), (201, "2024-01-02"))
        same(sim.lambda_("POST", "checkout/aliases", {"Name": "live", "FunctionVersion": "41"}).error,
             (409, "ResourceConflictException", "Alias already exists: " + ARN + ":live"))
        same(sim.lambda_("POST", "checkout/aliases", {"Name": "123", "FunctionVersion": "41"}).error[:2],
             (400, "ValidationException"))
        same(sim.lambda_("POST", "checkout/aliases", {"Name": "new"}).error[:2], (400, "ValidationException"))
        for _ in range(2):
            reply = sim.lambda_("DELETE", "checkout/aliases/live")
            same((reply.status, reply.text), (204, ""))
        same(sim.lambda_("GET", LIVE).status, 404)
        same(sim.lambda_("POST", "checkout/aliases", {"Name": "live", "FunctionVersion": "42"}).status, 201)


def test_lists():
    with Simulator(SCENARIO) as sim:
        names = lambda reply: [a["Name"] for a in reply.json["Aliases"]]
        same(names(sim.lambda_("GET", "checkout/aliases")), ["live", "split"])
        same(names(sim.lambda_("GET", "checkout/aliases", query="FunctionVersion=42")), ["split"])
        page = sim.lambda_("GET", "checkout/aliases", query="MaxItems=1")
        same((names(page), page.json["NextMarker"]), (["live"], "1"))
        page = sim.lambda_("GET", "checkout/aliases", query="MaxItems=1&Marker=1")
        same((names(page), page.json.get("NextMarker")), (["split"], None))
        versions = sim.lambda_("GET", "checkout/versions").json["Versions"]
        same([v["Version"] for v in versions], ["$LATEST", "41", "42", "43", "44", "45", "46"])


def test_configuration():
    with Simulator(SCENARIO) as sim:
        body = sim.lambda_("GET", "checkout/configuration", query="Qualifier=live").json
        same((body["Version"], body["FunctionArn"], body["State"], body["Timeout"]), ("41", ARN + ":live", "Active", 7))
        same(sim.lambda_("GET", "checkout/configuration").json["Version"], "$LATEST")
        body = sim.lambda_("GET", "checkout", query="Qualifier=46").json["Configuration"]
        same((body["State"], body["StateReasonCode"]), ("Failed", "FunctionError"))
        body = sim.lambda_("GET", "checkout/configuration", query="Qualifier=44").json
        same(body["DeadLetterConfig"]["TargetArn"], "arn:aws:sqs:eu-west-1:123456789012:dlq")


def test_signatures():
    def refused(kind, text, **more):
        reply = sim.lambda_("GET", LIVE, **more)
        same(reply.error[:2], (403, kind))
        holds(reply.error[2].startswith(text), reply.error)

    now = datetime.datetime.now(datetime.timezone.utc)
    with Simulator(SCENARIO) as sim:
        invalid = "InvalidSignatureException"
        refused(invalid, "The request signature we calculated does not match", secret="wrong")
        refused(invalid, "The request signature we calculated does not match", tamper=b"{}")
        refused("UnrecognizedClientException", "The security token included in the request is invalid", key="AKIAX")
        refused("MissingAuthenticationTokenException", "Missing Authentication Token", signed=False)
        refused(invalid, "Signature expired: ", at=now - datetime.timedelta(minutes=6))
        refused(invalid, "Signature not yet current: ", at=now + datetime.timedelta(minutes=6))
        refused(invalid, "Credential should be scoped to a valid region", region="us-east-1")
        refused(invalid, "Credential should be scoped to correct service: 'lambda'", service="monitoring")
        same(sim.lambda_("GET", LIVE, at=now - datetime.timedelta(minutes=4)).status, 200)
        same([line.get("signed_by") for line in sim.log()][-2:], [None, KEY])


def test_temporary_credentials():
    scenario = SCENARIO.replace("}]\n", ", session_token: abc}]\n", 1)
    with Simulator(scenario) as sim:
        same(sim.lambda_("GET", LIVE).error[:2], (403, "UnrecognizedClientException"))
        same(sim.lambda_("GET", LIVE, headers={"X-Amz-Security-Token": "abc"}).status, 200)
    with Simulator(scenario.replace("abc}", "abc, expires_after: 1ms}", 1)) as sim:
        same(sim.lambda_("GET", LIVE, headers={"X-Amz-Security-Token": "abc"}).error[:2],
             (403, "ExpiredTokenException"))


def test_connection_is_kept_and_header_names_have_no_case():
    with Simulator(SCENARIO) as sim:
        connection = sim.connect()
        for _ in range(3):
            same(sim.lambda_("GET", LIVE, headers={"X-AMZ-Meta": "1"}, connection=connection).status, 200)
            holds(connection.sock is not None)
        connection.close()


def test_bodies_have_a_limit():
    with Simulator(SCENARIO) as sim:
        same(sim.lambda_("PUT", LIVE, b"x" * (3 << 20)).error[:2], (413, "RequestTooLargeException"))


def test_log_tells_who_moved_what():
    with Simulator(SCENARIO) as sim:
        before = sim.alias()["revision"]
        sim.lambda_("PUT", LIVE, dict(weights("42", 0.05), RevisionId=before))
        line = sim.log()[-1]
        same([line[k] for k in ("n", "operation", "status", "function", "alias", "revision_seen", "revision_new")],
             [1, "UpdateAlias", 200, "checkout", "live", before, sim.alias()["revision"]])
        same(line["body"], dict(weights("42", 0.05), RevisionId=before))
        holds(line["t_ms"] >= 0 and line["t"].endswith("Z"), line)


def test_somebody_else_acts():
    with Simulator(SCENARIO) as sim:
        old = sim.alias()
        change = {"function": "checkout", "alias": "live", "version": "41", "weights": {"42": 0.5}}
        same(sim.request("POST", "/_sim/alias", body=change, signed=False).status, 200)
        now = sim.alias()
        same(now["weights"], {"42": 0.5})
        holds(now["revision"] != old["revision"])
        same(sim.lambda_("PUT", LIVE, {"RevisionId": old["revision"]}).status, 412)
        same(sim.request("POST", "/_sim/alias", body={"function": "nope"}, signed=False).status, 400)
        same([line["operation"] for line in sim.log()], ["_sim/alias", "UpdateAlias", "_sim/alias"])


def test_tls():
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    with tempfile.TemporaryDirectory(prefix="awssim-test-") as directory:
        files = [os.path.join(directory, name) for name in ("cert.pem", "key.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
        with Simulator(SCENARIO, tls=files) as sim:
            same(sim.lambda_("GET", LIVE).status, 200)


run(sys.modules[__name__])
