"""Where credentials come from: instance metadata (IMDSv2), the container
endpoint of ECS and EKS, and STS.  Keys given out here open the store."""

import json
import secrets
import time
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from simlib.httpd import Response

from .sigv4 import Key, Refused, verify

ROLE = "platform-backup"


class Cloud:
    def __init__(self, keys, clock, region):
        self.keys = keys
        self.clock = clock
        self.region = region
        self.imds_tokens = {}
        self.container_token = secrets.token_hex(16)
        self.web_token = secrets.token_hex(24)
        self.lifetime_s = 3600
        self.issued = 0

    def issue(self, name):
        access = "ASIA" + secrets.token_hex(8).upper()
        key = Key(secrets.token_hex(20), secrets.token_hex(32),
                  self.clock() + self.lifetime_s, name)
        self.keys[access] = key
        self.issued += 1
        return access, key

    @staticmethod
    def stamp(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

    def _json(self, name, **more):
        access, key = self.issue(name)
        return Response(200, json.dumps(dict({
            "AccessKeyId": access, "SecretAccessKey": key.secret,
            "Token": key.token, "Expiration": self.stamp(key.expires)},
            **more)).encode())

    def handle(self, req):
        """A Response, or None where the path is not of this module."""
        path = req.path
        if path.startswith("/latest/"):
            return self.imds(req, path)
        if path == "/container/credentials":
            if req.headers.get("authorization") != self.container_token:
                return Response(401, b'{"message":"unauthorized"}')
            return self._json("container", AccountId="000000000000")
        if path == "/" and req.method == "POST":
            return self.sts(req)
        return None

    def imds(self, req, path):
        plain = "text/plain"
        if path == "/latest/api/token":
            if req.method != "PUT":
                return Response(405, b"", plain)
            ttl = req.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
            if not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
                return Response(400, b"", plain)
            if "x-forwarded-for" in req.headers:
                return Response(403, b"", plain)
            token = secrets.token_urlsafe(32)
            self.imds_tokens[token] = self.clock() + int(ttl)
            return Response(200, token.encode(), plain, {
                "X-Aws-Ec2-Metadata-Token-Ttl-Seconds": ttl})
        token = req.headers.get("x-aws-ec2-metadata-token", "")
        if self.imds_tokens.get(token, 0) < self.clock():
            return Response(401, b"", plain)
        base = "/latest/meta-data/iam/security-credentials"
        if path in (base, base + "/"):
            return Response(200, ROLE.encode(), plain)
        if path == base + "/" + ROLE:
            return self._json("instance", Code="Success", Type="AWS-HMAC",
                              LastUpdated=self.stamp(self.clock()))
        if path == "/latest/meta-data/placement/region":
            return Response(200, self.region.encode(), plain)
        return Response(404, b"", plain)

    def sts_error(self, status, code, message):
        ns = "https://sts.amazonaws.com/doc/2011-06-15/"
        return Response(status, (
            '<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>%s'
            "</Code><Message>%s</Message></Error><RequestId>sim</RequestId>"
            "</ErrorResponse>" % (ns, code, escape(message))).encode(),
            "text/xml")

    def sts(self, req):
        q = dict(parse_qsl(req.body.decode("utf-8", "replace"))
                 or req.query_list())
        action = q.get("Action", "")
        for need in ("RoleArn", "RoleSessionName"):
            if action.startswith("AssumeRole") and not q.get(need):
                return self.sts_error(400, "ValidationError", "1 validation "
                                      "error detected: Value null at '%s%s' "
                                      "failed to satisfy constraint"
                                      % (need[0].lower(), need[1:]))
        if action == "AssumeRoleWithWebIdentity":
            if q.get("WebIdentityToken") != self.web_token:
                return self.sts_error(400, "InvalidIdentityToken",
                                      "No OpenIDConnect provider found in "
                                      "your account for the given token")
        elif action == "AssumeRole":
            try:
                verify(req, self.keys, self.region, self.clock(), "sts")
            except Refused as e:
                return self.sts_error(403, e.code, e.message)
        else:
            return self.sts_error(400, "InvalidAction", "Could not find "
                                  "operation %s for version %s"
                                  % (action, q.get("Version")))
        access, key = self.issue(action)
        root = ET.Element(action + "Response", {
            "xmlns": "https://sts.amazonaws.com/doc/2011-06-15/"})
        result = ET.SubElement(root, action + "Result")
        creds = ET.SubElement(result, "Credentials")
        for k, v in (("AccessKeyId", access), ("SecretAccessKey", key.secret),
                     ("SessionToken", key.token),
                     ("Expiration", self.stamp(key.expires))):
            ET.SubElement(creds, k).text = v
        who = ET.SubElement(result, "AssumedRoleUser")
        ET.SubElement(who, "Arn").text = q["RoleArn"]
        ET.SubElement(who, "AssumedRoleId").text = "AROA:" + q[
            "RoleSessionName"]
        return Response(200, ET.tostring(root), "text/xml")
