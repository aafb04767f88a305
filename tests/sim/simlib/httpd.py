"""A threaded HTTP/1.1 server, small and quick, for the simulated services.

It knows framing (Content-Length, chunked, keep-alive, Expect), TLS and the
faults a test asks for; it knows nothing of Kubernetes or S3.  A handler takes
a Request and returns a Response.
"""

import re
import socket
import ssl
import struct
import threading
import time
import zlib
from email.utils import formatdate
from urllib.parse import unquote

MAX_LINE = 65536
MAX_BODY = 1 << 30

REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    206: "Partial Content", 301: "Moved Permanently",
    304: "Not Modified", 307: "Temporary Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 411: "Length Required",
    412: "Precondition Failed", 413: "Request Entity Too Large",
    415: "Unsupported Media Type", 416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}


class Drop(Exception):
    """The connection ends now; reset says whether with an RST."""

    def __init__(self, reset=True):
        super().__init__("connection dropped")
        self.reset = reset


class Request:
    __slots__ = ("method", "target", "path", "rawpath", "rawquery", "headers",
                 "body", "peer", "user", "peercert", "conn")

    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        raw, _, self.rawquery = target.partition("?")
        self.rawpath = raw
        self.path = unquote(raw) if "%" in raw else raw
        self.headers = headers
        self.body = body
        self.user = None
        self.peercert = None
        self.conn = None

    def query(self):
        """The query as a dict of decoded first values."""
        return {k: v for k, v in reversed(self.query_list())}

    def query_list(self):
        out = []
        for part in self.rawquery.split("&"):
            if part:
                k, _, v = part.partition("=")
                out.append((unquote(k.replace("+", " ")),
                            unquote(v.replace("+", " "))))
        return out


class Response:
    __slots__ = ("status", "headers", "body", "stream", "close")

    def __init__(self, status=200, body=b"", ctype="application/json",
                 headers=None, stream=None, close=False):
        self.status = status
        self.headers = headers or {}
        if ctype:
            self.headers.setdefault("Content-Type", ctype)
        self.body = body
        self.stream = stream   # an iterator of bytes, sent chunked
        self.close = close


def gzip_bytes(data):
    z = zlib.compressobj(1, zlib.DEFLATED, 31)
    return z.compress(data) + z.flush()


class Peak:
    """How many requests are under way, of those whose target fits, and the
    most there were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.fits = re.compile("")

    def restart(self, pattern):
        with self.lock:
            self.most = 0
            self.fits = re.compile(pattern)

    def enter(self, target):
        if not self.fits.search(target):
            return 0
        with self.lock:
            self.now += 1
            self.most = max(self.now, self.most)
        return 1

    def leave(self, entered):
        with self.lock:
            self.now -= entered


class Server:
    """Listens on 127.0.0.1 and serves each connection on its own thread.

    handler(Request) -> Response.  faults is None or has
    pick(Request) -> fault or None (see simlib.faults).
    """

    def __init__(self, handler, port=0, tls=None, faults=None, clock=time.time,
                 gzip_above=0, host="127.0.0.1", max_body=MAX_BODY):
        self.handler = handler
        self.faults = faults
        self.clock = clock
        self.tls = tls
        self.gzip_above = gzip_above
        self.max_body = max_body
        self.peak = Peak()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, port))
        self.sock.listen(512)
        self.port = self.sock.getsockname()[1]

    def serve(self):
        while True:
            try:
                conn, peer = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(conn, peer),
                             daemon=True).start()

    def _connection(self, conn, peer):
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            cert = None
            if self.tls:
                conn.settimeout(20)
                conn = self.tls.wrap_socket(conn, server_side=True)
                conn.settimeout(None)
                cert = conn.getpeercert()
            rfile = conn.makefile("rb", 65536)
            while self._one(conn, rfile, peer, cert):
                pass
        except Drop as d:
            if d.reset:
                self._rst(conn)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            try:
                conn.close()
            except OSError:
                pass

    @staticmethod
    def _rst(conn):
        raw = conn
        try:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
        except OSError:
            pass

    def _one(self, conn, rfile, peer, cert):
        line = rfile.readline(MAX_LINE)
        if not line:
            return False
        if line == b"\r\n":
            return True
        try:
            method, target, version = line.decode("latin-1").split()
        except ValueError:
            self._send(conn, Response(400, b"bad request line", "text/plain"),
                       False, None)
            return False
        headers = {}
        while True:
            h = rfile.readline(MAX_LINE)
            if h in (b"\r\n", b"\n"):
                break
            if not h:
                return False
            k, _, v = h.decode("latin-1").partition(":")
            k = k.strip().lower()
            v = v.strip()
            headers[k] = headers[k] + "," + v if k in headers else v
        keep = (version == "HTTP/1.1"
                and headers.get("connection", "").lower() != "close")
        if headers.get("expect", "").lower() == "100-continue":
            conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What a test tells the simulator itself has no cap of a server.
        cap = MAX_BODY if target.startswith("/_sim/") else self.max_body
        body = self._body(rfile, headers, cap)
        req = Request(method, target, headers, body)
        req.peer = peer
        req.peercert = cert
        req.conn = conn
        entered = self.peak.enter(target)
        try:
            fault = self.faults.pick(req) if self.faults else None
            if fault is None:
                resp = self.handler(req)
            else:
                resp = fault.apply(req, self.handler, self)
        finally:
            # Before it is sent: who has the answer may ask the next at once.
            self.peak.leave(entered)
        keep = keep and not resp.close
        self._send(conn, resp, keep, req)
        return keep

    def _body(self, rfile, headers, cap):
        if "chunked" in headers.get("transfer-encoding", "").lower():
            out = []
            total = 0
            while True:
                size = int(rfile.readline(MAX_LINE).split(b";")[0], 16)
                total += size
                if total > cap:
                    raise Drop(False)
                if size == 0:
                    while rfile.readline(MAX_LINE) not in (b"\r\n", b"\n", b""):
                        pass
                    return b"".join(out)
                out.append(rfile.read(size))
                rfile.readline(MAX_LINE)
        n = int(headers.get("content-length") or 0)
        if n > cap:
            raise Drop(False)
        if not n:
            return b""
        body = rfile.read(n)
        if len(body) != n:
            raise Drop(False)
        return body

    def head(self, resp, keep, length):
        lines = ["HTTP/1.1 %d %s" % (resp.status,
                                     REASONS.get(resp.status, "Unknown"))]
        h = resp.headers
        if "Date" not in h:
            lines.append("Date: " + formatdate(self.clock(), usegmt=True))
        for k, v in h.items():
            lines.append("%s: %s" % (k, v))
        if length is None:
            lines.append("Transfer-Encoding: chunked")
        elif "Content-Length" not in h and resp.status != 204:
            lines.append("Content-Length: %d" % length)
        if not keep:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _send(self, conn, resp, keep, req):
        if resp.stream is not None:
            conn.sendall(self.head(resp, keep, None))
            for chunk in resp.stream:
                if chunk:
                    conn.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            conn.sendall(b"0\r\n\r\n")
            return
        body = resp.body
        if (self.gzip_above and len(body) > self.gzip_above and req
                and "gzip" in req.headers.get("accept-encoding", "")
                and "Content-Encoding" not in resp.headers):
            body = gzip_bytes(body)
            resp.headers["Content-Encoding"] = "gzip"
            resp.headers["Vary"] = "Accept-Encoding"
        head = self.head(resp, keep, len(body))
        if req is not None and req.method == "HEAD":
            conn.sendall(head)
        elif len(body) < 65536:
            conn.sendall(head + body)
        else:
            conn.sendall(head)
            conn.sendall(body)
