"""The command line of the simulated Kubernetes API server."""

import argparse
import base64
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

from . import bootstrap, releases
from .api import Api
from .controllers import Controllers
from .rbac import User
from .status import ApiError

FAULT_TEXT = {
    429: ("TooManyRequests", "the server has received too many requests and "
          "has asked us to try again later"),
    500: ("InternalError", "Internal error occurred: simulated fault"),
    503: ("ServiceUnavailable", "the server is currently unable to handle "
          "the request"),
    504: ("Timeout", "the server was unable to return a response in the time "
          "allotted"),
}


def fault_body(status, rule):
    """429 comes as plain text from the real server's request limiter."""
    if status == 429 and rule.get("body") is None:
        return ("text/plain; charset=utf-8",
                b"Too many requests, please try again later.\n")
    reason, text = FAULT_TEXT.get(status, ("", "simulated fault"))
    return "application/json", ApiError(status, reason, text, {}).body()


def options(argv):
    p = argparse.ArgumentParser(
        prog="kube", description="A simulated Kubernetes API server.")
    p.add_argument("command", choices=("start", "stop", "run"))
    p.add_argument("directory")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--release", default="1.33", metavar="1.MINOR",
                   choices=["1.%d" % n for n in range(releases.FIRST,
                                                      releases.LAST + 1)],
                   help="whose versions to serve, of 1.20 to 1.37")
    p.add_argument("--discovery", default=None,
                   choices=("v2", "v2beta1", "old"),
                   help="the newest form of discovery known")
    p.add_argument("--tls", action="store_true",
                   help="https with a CA of its own and client certificates")
    p.add_argument("--token-auth", metavar="CSV",
                   help='tokens as the real server reads them: token,user,uid'
                   ',"group1,group2"')
    p.add_argument("--no-anonymous-admin", dest="open_door",
                   action="store_false",
                   help="plain HTTP without a token is nobody")
    p.add_argument("--crd-delay", type=float, default=0.3,
                   help="seconds until a CRD is Established")
    p.add_argument("--ns-delay", type=float, default=0.3,
                   help="seconds a namespace terminates at least")
    p.add_argument("--gc-delay", type=float, default=0.2)
    p.add_argument("--run-pods", type=float, default=0, metavar="SECONDS",
                   help="Deployments get pods that are ready after so long")
    o = p.parse_args(argv)
    o.directory = os.path.abspath(o.directory)
    if o.discovery is None:
        n = releases.minor(o.release)
        o.discovery = "old" if n < 27 else "v2beta1" if n < 30 else "v2"
    if o.tls:
        o.open_door = False
    return o


def kubeconfig(url, ca_line, *user):
    lines = ["apiVersion: v1", "kind: Config", "current-context: test",
             "clusters:", "- name: test", "  cluster:", "    server: " + url]
    if ca_line:
        lines.append("    " + ca_line)
    lines += ["contexts:", "- name: test",
              "  context: {cluster: test, user: test}", "users:",
              "- name: test"]
    lines.append("  user:" if user else "  user: {}")
    lines += ["    " + u for u in user]
    return "\n".join(lines) + "\n"


def b64file(path):
    with open(path, "rb") as f:
        return base64.b64encode(f.read()).decode()


def write_configs(d, url, tls, tokens):
    """The kubeconfigs and DIR/env, named as the real server's script does."""
    def put(name, text):
        daemon.write_file(os.path.join(d, name), text)
        return os.path.join(d, name)

    env = {"KUBE_URL": url, "KUBE_CONTEXT": "test",
           "KUBE_SIM_URL": url + "/_sim"}
    ca = ""
    if tls:
        ca = ("certificate-authority-data: "
              + b64file(os.path.join(d, "ca.crt")))
        env["KUBE_CA"] = os.path.join(d, "ca.crt")
        env["KUBE_CA_WRONG"] = os.path.join(d, "ca-wrong.crt")
        env["KUBE_CONFIG"] = put("kubeconfig", kubeconfig(
            url, ca, "client-certificate-data: "
            + b64file(os.path.join(d, "client.crt")), "client-key-data: "
            + b64file(os.path.join(d, "client.key"))))
        env["KUBE_CONFIG_FILES"] = put("kubeconfig-files", kubeconfig(
            url, "certificate-authority: ca.crt",
            "client-certificate: client.crt", "client-key: client.key"))
    else:
        env["KUBE_CONFIG"] = put("kubeconfig", kubeconfig(
            url, ca, "token: " + tokens["admin"]))
    env["KUBECONFIG"] = env["KUBE_CONFIG"]
    for user, token in tokens.items():
        put("token-" + user, token)
        env["KUBE_CONFIG_" + {"admin": "TOKEN"}.get(user, user.upper())] = \
            put("kubeconfig-token-" + user,
                kubeconfig(url, ca, "token: " + token))
    env["KUBE_TOKEN_FILE"] = os.path.join(d, "token-admin")
    put("env", "".join("%s=%s\n" % e for e in env.items()))


def run(o):
    d = o.directory
    tls = None
    api = Api(o)
    if o.tls:
        daemon.make_tls(d)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(os.path.join(d, "server.crt"),
                            os.path.join(d, "server.key"))
        tls.load_verify_locations(os.path.join(d, "ca.crt"))
        tls.verify_mode = ssl.CERT_OPTIONAL
        with open(os.path.join(d, "ca.crt")) as f:
            api.root_ca = f.read()
    api.faults = Faults(fault_body, ("compact",))
    if o.token_auth:
        api.auth.load_csv(o.token_auth)
    tokens = {}
    for user, group in (("admin", "system:masters"), ("viewer", "viewers"),
                        ("nobody", "nobodies")):
        tokens[user] = secrets.token_hex(16)
        api.auth.tokens[tokens[user]] = User(user, [group])
    ctl = Controllers(api, o)
    bootstrap.fill(api, ctl)
    ctl.start()
    server = Server(api.handle, o.port, tls, api.faults,
                    gzip_above=128 * 1024, max_body=3 * 1024 * 1024 + 65536)
    api.port = server.port
    api.peak = server.peak
    url = "%s://127.0.0.1:%d" % ("https" if o.tls else "http", server.port)
    threading.Thread(target=server.serve, daemon=True).start()
    write_configs(d, url, o.tls, tokens)
    signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
    while True:
        time.sleep(3600)


def main(argv):
    o = options(argv)
    if o.command == "stop":
        return daemon.stop(o.directory)
    if o.command == "run":
        sys.setswitchinterval(0.002)
        run(o)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return daemon.start(o.directory, [
        sys.executable, os.path.join(here, "kube"), "run"] + argv[1:])
