"""Faults on demand: what a test POSTs to /_sim/faults, and how it bites.

A rule is a JSON object:

  method, path     regular expressions, searched in the method and in the raw
                   target (path and query); absent matches everything
  count            fire at most so many times; absent: without end
  skip             let so many matching requests through first
  rate, seed       fire with this probability, from a generator seeded so
  kind             what happens, see KINDS
  retry_after      seconds for the Retry-After header (429, 503)
  delay_ms         for "slow" (before answering) and "drip" (between pieces)
  together         for "slow": the delay begins once so many requests that the
                   rule makes wait have been there at once; where they do not
                   come it waits for them once, and no longer than a minute
  bytes            for "truncate", "reset_after": body bytes sent before the
                   connection ends
  status, body, headers   for "reply": the literal answer
  code             the error code in the body of an S3 fault
  region, location   for the S3 faults "region" and "redirect"

A "hold" answers once the rules are cleared, at the latest after a minute.

Rules are tried in order; the first that fires wins.
"""

import json
import random
import re
import threading
import time

from .httpd import Drop, Response

KINDS = ("429", "500", "502", "503", "504", "reply", "reset", "close",
         "lost", "truncate", "reset_after", "malformed", "html", "empty",
         "slow", "hold", "drip", "hang")
PATIENCE_S = 60


class Meeting:
    """Lets nobody go before so many have been there at once."""

    def __init__(self, wanted):
        self.changed = threading.Condition()
        self.wanted = wanted
        self.here = 0
        self.over = wanted <= 1

    def attend(self):
        with self.changed:
            self.here += 1
            self.over = self.over or self.here >= self.wanted
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.over, PATIENCE_S)
            self.over = True
            self.here -= 1


class Fault:
    def __init__(self, rule, body_for=None):
        unknown = set(rule) - {"method", "path", "count", "skip", "rate",
                               "seed", "kind", "retry_after", "delay_ms",
                               "bytes", "status", "body", "headers", "code",
                               "region", "location", "together"}
        if unknown:
            raise ValueError("unknown keys in fault: %s"
                             % ", ".join(sorted(unknown)))
        self.kind = str(rule.get("kind", ""))
        self.rule = rule
        self.method = re.compile(rule.get("method", ""))
        self.path = re.compile(rule.get("path", ""))
        self.left = rule.get("count")
        self.skip = rule.get("skip", 0)
        self.rate = rule.get("rate")
        self.rng = random.Random(rule.get("seed", 1))
        self.fired = 0
        self.meeting = Meeting(rule.get("together", 1))
        self.cleared = threading.Event()
        self.body_for = body_for

    def wants(self, req):
        if not self.method.search(req.method):
            return False
        if not self.path.search(req.target):
            return False
        if self.left is not None and self.left <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.rate is not None and self.rng.random() >= self.rate:
            return False
        if self.left is not None:
            self.left -= 1
        self.fired += 1
        return True

    def _error(self, status):
        headers = dict(self.rule.get("headers", {}))
        if "retry_after" in self.rule:
            headers["Retry-After"] = str(self.rule["retry_after"])
        elif status == 429:
            headers["Retry-After"] = "1"
        ctype, body = ("text/plain; charset=utf-8", b"simulated fault\n")
        if self.body_for:
            ctype, body = self.body_for(status, self.rule)
        return Response(status, body, ctype, headers)

    def apply(self, req, handler, server):
        kind = self.kind
        if kind.isdigit():
            return self._error(int(kind))
        if kind == "reply":
            body = self.rule.get("body", "")
            if not isinstance(body, str):
                body = json.dumps(body)
            headers = dict(self.rule.get("headers", {}))
            ctype = headers.pop("Content-Type", "application/json")
            return Response(self.rule.get("status", 200),
                            body.encode("utf-8"), ctype, headers)
        if kind == "reset":
            raise Drop(True)
        if kind == "close":
            raise Drop(False)
        if kind == "hang":
            time.sleep(self.rule.get("delay_ms", 3600000) / 1000.0)
            raise Drop(False)
        if kind == "hold":
            self.cleared.wait(PATIENCE_S)
            return handler(req)
        if kind == "slow":
            self.meeting.attend()
            time.sleep(self.rule.get("delay_ms", 1000) / 1000.0)
            return handler(req)
        # From here on the request takes effect, and only its answer suffers.
        resp = handler(req)
        if kind == "lost":
            raise Drop(True)
        if kind in ("truncate", "reset_after"):
            n = self.rule.get("bytes", len(resp.body) // 2)
            head = server.head(resp, True, len(resp.body))
            req.conn.sendall(head + resp.body[:n])
            time.sleep(0.02)
            raise Drop(kind == "reset_after")
        if kind == "drip":
            head = server.head(resp, True, len(resp.body))
            req.conn.sendall(head)
            step = self.rule.get("bytes", 1)
            for i in range(0, len(resp.body), step):
                req.conn.sendall(resp.body[i:i + step])
                time.sleep(self.rule.get("delay_ms", 100) / 1000.0)
            raise Drop(False)
        if kind == "malformed":
            # No JSON, inside or outside of a string.
            body = resp.body.rstrip()[:-1]
            cut = len(body) // 2
            resp.body = body[:cut] + b"\x01}]," + body[cut:]
            return resp
        if kind == "html":
            return Response(resp.status, b"<html><body><h1>Login</h1>"
                            b"</body></html>\n", "text/html")
        if kind == "empty":
            return Response(resp.status, b"", "application/json")
        raise ValueError("unknown fault kind %r" % kind)


class Faults:
    """The set of rules; safe to use from many threads."""

    def __init__(self, body_for=None, extra_kinds=()):
        self.lock = threading.Lock()
        self.rules = []
        self.body_for = body_for
        self.extra_kinds = tuple(extra_kinds)

    def pick(self, req):
        if not self.rules or req.target.startswith("/_sim/"):
            return None
        with self.lock:
            for f in self.rules:
                if f.kind not in self.extra_kinds and f.wants(req):
                    return f
        return None

    def pick_extra(self, req, kind):
        """A fault the handler itself must act out."""
        with self.lock:
            for f in self.rules:
                if f.kind == kind and f.wants(req):
                    return f.rule
        return None

    def admin(self, req):
        """GET lists, POST adds one rule or a list of them, DELETE clears."""
        if req.method == "GET":
            with self.lock:
                out = [dict(f.rule, fired=f.fired) for f in self.rules]
            return Response(200, json.dumps(out).encode())
        if req.method == "DELETE":
            with self.lock:
                for f in self.rules:
                    f.cleared.set()
                self.rules = []
            return Response(200, b"{}")
        try:
            rules = json.loads(req.body)
            if isinstance(rules, dict):
                rules = [rules]
            new = [Fault(r, self.body_for) for r in rules]
            for f in new:
                if (f.kind not in KINDS and f.kind not in self.extra_kinds
                        and not f.kind.isdigit()):
                    raise ValueError("unknown fault kind %r" % f.kind)
        except (ValueError, TypeError, re.error) as e:
            return Response(400, ("bad fault: %s\n" % e).encode(),
                            "text/plain")
        with self.lock:
            self.rules.extend(new)
        return Response(200, b"{}")
