"""The command line of the simulated S3 server."""

import argparse
import os
import secrets
import signal
import ssl
import sys
import threading
import time

from simlib import daemon
from simlib.faults import Faults
from simlib.httpd import Server

from . import api as s3api
from .sigv4 import Key
from .store import Bucket
from .xmlout import error

CODES = {400: "RequestTimeout", 403: "AccessDenied", 429: "SlowDown",
         500: "InternalError", 503: "SlowDown", 502: "BadGateway",
         504: "GatewayTimeout"}
TEXTS = {
    "RequestTimeout": "Your socket connection to the server was not read "
    "from or written to within the timeout period.",
    "SlowDown": "Please reduce your request rate.",
    "InternalError": "We encountered an internal error. Please try again.",
    "ExpiredToken": "The provided token has expired.",
}


def fault_body(status, rule):
    code = rule.get("code") or CODES.get(status, "InternalError")
    return "application/xml", error(code, TEXTS.get(code, "simulated fault"))


def options(argv):
    p = argparse.ArgumentParser(
        prog="s3", description="A simulated S3 server, with instance "
        "metadata, container credentials and STS.")
    p.add_argument("command", choices=("start", "stop", "run"))
    p.add_argument("directory")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--region", default="us-east-1")
    p.add_argument("--bucket", action="append", default=[],
                   help="a bucket that exists from the start")
    p.add_argument("--tls", action="store_true")
    p.add_argument("--min-part", type=int, default=s3api.MIN_PART,
                   help="smallest part but the last, in bytes")
    o = p.parse_args(argv)
    o.directory = os.path.abspath(o.directory)
    return o


def run(o):
    d = o.directory
    tls = None
    if o.tls:
        daemon.make_tls(d)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(os.path.join(d, "server.crt"),
                            os.path.join(d, "server.key"))
    access = "AKIA" + secrets.token_hex(8).upper()
    keys = {access: Key(secrets.token_hex(20))}
    faults = Faults(fault_body, s3api.FAULTS)
    api = s3api.Api(o, faults, keys, o.region)
    for b in o.bucket or ["terraform-state-bucket"]:
        api.store.buckets[b] = Bucket(b, time.time())
    server = Server(api.handle, o.port, tls, faults, api.clock)
    url = "%s://127.0.0.1:%d" % ("https" if o.tls else "http", server.port)
    web = os.path.join(d, "web-identity-token")
    container = os.path.join(d, "container-token")
    daemon.write_file(web, api.cloud.web_token)
    daemon.write_file(container, api.cloud.container_token)
    env = {
        "S3_ENDPOINT": url, "AWS_REGION": o.region, "S3_SIM_URL": url + "/_sim",
        "S3_BUCKET": (o.bucket or ["terraform-state-bucket"])[0],
        "S3_VIRTUAL_HOST_ENDPOINT": url.replace("127.0.0.1", "localhost"),
        "AWS_ACCESS_KEY_ID": access,
        "AWS_SECRET_ACCESS_KEY": keys[access].secret,
        "SIM_IMDS_URL": url, "SIM_STS_URL": url,
        "SIM_CONTAINER_URL": url + "/container/credentials",
        "SIM_CONTAINER_TOKEN_FILE": container,
        "SIM_WEB_IDENTITY_TOKEN_FILE": web,
    }
    if o.tls:
        env["S3_TLS_ENDPOINT"] = url.replace("127.0.0.1", "localhost")
        env["S3_CA"] = os.path.join(d, "ca.crt")
        env["S3_CA_WRONG"] = os.path.join(d, "ca-wrong.crt")
    signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
    threading.Thread(target=server.serve, daemon=True).start()
    daemon.write_file(os.path.join(d, "env"), "".join(
        "%s=%s\n" % e for e in env.items()))
    while True:
        time.sleep(3600)


def main(argv):
    o = options(argv)
    if o.command == "stop":
        return daemon.stop(o.directory)
    if o.command == "run":
        run(o)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return daemon.start(o.directory, [
        sys.executable, os.path.join(here, "s3"), "run"] + argv[1:])
