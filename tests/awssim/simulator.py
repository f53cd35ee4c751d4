"""Starts awssim for a test, talks to it with a signer of its own, and reports in TAP."""

import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import xml.etree.ElementTree as ElementTree

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "eu-west-1"
CREDENTIALS = "credentials: [{access_key: %s, secret_key: %s}]\n" % (KEY, SECRET)
START_SECONDS = 20


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def xml(self):
        """The elements below the root by their local names, texts as they are; of repeated ones the last."""
        return {e.tag.split("}")[-1]: e.text or "" for e in ElementTree.fromstring(self.text).iter()}

    @property
    def error(self):
        """(status, type, message), however the protocol spells them."""
        if self.headers["content-type"] == "text/xml":
            return self.status, self.xml["Code"], self.xml["Message"]
        body = self.json
        kind = self.headers.get("x-amzn-errortype") or body.get("__type")
        return self.status, kind, body.get("message") or body.get("Message")


def sign(method, path, query, body, headers, service, key=KEY, secret=SECRET, region=REGION, at=None, token=None):
    """Adds x-amz-date and authorization. Written from the specification, not from lib/aws."""
    stamp = (at or datetime.datetime.now(datetime.timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
    headers["x-amz-date"] = stamp
    if token:
        headers["x-amz-security-token"] = token
    quote = lambda s, safe="-_.~": urllib.parse.quote(s, safe=safe)
    pairs = sorted((quote(n), quote(v)) for n, v in urllib.parse.parse_qsl(query, keep_blank_values=True))
    lower = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = ";".join(sorted(lower))
    canonical = "\n".join([
        method, quote(path, "/-_.~"), "&".join("=".join(p) for p in pairs),
        "".join("%s:%s\n" % (name, lower[name]) for name in sorted(lower)), names,
        hashlib.sha256(body).hexdigest()])
    scope = "/".join([stamp[:8], region, service, "aws4_request"])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    mac = ("AWS4" + secret).encode()
    for part in scope.split("/") + [to_sign]:
        mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        key, scope, names, mac.hex())


class Simulator:
    """A running awssim with a directory of its own; leaving the block ends both."""

    def __init__(self, scenario, tls=None):
        self.scenario = scenario
        self.tls = tls  # files: certificate, key, and who signed the certificate when it is not itself
        self.process = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="awssim-test-")
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        status = self.stop()
        if kind is None and status != 0:
            raise AssertionError("awssim ended with status %s: %s" % (status, self.errors))

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self):
        with open(self.path("scenario.yaml"), "w") as f:
            f.write(self.scenario)
        command = [program(), "--listen", "127.0.0.1:0", "--scenario", self.path("scenario.yaml"),
                   "--request-log", self.path("log"), "--port-file", self.path("port")]
        if self.tls:
            command += ["--tls-cert", self.tls[0], "--tls-key", self.tls[1]]
        with open(self.path("stderr"), "w") as stderr:
            self.process = subprocess.Popen(command, stderr=stderr)
        wait_for(lambda: os.path.exists(self.path("port")) or self.process.poll() is not None,
                 START_SECONDS, "the port file")
        if self.process.poll() is not None:
            raise AssertionError("awssim did not start: " + open(self.path("stderr")).read())
        with open(self.path("port")) as f:
            self.port = int(f.read())

    def stop(self):
        status = None
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        with contextlib.suppress(OSError), open(self.path("stderr")) as f:
            self.errors = f.read()
        shutil.rmtree(self.directory, ignore_errors=True)
        return status

    @property
    def endpoint(self):
        return "%s://127.0.0.1:%d" % ("https" if self.tls else "http", self.port)

    def connect(self, timeout=30):
        if self.tls:
            context = ssl.create_default_context(cafile=self.tls[-1] if len(self.tls) > 2 else self.tls[0])
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, query="", body=b"", headers=None, connection=None, timeout=30, signed=True,
                **signing):
        """Sends a signed request; "tamper" in signing replaces the body after it was signed."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = dict(headers or {}, Host="127.0.0.1:%d" % self.port)
        sent = signing.pop("tamper", body)
        if signed:
            signing.setdefault("service", "lambda")
            sign(method, path, query, body, headers, **signing)
        own = connection or self.connect(timeout)
        try:
            own.request(method, path + ("?" + query if query else ""), sent, headers)
            return Reply(own.getresponse())
        finally:
            if not connection:
                own.close()

    def lambda_(self, method, path, body=b"", query="", **more):
        return self.request(method, "/2015-03-31/functions/" + path, query, body, **more)

    def cloudwatch(self, body, operation="GetMetricData", headers=None, **more):
        headers = dict(headers or {})
        headers["Content-Type"] = "application/x-amz-json-1.0"
        headers["X-Amz-Target"] = "GraniteServiceVersion20100801." + operation
        return self.request("POST", "/", body=body, headers=headers, service="monitoring", **more)

    def query(self, service, version, action, parameters=None, **more):
        """The Query protocol: form in, XML out."""
        body = urllib.parse.urlencode(dict({"Action": action, "Version": version}, **(parameters or {}))).encode()
        headers = dict(more.pop("headers", None) or {})
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        return self.request("POST", "/", body=body, headers=headers, service=service, **more)

    def sts(self, action, parameters=None, **more):
        return self.query("sts", "2011-06-15", action, parameters, **more)

    def log(self):
        with open(self.path("log")) as f:
            return [json.loads(line) for line in f]

    def state(self):
        return self.request("GET", "/_sim/state", signed=False).json

    def alias(self, function="checkout", name="live"):
        for f in self.state()["functions"]:
            for a in f["aliases"]:
                if (f["name"], a["name"]) == (function, name):
                    return a
        return None


class Skip(Exception):
    """Raised by a test that cannot run here."""


def program():
    return os.path.abspath(sys.argv[1])


def wait_for(condition, seconds, what):
    """Polls, because nothing tells us; gives up in the end."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited %d s for %s" % (seconds, what))
        time.sleep(0.02)


def same(found, expected):
    if found != expected:
        raise AssertionError("found %r, expected %r" % (found, expected))


def holds(condition, *found):
    if not condition:
        raise AssertionError("found " + ", ".join(repr(f) for f in found))


def run(module):
    """Runs every function test_* of a module in the order they are written."""
    tests = [(n, f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]
    failed = 0
    print("TAP version 13\n1..%d" % len(tests))
    for i, (name, test) in enumerate(tests, 1):
        try:
            test()
            print("ok %d - %s" % (i, name[5:]), flush=True)
        except Skip as e:
            print("ok %d - %s # SKIP %s" % (i, name[5:], e), flush=True)
        except Exception as e:
            failed += 1
            print("not ok %d - %s" % (i, name[5:]))
            for line in traceback.format_exc().splitlines() + [repr(e)]:
                print("# " + line, flush=True)
    sys.exit(1 if failed else 0)
