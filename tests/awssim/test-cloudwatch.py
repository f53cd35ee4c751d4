"""The CloudWatch half of awssim: the traffic model as GetMetricData and GetMetricStatistics show it."""

import datetime
import sys
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from email.utils import parsedate_to_datetime

from simulator import CREDENTIALS, Simulator, holds, run, same, wait_for

SCENARIO = CREDENTIALS + """
seed: %d
metrics: {resolution: 1s, delay: 0ms, trickle: 0ms, history: 5m, page_size: %d}
functions:
  - name: checkout
    versions:
      - {version: 41, error_rate: 2%%, latency_ms: 80}
      - {version: 42, error_rate: 10%%, latency: [{from: 0s, ms: 200}]}
      - {version: 43}
    aliases: [{name: live, version: 41, weights: {42: 25%%}}, {name: idle, version: 43}]
    traffic: [{alias: live, requests_per_second: 200}]
"""
SPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def scenario(seed=1, page_size=100800):
    return SCENARIO % (seed, page_size)


def query(name, metric="Invocations", stat="Sum", period=1, function="checkout", resource=None, version=None,
          **extra):
    dimensions = [{"Name": n, "Value": v} for n, v in
                  (("FunctionName", function), ("Resource", resource), ("ExecutedVersion", version)) if v]
    return dict({"Id": name, "MetricStat": {"Period": period, "Stat": stat, "Metric": {
        "Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}}}, **extra)


def of_version(name, version, metric="Invocations", **more):
    return query(name, metric, resource="checkout:live", version=version, **more)


def ask(sim, queries, start, end, **more):
    return sim.cloudwatch(dict({"MetricDataQueries": queries, "StartTime": start, "EndTime": end}, **more))


def points(reply):
    same(reply.status, 200)
    return {r["Id"]: dict(zip(r["Timestamps"], r["Values"])) for r in reply.json["MetricDataResults"]}


def window(sim, seconds=60, ago=10):
    """A window that lies wholly before the start of the simulator, on full minutes."""
    start = int(sim.state()["start"]) - ago - seconds
    start -= start % 60
    return start, start + seconds


def test_versions_add_up_to_the_alias_and_the_function():
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        got = points(ask(sim, [of_version("old", "41"), of_version("new", "42"), query("all"),
                               query("alias", resource="checkout:live")], start, end))
        same(len(got["all"]), 60)
        same(got["all"], got["alias"])
        for t, n in got["all"].items():
            holds(199 <= n <= 201, t, n)
            same(got["old"][t] + got["new"][t], n)
        share = sum(got["new"].values()) / sum(got["all"].values())
        holds(0.22 < share < 0.28, share)


def test_error_rates():
    with Simulator(scenario()) as sim:
        start, end = window(sim, 180)
        got = points(ask(sim, [of_version("n", "42", period=60), of_version("e", "42", "Errors", period=60),
                               of_version("samples", "42", "Errors", stat="SampleCount", period=60),
                               of_version("t", "42", "Throttles", period=60)], start, end))
        rate = sum(got["e"].values()) / sum(got["n"].values())
        holds(0.08 < rate < 0.12, rate)
        same(got["samples"], got["n"])
        same(set(got["t"].values()), {0.0})


def test_minutes_are_the_sums_of_their_seconds():
    with Simulator(scenario()) as sim:
        start, end = window(sim, 120)
        got = points(ask(sim, [of_version("s", "42", "Errors"), of_version("m", "42", "Errors", period=60)], start, end))
        for minute, errors in got["m"].items():
            same(sum(v for t, v in got["s"].items() if minute <= t < minute + 60), errors)


def test_same_seed_same_counts():
    runs = []
    for seed in (1, 1, 2):
        with Simulator(scenario(seed)) as sim:
            start = int(sim.state()["start"])
            got = points(ask(sim, [of_version("e", "42", "Errors")], start - 120, start - 10))["e"]
            runs.append([got.get(float(start - i), 0) for i in range(11, 100)])
    same(runs[0], runs[1])
    holds(runs[0] != runs[2])


def test_the_past_does_not_change():
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        queries = [of_version("n", "42"), of_version("e", "42", "Errors")]
        before = points(ask(sim, queries, start, end))
        sim.lambda_("PUT", "checkout/aliases/live", {"FunctionVersion": "42", "RoutingConfig": {}})
        same(points(ask(sim, queries, start, end)), before)


def test_late_counts_only_grow():
    late = scenario().replace("delay: 0ms, trickle: 0ms", "delay: 200ms, trickle: 1s")
    with Simulator(late) as sim:
        start = int(time.time())
        start -= start % 60
        seen, growing = {}, set()

        def poll():
            got = points(ask(sim, [of_version("n", "42"), of_version("e", "42", "Errors")], start, start + 120))
            for t, n in got["n"].items():
                holds(n >= seen.get(t, 0), t, n, seen)
                holds(t + 1.2 <= time.time(), t)
                holds(got["e"][t] <= n)
                if t in seen and n > seen[t]:
                    growing.add(t)
            seen.update(got["n"])
            return len(growing) >= 2

        wait_for(poll, 20, "two buckets that grow")


def test_weights_act_at_once():
    with Simulator(scenario()) as sim:
        sim.lambda_("PUT", "checkout/aliases/live", {"FunctionVersion": "41", "RoutingConfig": {}})
        moved = time.time()
        first = int(moved) + 1

        def full_bucket():
            got = points(ask(sim, [of_version("new", "42"), of_version("old", "41")], first, first + 60))
            holds(got["new"] == {}, got)
            return len(got["old"]) >= 2 and 199 <= got["old"][float(first)] <= 201

        wait_for(full_bucket, 20, "two buckets after the change")


def test_curves_count_from_first_traffic():
    text = scenario().replace("{version: 43}", "{version: 43, errors: [{from: 0s, rate: 0}, {from: 2s, rate: 100%}]}")
    with Simulator(text.replace("rate: 0}", "rate: 0%}")) as sim:
        moved = time.time()
        sim.lambda_("PUT", "checkout/aliases/live", {"FunctionVersion": "43", "RoutingConfig": {}})

        def failing():
            start = int(moved)
            got = points(ask(sim, [of_version("n", "43"), of_version("e", "43", "Errors")], start, start + 60))
            bad = [t for t, e in got["e"].items() if e == got["n"][t]]
            for t, e in got["e"].items():
                holds(e == 0 or t + 1 > moved + 1.9, t, e, moved)
            return len(bad) >= 2

        wait_for(failing, 20, "version 43 to fail")


def test_nothing_is_not_zero():
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        cases = [of_version("a", "43"), query("b", resource="checkout:idle"), query("c", function="nope"),
                 query("d", version="42"), query("e", resource="checkout:42"), query("f", metric="Nope"),
                 query("g", resource="arn:aws:lambda:eu-west-1:123456789012:function:checkout:live"),
                 query("h", function=None)]
        reply = ask(sim, cases, start, end)
        for result in reply.json["MetricDataResults"]:
            same((result["StatusCode"], result["Timestamps"], result["Values"]), ("Complete", [], []))
        same(len(reply.json["MetricDataResults"]), len(cases))


def test_durations_are_in_order():
    stats = ["Minimum", "p10", "p50", "Average", "p90", "p99", "p99.9", "Maximum"]
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        names = ["s%d" % i for i in range(len(stats))]
        got = points(ask(sim, [of_version(n, "42", "Duration", stat=s, period=60) for n, s in zip(names, stats)] +
                         [of_version("n", "42", "Duration", stat="SampleCount", period=60),
                          of_version("sum", "42", "Duration", period=60)], start, end))
        t = float(start)
        values = [got[n][t] for n in names]
        same(values, sorted(values))
        holds(abs(values[3] - 200) < 1, values)
        holds(abs(got["sum"][t] / got["n"][t] - values[3]) < 1e-6)
        holds(values[5] < 400, values)


def test_order_and_pages():
    queries = [of_version("a", "41"), of_version("b", "42"), query("c", function="nope"), of_version("d", "42", "Errors")]
    with Simulator(scenario(page_size=50)) as sim:
        start, end = window(sim)
        for order, reverse in ((None, True), ("TimestampDescending", True), ("TimestampAscending", False)):
            got, token, pages = {}, None, 0
            while token or pages == 0:
                more = {"ScanBy": order} if order else {}
                reply = ask(sim, queries, start, end, **dict(more, **({"NextToken": token} if token else {})))
                same(reply.status, 200)
                token, pages = reply.json.get("NextToken"), pages + 1
                results = reply.json["MetricDataResults"]
                for result in results:
                    got.setdefault(result["Id"], []).extend(result["Timestamps"])
                    same(result["StatusCode"] == "PartialData",
                         bool(token) and result is results[-1] and len(got[result["Id"]]) < 60)
                holds(pages < 20, pages)
            same({k: len(v) for k, v in got.items()}, {"a": 60, "b": 60, "c": 0, "d": 60})
            for times in got.values():
                same(times, sorted(times, reverse=reverse))
            same(pages, 4)
        same(ask(sim, queries, start, end, NextToken="nonsense").error[1].split("#")[1], "InvalidNextToken")


def test_pages_of_one_answer_see_the_same_moment():
    queries = [of_version("a", "42")]
    with Simulator(scenario(page_size=30)) as sim:
        start = int(time.time()) // 60 * 60 - 60
        first = ask(sim, queries, start, start + 600).json
        times, token = first["MetricDataResults"][0]["Timestamps"], first["NextToken"]
        newest = lambda: ask(sim, queries, start, start + 600).json["MetricDataResults"][0]["Timestamps"][0]
        wait_for(lambda: newest() > times[0] + 1, 20, "newer buckets")
        while token:
            page = ask(sim, queries, start, start + 600, NextToken=token).json
            times += page["MetricDataResults"][0]["Timestamps"]
            token = page.get("NextToken")
        same(times, [times[0] - i for i in range(len(times))])
        same(times[-1], start)


def test_refusals():
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        one = of_version("a", "42")
        cases = [
            ({}, "required"), ({"MetricDataQueries": [], "StartTime": start, "EndTime": end}, "required"),
            ({"MetricDataQueries": [one] * 501}, "greater than 500"),
            ({"MetricDataQueries": [one, one]}, "not unique"),
            ({"MetricDataQueries": [of_version("Upper", "42")]}, "not matching"),
            ({"MetricDataQueries": [of_version("a", "42", period=7)]}, "Period"),
            ({"MetricDataQueries": [of_version("a", "42", stat="Median")]}, "Stat"),
            ({"MetricDataQueries": [{"Id": "a", "Expression": "b*2"}]}, "Expression"),
            ({"MetricDataQueries": [one], "EndTime": start}, "StartTime must be less"),
            ({"MetricDataQueries": [one], "MaxDatapoints": 100801}, "MaxDatapoints"),
        ]
        for body, text in cases:
            full = dict({"StartTime": start, "EndTime": end}, **body) if body else body
            status, kind, message = sim.cloudwatch(full).error
            same((status, kind), (400, "com.amazon.coral.validate#ValidationException"))
            holds(text in message, text, message)
        reply = sim.cloudwatch({}, headers={"x-amzn-query-mode": "true"})
        same(reply.headers["x-amzn-query-error"], "ValidationError;Sender")
        same(reply.headers["content-type"], "application/x-amz-json-1.0")
        same(sim.cloudwatch(b"[]").error[1], "com.amazon.coral.service#SerializationException")
        same(sim.cloudwatch({}, operation="Nope").error[1], "com.amazon.coral.service#UnknownOperationException")
        same(sim.cloudwatch({}, secret="wrong").error[:2], (400, "com.amazon.coral.service#InvalidSignatureException"))
        reply = sim.cloudwatch({}, secret="wrong", headers={"x-amzn-query-mode": "true"})
        same((reply.status, reply.headers["x-amzn-query-error"]), (403, "SignatureDoesNotMatch;Sender"))


def test_log_says_what_was_served():
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        got = points(ask(sim, [of_version("e", "42", "Errors")], start, end))["e"]
        served = sim.log()[-1]["served"]
        same((served["start"], served["end"]), (start, end))
        result = served["results"][0]
        same([result[k] for k in ("id", "metric", "function", "version", "points", "sum")],
             ["e", "Errors", "checkout", "42", len(got), sum(got.values())])


def form(sim, fields, **more):
    body = urllib.parse.urlencode(dict(fields, Version="2010-08-01")).encode()
    return sim.request("POST", "/", body=body, service="monitoring",
                       headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, **more)


def iso(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_query_protocol_says_the_same():
    with Simulator(scenario()) as sim:
        start, end = window(sim)
        json_points = points(ask(sim, [of_version("e", "42", "Errors")], start, end))["e"]
        prefix = "MetricDataQueries.member.1."
        fields = {"Action": "GetMetricData", "StartTime": iso(start), "EndTime": iso(end), prefix + "Id": "e",
                  prefix + "MetricStat.Stat": "Sum", prefix + "MetricStat.Period": "1",
                  prefix + "MetricStat.Metric.Namespace": "AWS/Lambda",
                  prefix + "MetricStat.Metric.MetricName": "Errors"}
        for i, (name, value) in enumerate((("FunctionName", "checkout"), ("Resource", "checkout:live"),
                                           ("ExecutedVersion", "42")), 1):
            fields[prefix + "MetricStat.Metric.Dimensions.member.%d.Name" % i] = name
            fields[prefix + "MetricStat.Metric.Dimensions.member.%d.Value" % i] = value
        root = ElementTree.fromstring(form(sim, fields).text)
        times = [e.text for e in root.findall(".//%sTimestamps/%smember" % (SPACE, SPACE))]
        values = [float(e.text) for e in root.findall(".//%sValues/%smember" % (SPACE, SPACE))]
        same(dict(zip(times, values)), {iso(t): v for t, v in json_points.items()})
        fields[prefix + "MetricStat.Period"] = "7"
        root = ElementTree.fromstring(form(sim, fields).text)
        same(root.find(".//%sCode" % SPACE).text, "ValidationError")
        root = ElementTree.fromstring(form(sim, fields, secret="wrong").text)
        same(root.find(".//%sCode" % SPACE).text, "SignatureDoesNotMatch")


def test_statistics():
    with Simulator(scenario()) as sim:
        start, end = window(sim, 120)
        fields = {"Action": "GetMetricStatistics", "Namespace": "AWS/Lambda", "MetricName": "Duration",
                  "StartTime": iso(start), "EndTime": iso(end), "Period": "60", "Statistics.member.1": "SampleCount",
                  "Statistics.member.2": "Average", "ExtendedStatistics.member.1": "p99",
                  "Dimensions.member.1.Name": "FunctionName", "Dimensions.member.1.Value": "checkout"}
        root = ElementTree.fromstring(form(sim, fields).text)
        members = root.findall(".//%sDatapoints/%smember" % (SPACE, SPACE))
        same(len(members), 2)
        for member in members:
            holds(abs(float(member.find(SPACE + "SampleCount").text) - 12000) <= 60)
            holds(80 < float(member.find(SPACE + "Average").text) < 200)
            same(member.find(SPACE + "Unit").text, "Milliseconds")
            same(member.find("%sExtendedStatistics/%sentry/%skey" % (SPACE, SPACE, SPACE)).text, "p99")
        root = ElementTree.fromstring(form(sim, dict(fields, Period="1", StartTime=iso(start - 3000))).text)
        same(root.find(".//%sCode" % SPACE).text, "InvalidParameterCombination")


def test_aws_like_minutes():
    """With AWS's own 60 s buckets, shorter periods find nothing."""
    with Simulator(scenario().replace("resolution: 1s", "resolution: 60s")) as sim:
        start, end = window(sim, 120)
        got = points(ask(sim, [of_version("m", "42", period=60), of_version("s", "42")], start, end))
        same((len(got["m"]), len(got["s"])), (2, 0))


def spoilt(*results):
    return Simulator(scenario() + "cloudwatch: {results: [%s]}\n" % ", ".join("{%s}" % r for r in results))


def test_a_poisoned_query_spoils_its_call():
    rule = "cloudwatch: {poison: [{function: checkout, alias: live, version: 42, metric: Duration, message: no}]}\n"
    with Simulator(scenario() + rule) as sim:
        start, end = window(sim)
        good, bad = of_version("good", "42"), of_version("bad", "42", "Duration", stat="p99")
        same(ask(sim, [good, bad], start, end).error,
             (400, "com.amazon.coral.validate#ValidationException", "Error in query 'bad' [no]"))
        same(len(points(ask(sim, [good], start, end))["good"]), 60)
        same(ask(sim, [of_version("other", "41", "Duration", stat="p99")], start, end).status, 200)
        text = query_call(sim, bad, start, end)
        same(text.error, (400, "ValidationError", "Error in query 'bad' [no]"))


def query_call(sim, one, start, end):
    """A call with one query, in the Query protocol."""
    member, metric = "MetricDataQueries.member.1.", one["MetricStat"]["Metric"]
    iso = lambda t: datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    parameters = {member + "Id": one["Id"], member + "MetricStat.Period": one["MetricStat"]["Period"],
                  member + "MetricStat.Stat": one["MetricStat"]["Stat"], "StartTime": iso(start), "EndTime": iso(end)}
    for name in ("Namespace", "MetricName"):
        parameters[member + "MetricStat.Metric." + name] = metric[name]
    for i, d in enumerate(metric["Dimensions"], 1):
        for key, value in d.items():
            parameters["%sMetricStat.Metric.Dimensions.member.%d.%s" % (member, i, key)] = value
    return sim.query("monitoring", "2010-08-01", "GetMetricData", parameters)


def test_single_results_fail():
    for status, left in (("InternalError", 0), ("Forbidden", 0), ("PartialData", 60)):
        with spoilt("version: 42, status: %s, message: not now" % status) as sim:
            start, end = window(sim)
            body = ask(sim, [of_version("old", "41"), of_version("new", "42")], start, end).json
            got = {r["Id"]: r for r in body["MetricDataResults"]}
            same([(len(got[n]["Values"]), got[n]["StatusCode"]) for n in ("old", "new")], [(60, "Complete"), (left, status)])
            same((got["new"]["Messages"], "NextToken" in body), ([{"Code": status, "Value": "not now"}], False))
            xml = query_call(sim, of_version("new", "42"), start, end).xml
            same((xml["StatusCode"], xml["Code"], xml["Value"]), (status, status, "not now"))
    with spoilt("status: Forbidden, until: 500ms") as sim:
        start, end = window(sim)
        result = lambda: ask(sim, [of_version("n", "42")], start, end).json["MetricDataResults"][0]
        wait_for(lambda: result()["StatusCode"] == "Complete", 10, "the end of it")


def test_values_that_are_no_numbers():
    for value in ("NaN", "Infinity", "-Infinity"):
        with spoilt("metric: Errors, value: %s" % value) as sim:
            start, end = window(sim)
            got = points(ask(sim, [of_version("e", "42", "Errors"), of_version("n", "42")], start, end))
            same((set(got["e"].values()), value in got["n"].values()), ({value}, False))
            holds("<member>%s</member>" % value in query_call(sim, of_version("e", "42", "Errors"), start, end).text)


def test_an_endpoint_that_knows_the_query_protocol_alone():
    for how, status, text in (("refused", 404, "<UnknownOperationException/>"), ("not_understood", 400, "MissingAction")):
        with Simulator(scenario() + "cloudwatch: {json: %s}\n" % how) as sim:
            start, end = window(sim)
            reply = ask(sim, [of_version("n", "42")], start, end)
            same((reply.status, text in reply.text, reply.headers["content-type"]), (status, True, "text/xml"))
            same(query_call(sim, of_version("n", "42"), start, end).xml["StatusCode"], "Complete")


def test_many_queries_over_small_pages():
    with Simulator(scenario(page_size=45)) as sim:
        start, end = window(sim)
        queries, got, more, pages = [of_version("q%d" % i, "42") for i in range(5)], {}, {}, 0
        while True:
            reply = ask(sim, queries, start, end, **more).json
            for result in reply["MetricDataResults"]:
                got.setdefault(result["Id"], []).append(len(result["Values"]))
            pages += 1
            if "NextToken" not in reply:
                break
            more = {"NextToken": reply["NextToken"]}
        same((pages, {n: sum(v) for n, v in got.items()}), (7, {q["Id"]: 60 for q in queries}))
        holds(all(len(v) > 1 for v in got.values()), got)  # the same Id, over pages


def test_clocks():
    now = datetime.datetime.now(datetime.timezone.utc)
    shifted = lambda minutes: now + datetime.timedelta(minutes=minutes)
    with Simulator("clock_offset: 10m\n" + scenario()) as sim:
        same(sim.cloudwatch({}).error[1], "com.amazon.coral.service#InvalidSignatureException")
        reply = sim.sts("GetCallerIdentity")
        same(reply.status, 200)  # 15 minutes are allowed
        ahead = parsedate_to_datetime(reply.headers["date"]) - datetime.datetime.now(datetime.timezone.utc)
        holds(590 < ahead.total_seconds() < 610, reply.headers)
        for reply in (sim.sts("GetCallerIdentity", at=shifted(-10)),
                      sim.query("monitoring", "2010-08-01", "DescribeAlarms", at=shifted(-10))):
            status, code, message = reply.error
            same((status, code), (403, "SignatureDoesNotMatch"))
            holds(message.startswith("Signature expired: ") and message.endswith(" - 15 min.)"), message)
        holds(sim.sts("GetCallerIdentity", at=shifted(30)).error[2].endswith(" + 15 min.)"))
        holds(sim.lambda_("GET", "checkout", at=shifted(0)).error[2].endswith(" - 5 min.)"))
        same(sim.lambda_("GET", "checkout", at=shifted(10)).status, 200)


run(sys.modules[__name__])
