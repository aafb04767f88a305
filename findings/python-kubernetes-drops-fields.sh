#!/bin/bash
# The Kubernetes client of Debian 12 for Python (python3-kubernetes 22.6.0-2)
# drops every field that is newer than itself, without a word, when it reads an
# object, so that a backup which writes what it lists is not what the server
# holds: a sidecar (an init container with restartPolicy: Always) comes back as
# an init container that the Pod waits for, and a definition without its
# x-kubernetes-validations. And a time of microseconds (MicroTime) that happens to
# be a whole second is written without the six digits that the API defines.
#
# Seen, of what a server answered:
#	init container: {"image": "proxy", "name": "side"}
#	schema: {"type": "object"}
#	renewTime: 2026-01-02T03:04:05+00:00
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian python3-kubernetes=22.6.0-2
export PYTHONPATH=$W/root/usr/lib/python3/dist-packages
cd "$W"
cat >answers.py <<'X'
# Answers as an API server of 1.29 gives them.
ANSWERS = {
    "/api/v1/pods": {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [{
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {
            "initContainers": [{"name": "side", "image": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "web", "image": "web"}]}}]},
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
        "kind": "CustomResourceDefinitionList", "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {}, "items": [{"metadata": {"name": "plans.example.com"}, "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Plan", "plural": "plans"}, "versions": [{
                "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-validations": [
                        {"rule": "has(self.spec)"}]}}}]}}]},
    "/apis/coordination.k8s.io/v1/leases": {
        "kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1", "metadata": {}, "items": [{
            "metadata": {"name": "leader", "namespace": "shop"},
            "spec": {"renewTime": "2026-01-02T03:04:05.000000Z"}}]},
}
X
cat >server.py <<'X'
import http.server, json
from answers import ANSWERS
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("port", "w") as f:
    f.write(str(server.server_port))
server.serve_forever()
X
cat >saved.py <<'X'
# What a backup would write of a list.
import json, sys
from kubernetes import client
configuration = client.Configuration()
configuration.host = "http://127.0.0.1:" + open("port").read()
api = client.ApiClient(configuration)
def saved(answer):
    return api.sanitize_for_serialization(answer)["items"][0]["spec"]
what = {
    "pod": lambda: saved(client.CoreV1Api(api).list_pod_for_all_namespaces())["initContainers"][0],
    "crd": lambda: saved(client.ApiextensionsV1Api(api).list_custom_resource_definition())
        ["versions"][0]["schema"]["openAPIV3Schema"],
    "lease": lambda: saved(client.CoordinationV1Api(api).list_lease_for_all_namespaces())
        ["renewTime"]}[sys.argv[1]]()
print(what if isinstance(what, str) else json.dumps(what, sort_keys=True))
X
background /usr/bin/python3 server.py
until_true test -s port
saved() { /usr/bin/python3 saved.py "$1"; }
expect 'init container' "$(saved pod)" '{"image": "proxy", "name": "side"}'
expect schema "$(saved crd)" '{"type": "object"}'
expect renewTime "$(saved lease)" 2026-01-02T03:04:05+00:00
