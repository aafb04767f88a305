#!/usr/bin/env python3
"""Sends one signed request and prints the answer: the S3 tests' own client.

usage: s3_talk.py METHOD KEY[?QUERY] [BODY] [NAME:VALUE...]

Prints the status, the headers asked for with SHOW (comma-separated), and the
body.  BODY may be @FILE.  SKEW_S, SIGN_BODY and REGION in the environment
spoil the request on purpose: sign for a time that many seconds
off, for another body, for another region.
"""

import hashlib
import os
import sys
import time
from urllib.parse import parse_qsl

sys.dont_write_bytecode = not sys.pycache_prefix
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "data", "platform"))

from lib import s3  # noqa: E402


def main(method, target, body="", *headers):
    key, _, query = target.partition("?")
    if body.startswith("@"):
        with open(body[1:], "rb") as f:
            data = f.read()
    else:
        data = body.encode()
    skew = float(os.environ.get("SKEW_S", 0))
    real = time.gmtime
    s3.time.gmtime = lambda *a: real(*(a or (time.time() + skew,)))
    c = s3.Client(os.environ.get("ENDPOINT") or os.environ["S3_ENDPOINT"])
    c.region = os.environ.get("REGION", c.region)
    if "SIGN_BODY" in os.environ:
        sent = os.environ["SIGN_BODY"].encode()
        true_sha = hashlib.sha256
        s3.hashlib = type("H", (), {"sha256": staticmethod(
            lambda b=b"": true_sha(sent if b == data else b))})
    raw = {}
    request = c.conn.request

    def send(m, t, body=None, headers=None):
        request(m, t, body=body, headers=headers)
        got = c.conn.getresponse()
        raw["status"], raw["headers"] = got.status, got.headers
        raw["body"] = got.read()
        raise StopIteration
    c.conn.request = send
    try:
        c.call(method, key, parse_qsl(query, keep_blank_values=True), data,
               [h.split(":", 1) for h in headers])
    except StopIteration:
        pass
    print(raw["status"])
    for name in os.environ.get("SHOW", "").split(","):
        if name:
            print("%s: %s" % (name, raw["headers"].get(name)))
    sys.stdout.flush()
    sys.stdout.buffer.write(raw["body"])


main(*sys.argv[1:])
