"""Reads the kubeconfigs of the test servers: JSON, or the plain subset of
YAML (maps, lists, scalars, one-line flow maps) they are written in."""

import base64
import json
import os
import re
import ssl
import tempfile


def _scalar(text):
    text = text.strip()
    if text.startswith("{"):
        out = {}
        for part in re.findall(r"[^,{}]+", text):
            k, _, v = part.partition(":")
            if k.strip():
                out[k.strip()] = _scalar(v)
        return out
    if text[:1] in "\"'" and text[-1:] == text[:1]:
        return text[1:-1]
    return {"true": True, "false": False, "": None}.get(text, text)


def _lines(text):
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield len(line) - len(line.lstrip()), line.strip()


def _block(lines, indent):
    """The value whose lines begin at this indentation."""
    out = None
    while lines and lines[0][0] >= indent:
        at, text = lines[0]
        if text.startswith("- ") or text == "-":
            out = [] if out is None else out
            if not isinstance(out, list) or at < indent:
                break
            lines[0] = (at + 2, text[2:].strip())
            out.append(_block(lines, at + 2))
            continue
        if isinstance(out, list):
            break
        out = {} if out is None else out
        key, _, rest = text.partition(":")
        lines.pop(0)
        if rest.strip():
            out[key] = _scalar(rest)
        elif lines and (lines[0][0] > at or (
                lines[0][0] == at and lines[0][1].startswith("-"))):
            out[key] = _block(lines, lines[0][0])
        else:
            out[key] = None
    return out


def parse(text):
    if text.lstrip().startswith("{"):
        return json.loads(text)
    return _block(list(_lines(text)), 0)


class Config:
    """Server address, TLS context and token of the current context."""

    def __init__(self, path):
        with open(path) as f:
            doc = parse(f.read())
        self.folder = os.path.dirname(os.path.abspath(path))

        def named(kind, name):
            for e in doc[kind]:
                if e["name"] == name:
                    return e[kind[:-1]] or {}
            raise SystemExit("%s: no %s named %s" % (path, kind, name))

        ctx = named("contexts", doc["current-context"])
        cluster = named("clusters", ctx["cluster"])
        user = named("users", ctx["user"])
        self.server = cluster["server"].rstrip("/")
        self.token = user.get("token")
        self.tls = None
        if self.server.startswith("https:"):
            self.tls = self._tls(cluster, user)

    def _file(self, d, key):
        if d.get(key):
            return os.path.join(self.folder, d[key])
        return None

    def _tls(self, cluster, user):
        ctx = ssl.create_default_context()
        if cluster.get("insecure-skip-tls-verify"):
            ctx.check_hostname = False
            ctx.verify_mode = ssl.CERT_NONE
        elif cluster.get("certificate-authority-data"):
            ctx.load_verify_locations(cadata=base64.b64decode(
                cluster["certificate-authority-data"]).decode())
        elif cluster.get("certificate-authority"):
            ctx.load_verify_locations(self._file(cluster,
                                                 "certificate-authority"))
        if user.get("client-certificate-data"):
            # The ssl module takes certificates from files alone.
            with tempfile.TemporaryDirectory() as d:
                names = []
                for part in ("certificate", "key"):
                    names.append(os.path.join(d, part))
                    with open(names[-1], "wb") as f:
                        f.write(base64.b64decode(
                            user["client-%s-data" % part]))
                ctx.load_cert_chain(*names)
        elif user.get("client-certificate"):
            ctx.load_cert_chain(self._file(user, "client-certificate"),
                                self._file(user, "client-key"))
        return ctx
