"""What canaryd does in a poll, as a script of boto3 would do it: asks for the same metrics at the same interval, 500
of them in one call, and adds up what comes. JSON on stdin, JSON on stdout."""

import datetime
import json
import sys
import time

import boto3

QUERIES_MAX = 500


def poll(client, job):
    now = time.time()
    calls = 0
    sums = {}
    for first in range(0, len(job["queries"]), QUERIES_MAX):
        window = {"StartTime": datetime.datetime.fromtimestamp(now - job["begins"], datetime.timezone.utc),
                  "EndTime": datetime.datetime.fromtimestamp(now - job["ends"], datetime.timezone.utc)}
        more = {}
        while True:
            page = client.get_metric_data(MetricDataQueries=job["queries"][first:first + QUERIES_MAX],
                                          ScanBy=job["scan_by"], **window, **more)
            calls += 1
            for result in page["MetricDataResults"]:
                sums[result["Id"]] = sums.get(result["Id"], 0) + sum(result["Values"])
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
    assert len(sums) == len(job["queries"])
    return calls


def main():
    job = json.load(sys.stdin)
    client = boto3.client("cloudwatch", endpoint_url=job["endpoint"], region_name="eu-west-1",
                          aws_access_key_id=job["key"], aws_secret_access_key=job["secret"])
    # Loading the service's model and the first connection are not what is measured.
    poll(client, job)
    cpu, due, calls = time.process_time(), time.monotonic(), 0
    for _ in range(job["polls"]):
        due += job["every"]
        time.sleep(max(0, due - time.monotonic()))
        calls += poll(client, job)
    json.dump({"cpu": time.process_time() - cpu, "calls": calls, "version": boto3.__version__}, sys.stdout)


main()
