"""One object at least of each kind that a cluster makes by itself, or that means
nothing elsewhere; for kube_objects."""
import json

NODE = "odd-node"


def meta(name, ns=None, **more):
    return dict(more, name=name, **({"namespace": ns} if ns else {}))


def preferred(server, group):
    """group/version as this server prefers it."""
    text = server.ask("GET", "/apis/" + group)[1]
    return json.loads(text)["preferredVersion"]["groupVersion"]


def of_kubernetes(server):
    yield "/api/v1/nodes", {
        "apiVersion": "v1", "kind": "Node", "metadata": meta(NODE)}
    yield "/apis/storage.k8s.io/v1/csinodes", {
        "apiVersion": "storage.k8s.io/v1", "kind": "CSINode",
        "metadata": meta(NODE), "spec": {"drivers": []}}
    yield "/apis/storage.k8s.io/v1/volumeattachments", {
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment",
        "metadata": meta("odd"), "spec": {
            "attacher": "example.com", "nodeName": NODE,
            "source": {"persistentVolumeName": "volume-of-odd"}}}
    yield "/apis/coordination.k8s.io/v1/namespaces/odd/leases", {
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": meta("held", "odd"), "spec": {"holderIdentity": "me"}}
    yield "/api/v1/namespaces/odd/endpoints", {
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": meta("hook", "odd")}
    version = preferred(server, "discovery.k8s.io")
    yield "/apis/%s/namespaces/odd/endpointslices" % version, {
        "apiVersion": version, "kind": "EndpointSlice",
        "metadata": meta("hook-abcde", "odd", labels={
            "endpointslice.kubernetes.io/managed-by":
                "endpointslice-controller.k8s.io"}),
        "addressType": "IPv4", "endpoints": []}
    yield "/apis/%s/namespaces/odd/endpointslices" % version, {
        "apiVersion": version, "kind": "EndpointSlice",
        "metadata": meta("by-hand", "odd"), "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.1"]}]}
    about = {"apiVersion": "v1", "kind": "ConfigMap", "name": "text",
             "namespace": "odd"}
    yield "/api/v1/namespaces/odd/events", {
        "apiVersion": "v1", "kind": "Event", "metadata": meta("e", "odd"),
        "reason": "Test", "type": "Normal", "involvedObject": about}
    yield "/apis/events.k8s.io/v1/namespaces/odd/events", {
        "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": meta("f", "odd"), "reason": "Test", "type": "Normal",
        "action": "Test", "reportingController": "example.com/test",
        "reportingInstance": "test-1", "regarding": about,
        "eventTime": "2026-01-01T00:00:00.000000Z"}
    # As the token controller makes them, and as people may name theirs.
    for name, by in (("default-token-abcde", "kube-controller-manager"),
                     ("default-token-fghij", "kubectl")):
        yield "/api/v1/namespaces/odd/secrets?fieldManager=" + by, {
            "apiVersion": "v1", "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": meta(name, "odd", annotations={
                "kubernetes.io/service-account.name": "default"})}


def owned_and_bare(owner):
    """Pairs of the kinds that controllers make. The owner is one that is
    there: the garbage collector is at work too."""
    refs = [{"apiVersion": "v1", "kind": "ConfigMap", "controller": True,
             "name": owner["metadata"]["name"],
             "uid": owner["metadata"]["uid"]}]
    containers = [{"name": "c", "image": "example.com/i:1"}]
    for name, more in ("owned", {"ownerReferences": refs}), ("bare", {}):
        yield "/api/v1/namespaces/odd/pods", {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": meta(name, "odd", **more), "spec": {
                "automountServiceAccountToken": False,
                "containers": containers}}
        yield "/apis/apps/v1/namespaces/odd/controllerrevisions", {
            "apiVersion": "apps/v1", "kind": "ControllerRevision",
            "metadata": meta(name, "odd", **more), "revision": 1,
            "data": {"spec": {}}}
        labels = {"a": name}
        yield "/apis/apps/v1/namespaces/odd/replicasets", {
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": meta(name, "odd", **more), "spec": {
                "replicas": 0, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels},
                             "spec": {"containers": containers}}}}


# plural, kind, group
CUSTOM = [("orders", "Order", "acme.cert-manager.io"),
          ("challenges", "Challenge", "acme.cert-manager.io"),
          ("certificaterequests", "CertificateRequest", "cert-manager.io"),
          ("pods", "PodMetrics", "metrics.k8s.io")]


def of_others():
    for plural, kind, group in CUSTOM:
        yield "/apis/%s/v1/namespaces/odd/%s" % (group, plural), {
            "apiVersion": group + "/v1", "kind": kind,
            "metadata": meta("made", "odd")}
