"""Random requests for signers, of the kind that an SDK can send and AWS accepts: a path and a query as they go
over the wire, and beside them the values that they were made of. Restrictions, all for want of an agreed meaning:
no '+' as it is in a query (a plus to some servers, a blank to others), no empty pair ("a=1&&b=2"), no control
characters in headers, no Date header (it would replace X-Amz-Date)."""

import hashlib
import string
import urllib.parse

ENDPOINTS = ("https://lambda.eu-west-1.amazonaws.com", "https://monitoring.us-gov-west-1.amazonaws.com:443",
             "https://sts.cn-north-1.amazonaws.com.cn", "https://Lambda.EU-West-1.AmazonAWS.com",
             "http://127.0.0.1:8080", "http://localhost:80",
             "http://[::1]:4566", "https://[2001:DB8::17]/", "https://proxy.example.com:8443/aws/",
             "http://example.com/base%20path/x", "https://example.com:80/a//b")
METHODS = ("GET", "POST", "PUT", "DELETE")
SERVICES = (("lambda", "eu-west-1"), ("monitoring", "us-gov-west-1"), ("sts", "us-east-1"), ("lambda", "cn-north-1"))
PATHS = ("/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Acheckout/aliases/live",
         "/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:checkout:live/configuration",
         "/2015-03-31/functions/checkout/aliases/live", "/", "//", "/.", "/..", "/a/../",
         "/a/b/../../../c/.", "/a/./b/")
WORDS = ("live", "a b", "naïve", "日本", "Ω≈ç", "x/y:z", "100%", "%41", "a=b&c", "~-_.",
         "!$'()*,;@[]{}|\\^`\"<>#?", "", "0", "\N{GRINNING FACE}", "$LATEST", "é", "A", "a", "~", "+", "\t", "\x7f")
NAMES = ("Qualifier", "FunctionVersion", "Marker", "MaxItems", "marker", "X-Amz-Meta", "a", "a-b", "a.b", "aa", "A",
         "Action", "ünïcode", "a b", "a:b", "prefix[]")
HEADERS = ("Content-Type", "X-Amz-Target", "x-amzn-query-mode", "X-AMZ-Meta-Id", "amz-sdk-request", "Accept",
           "Accept-Encoding", "Range", "Content-Length", "x-amz-date-extra", "X-Custom_Name", "If-None-Match",
           "x-a", "x-a-b", "X-A1", "Content-MD5", "x-amz-invocation-type")
# On the way, others may change these, so they must not be signed.
TRANSPORT_HEADERS = ("User-Agent", "Expect", "X-Amzn-Trace-Id", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
                     "Transfer-Encoding", "Cache-Control", "From", "Max-Forwards", "Pragma", "Referer",
                     "Proxy-Connection", "Proxy-Authorization", "Sec-Fetch-Mode")
VALUES = ("application/json", "a  b", "  x ", "a\tb  \t c", "", "  ", "attempt=1; max=3",
          "GraniteServiceVersion20100801.X", "\"quoted  blanks\"", "a,b , c", "größe", "1", "x:y")
PCHARS = string.ascii_letters + string.digits + "-._~!$&'()*,;=:@"
KEY_CHARS = string.ascii_letters + string.digits + "/+="


def text(random, words):
    if random.random() < 0.7:
        return random.choice(words)
    letters = string.ascii_letters + string.digits + " -._~%/:&=+éß日"
    return "".join(random.choice(letters) for _ in range(random.randrange(30)))


def escape(random, value, strict):
    """As clients do it: all but the unreserved, or, in a path or query that is not made by AWS's rules, less of it
    and with small letters."""
    kept = "-_.~" if strict or random.random() < 0.6 else random.choice(("-_.~/:", "-_.~:@,", "-_.~!*'()"))
    quoted = urllib.parse.quote(value, safe=kept)
    if not strict and random.random() < 0.2:
        quoted = "".join(c if before != "%" and before_that != "%" else c.lower() for before_that, before, c in
                         zip("  " + quoted, " " + quoted, quoted))
    return quoted


def make_segment(random):
    kind = random.random()
    if kind < 0.15:
        return random.choice(("", ".", "..", "...", ".a", "%2E%2e", "%2F", "a%2fb"))
    if kind < 0.5:
        return escape(random, text(random, WORDS), strict=random.random() < 0.5)
    segment = "".join(random.choice(PCHARS) for _ in range(random.randrange(1, 12)))
    # Bytes that are no UTF-8, and escapes of what need not be escaped.
    return segment + random.choice(("", "", "%FF", "%c3", "%00", "%41", "%25", "%2525"))


def make_path(random):
    if random.random() < 0.3:
        return random.choice(PATHS)
    return "/" + "/".join(make_segment(random) for _ in range(random.randrange(6))) + random.choice(("", "/", "//"))


def make_headers(random, body):
    names = random.sample(HEADERS, random.randrange(6))
    names += random.choices(names, k=random.randrange(3)) if names else []
    names += random.sample(TRANSPORT_HEADERS, random.randrange(3))
    headers = [[random.choice((str, str.lower, str.upper))(name), text(random, VALUES).replace("\x7f", "")]
               for name in names]
    if random.random() < 0.1:
        headers.append(["X-Amz-Content-SHA256", hashlib.sha256(body.encode()).hexdigest()])
    random.shuffle(headers)
    return headers


def make_query(random):
    """The pairs; and the wire's form of them, with whether it is made by AWS's rules."""
    pairs = [[text(random, NAMES), text(random, WORDS)] for _ in range(random.choice((0, 0, 1, 2, 3, 6, 30)))]
    pairs = [pair for pair in pairs if pair[0]]
    pairs += random.choices(pairs, k=random.randrange(3)) if pairs else []
    strict = random.random() < 0.5
    wire = []
    for name, value in pairs:
        name, quoted = escape(random, name, strict), escape(random, value, strict)
        wire.append(name if not value and random.random() < 0.5 else name + "=" + quoted)
    return pairs, "&".join(wire), strict


def make_request(random):
    service, region = random.choice(SERVICES)
    body = random.choice(("", "{}", "Action=AssumeRole&Version=2011-06-15", "\0\1\x7f", text(random, WORDS) * 50))
    pairs, query, strict = make_query(random)
    token = "".join(random.choice(KEY_CHARS) for _ in range(random.randrange(1, 900)))
    return {
        "method": random.choice(METHODS), "endpoint": random.choice(ENDPOINTS), "path": make_path(random),
        "query": query, "pairs": pairs, "query_is_strict": strict, "headers": make_headers(random, body), "body": body,
        "service": service, "region": region,
        "time": "%04d-%02d-%02dT%02d:%02d:%02dZ" % (
            random.randrange(2000, 2100), random.randrange(1, 13), random.randrange(1, 29), random.randrange(24),
            random.randrange(60), random.randrange(60)),
        "access_key": "AKIA" + "".join(random.choice(string.ascii_uppercase) for _ in range(16)),
        "secret_key": "".join(random.choice(KEY_CHARS) for _ in range(random.randrange(20, 60))),
        "token": token if random.random() < 0.4 else "",
    }
