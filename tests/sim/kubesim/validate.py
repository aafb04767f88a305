"""What the API server refuses: names, labels, immutable fields, sizes."""

import re

from .status import bad_request, invalid

DNS_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
DNS_SUB = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?"
                     r"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
DNS_1035 = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
QUALIFIED = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
CONFIG_KEY = re.compile(r"^[-._a-zA-Z0-9]+$")

SUB_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric "
    "characters or '-', and must start and end with an alphanumeric character "
    "(e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
TEXT_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or "
    "'-', start with an alphabetic character, and end with an alphanumeric "
    "character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')")
QUAL_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'MyName',  or "
    "'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")
VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric "
    "characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or "
    "'.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
    "validation is '[-._a-zA-Z0-9]+')")

PATH_NAMES = ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
LABEL_NAMES = {"namespaces"}
NAMES_1035 = {"services"}
MAX_DATA = 1048576


def use(release):
    """Since 1.36 the name of a Service may begin with a digit (KEP 5311)."""
    if int(release.split(".")[1]) >= 36:
        NAMES_1035.discard("services")
        LABEL_NAMES.add("services")


def name_causes(res, name):
    if not name:
        return [("metadata.name",
                 "Required value: name or generateName is required")]
    if res.plural in PATH_NAMES:
        if name in (".", "..") or "/" in name or "%" in name:
            return [("metadata.name", 'Invalid value: "%s": may not contain '
                     "'/'" % name)]
        return []
    if res.plural in LABEL_NAMES and not res.crd:
        rule, text, top = DNS_LABEL, LABEL_TEXT, 63
    elif res.plural in NAMES_1035 and not res.crd:
        rule, text, top = DNS_1035, TEXT_1035, 63
    else:
        rule, text, top = DNS_SUB, SUB_TEXT, 253
    out = []
    if len(name) > top:
        out.append(("metadata.name", 'Invalid value: "%s": must be no more '
                    "than %d characters" % (name, top)))
    if not rule.match(name):
        out.append(("metadata.name", 'Invalid value: "%s": %s'
                    % (name, text)))
    return out


def meta_causes(res, meta):
    out = name_causes(res, meta.get("name"))
    for field in ("labels", "annotations"):
        for k, v in (meta.get(field) or {}).items():
            part = k.rpartition("/")[2]
            shown = k.lower() if field == "annotations" else k
            if not QUALIFIED.match(part):
                out.append(("metadata." + field, 'Invalid value: "%s": %s'
                            % (shown, QUAL_TEXT)))
            if not isinstance(v, str):
                raise bad_request("%s in version %s cannot be handled as a "
                                  "%s: ReadString: expects \" or n"
                                  % (res.kind, res.versions[0], res.kind))
            if field == "labels" and v and (len(v) > 63
                                            or not QUALIFIED.match(v)):
                out.append(("metadata.labels", 'Invalid value: "%s": %s'
                            % (v, VALUE_TEXT)))
    for ref in meta.get("ownerReferences") or []:
        for k in ("apiVersion", "kind", "name", "uid"):
            if not ref.get(k):
                out.append(("metadata.ownerReferences." + k,
                            'Invalid value: "%s": %s must not be empty'
                            % (ref.get(k, ""), "version"
                               if k == "apiVersion" else k)))
    return out


def _data_causes(o, keys):
    out = []
    total = 0
    for field in keys:
        for k, v in (o.get(field) or {}).items():
            if not CONFIG_KEY.match(k):
                out.append(("%s[%s]" % (field, k), 'Invalid value: "%s": %s'
                            % (k, KEY_TEXT)))
            n = len(v.encode("utf-8", "surrogatepass"))
            total += n if field == "data" and keys[0] == "data" and \
                len(keys) == 2 else len(v.rstrip("=")) * 3 // 4
    if total > MAX_DATA:
        out.append(("[]" if len(keys) == 2 else "data",
                    "Too long: must have at most %d bytes" % MAX_DATA))
    return out


def _go_map(d):
    return "map[string]string{%s}" % ", ".join(
        '"%s":"%s"' % (k, d[k]) for k in sorted(d))


def _go_selector(s):
    exp = ("[]v1.LabelSelectorRequirement(nil)"
           if not s.get("matchExpressions")
           else "[]v1.LabelSelectorRequirement{...}")
    return ("v1.LabelSelector{MatchLabels:%s, MatchExpressions:%s}"
            % (_go_map(s.get("matchLabels") or {}), exp))


def object_causes(res, o):
    kind = res.kind
    spec = o.get("spec") if isinstance(o.get("spec"), dict) else {}
    if res.crd:
        return []
    if kind == "ConfigMap":
        return _data_causes(o, ["data", "binaryData"])
    if kind == "Secret":
        return _data_causes(o, ["data"])
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"):
        sel = spec.get("selector")
        out = []
        if not sel:
            out.append(("spec.selector", "Required value"))
            sel = {}
        labels = spec.get("template", {}).get("metadata", {}).get(
            "labels") or {}
        if any(labels.get(k) != v
               for k, v in (sel.get("matchLabels") or {}).items()) or not sel:
            out.append(("spec.template.metadata.labels", "Invalid value: %s: "
                        "`selector` does not match template `labels`"
                        % _go_map(labels)))
        if not spec.get("template", {}).get("spec", {}).get("containers"):
            out.append(("spec.template.spec.containers", "Required value"))
        return out
    if kind == "Pod" and not spec.get("containers"):
        return [("spec.containers", "Required value")]
    if kind == "Service" and not spec.get("ports") and \
            spec.get("clusterIP") != "None" and \
            spec.get("type") != "ExternalName":
        return [("spec.ports", "Required value")]
    if kind in ("RoleBinding", "ClusterRoleBinding") and not (
            o.get("roleRef") or {}).get("name"):
        return [("roleRef.name", "Required value")]
    if kind == "CustomResourceDefinition":
        return _crd_causes(o, spec)
    return []


def _crd_causes(o, spec):
    out = []
    want = "%s.%s" % (spec.get("names", {}).get("plural"), spec.get("group"))
    if o["metadata"]["name"] != want:
        out.append(("metadata.name", 'Invalid value: "%s": must be '
                    "spec.names.plural+\".\"+spec.group"
                    % o["metadata"]["name"]))
    storing = [v for v in spec.get("versions") or [] if v.get("storage")]
    if len(storing) != 1:
        out.append(("spec.versions", "Invalid value: must have exactly one "
                    "version marked as storage version"))
    for i, v in enumerate(spec.get("versions") or []):
        if not (v.get("schema") or {}).get("openAPIV3Schema"):
            out.append(("spec.versions[%d].schema.openAPIV3Schema" % i,
                        "Required value: schemas are required"))
    return out


IMMUTABLE = {
    "Deployment": ("spec.selector",), "ReplicaSet": ("spec.selector",),
    "DaemonSet": ("spec.selector",), "Job": ("spec.selector",
                                             "spec.template"),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy",
                     "volumeBindingMode"),
    "Secret": ("type",),
    "IngressClass": ("spec.controller",),
    "PriorityClass": ("value",),
}
STS_MAY = ("replicas", "template", "updateStrategy", "minReadySeconds",
           "persistentVolumeClaimRetentionPolicy", "ordinals")


def _at(o, path):
    for p in path.split("."):
        o = o.get(p) if isinstance(o, dict) else None
    return o


def update_causes(res, old, new):
    kind = res.kind
    if res.crd:
        return []
    out = []
    for path in IMMUTABLE.get(kind, ()):
        if _at(old, path) != _at(new, path):
            v = _at(new, path)
            if path == "spec.selector":
                shown = _go_selector(v or {})
            else:
                shown = '"%s"' % v if isinstance(v, str) else str(v)
            out.append((path, "Invalid value: %s: field is immutable"
                        % shown))
    if kind in ("Secret", "ConfigMap") and old.get("immutable"):
        for k in ("data", "binaryData"):
            if (old.get(k) or {}) != (new.get(k) or {}):
                out.append((k, "Forbidden: field is immutable when "
                            "`immutable` is set"))
        if not new.get("immutable"):
            out.append(("immutable", "Forbidden: field is immutable when "
                        "`immutable` is set"))
    if kind in ("RoleBinding", "ClusterRoleBinding") and \
            old.get("roleRef") != new.get("roleRef"):
        r = new.get("roleRef") or {}
        out.append(("roleRef", 'Invalid value: rbac.RoleRef{APIGroup:"%s", '
                    'Kind:"%s", Name:"%s"}: cannot change roleRef'
                    % (r.get("apiGroup", ""), r.get("kind", ""),
                       r.get("name", ""))))
    if kind == "Service":
        a, b = _at(old, "spec.clusterIP"), _at(new, "spec.clusterIP")
        if a and b and a != b and _at(new, "spec.type") != "ExternalName":
            out.append(("spec.clusterIPs[0]", 'Invalid value: []string{"%s"}:'
                        " may not change once set" % b))
    if kind == "StatefulSet":
        a = {k: v for k, v in old.get("spec", {}).items()
             if k not in STS_MAY}
        b = {k: v for k, v in new.get("spec", {}).items()
             if k not in STS_MAY}
        if a != b:
            out.append(("spec", "Forbidden: updates to statefulset spec for "
                        "fields other than 'replicas', 'template', and "
                        "'updateStrategy' are forbidden"))
    if kind == "PersistentVolumeClaim":
        a, b = dict(old.get("spec", {})), dict(new.get("spec", {}))
        for d in (a, b):
            d.pop("resources", None)
            if not (old.get("spec") or {}).get("volumeName"):
                d.pop("volumeName", None)
        if a != b:
            out.append(("spec", "Forbidden: spec is immutable after creation "
                        "except resources.requests for bound claims"))
    return out


def crd_prune(v, schema, top=False):
    """Drops what the schema of a CRD does not declare; returns v."""
    if not isinstance(schema, dict):
        return v
    if isinstance(v, dict):
        if schema.get("x-kubernetes-embedded-resource") or not schema:
            return v
        props = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        keep = schema.get("x-kubernetes-preserve-unknown-fields")
        for k in list(v):
            if top and k in ("metadata", "apiVersion", "kind"):
                continue
            if k in props:
                crd_prune(v[k], props[k])
            elif isinstance(extra, dict):
                crd_prune(v[k], extra)
            elif not keep and not extra:
                del v[k]
    elif isinstance(v, list):
        for c in v:
            crd_prune(c, schema.get("items"))
    return v


def crd_causes(v, schema, path=""):
    """Type and required checks of a custom resource."""
    if not isinstance(schema, dict):
        return []
    out = []
    want = schema.get("type")
    if v is None:
        if schema.get("nullable") or not want:
            return []
    names = {dict: "object", list: "array", str: "string", bool: "boolean",
             int: "integer", float: "number", type(None): "null"}
    have = names[type(v)]
    if schema.get("x-kubernetes-int-or-string"):
        if have not in ("integer", "string"):
            out.append((path, "Invalid value: \"%s\": %s in body must be of "
                        "type integer or string: \"%s\"" % (have, path,
                                                            have)))
    elif want and have != want and not (want == "number"
                                        and have == "integer"):
        return [(path, 'Invalid value: "%s": %s in body must be of type %s: '
                 '"%s"' % (have, path, want, have))]
    if have == "object":
        for k in schema.get("required") or []:
            if k not in v:
                out.append(((path + "." if path else "") + k,
                            "Required value"))
        for k, s in (schema.get("properties") or {}).items():
            if k in v and not (path == "" and k in ("metadata", "kind",
                                                    "apiVersion")):
                out += crd_causes(v[k], s, (path + "." if path else "") + k)
    elif have == "array":
        for i, c in enumerate(v):
            out += crd_causes(c, schema.get("items"), "%s[%d]" % (path, i))
    if "enum" in schema and v not in schema["enum"]:
        out.append((path, 'Unsupported value: "%s": supported values: %s'
                    % (v, ", ".join('"%s"' % e for e in schema["enum"]))))
    return out


# (status field, the field that bounds it, how the refusal calls that one), as
# 1.20 and 1.36 say it.
COUNTS = {
    "Deployment": [("updatedReplicas", "replicas", "status.replicas"),
                   ("readyReplicas", "replicas", "status.replicas"),
                   ("availableReplicas", "replicas", "status.replicas"),
                   ("availableReplicas", "readyReplicas", "readyReplicas")],
    "ReplicaSet": [("fullyLabeledReplicas", "replicas", "status.replicas"),
                   ("readyReplicas", "replicas", "status.replicas"),
                   ("availableReplicas", "replicas", "status.replicas"),
                   ("availableReplicas", "readyReplicas", "readyReplicas")],
    "StatefulSet": [("readyReplicas", "replicas", "status.replicas"),
                    ("currentReplicas", "replicas", "status.replicas"),
                    ("updatedReplicas", "replicas", "status.replicas"),
                    ("availableReplicas", "replicas", "status.replicas"),
                    ("availableReplicas", "readyReplicas",
                     "status.readyReplicas")],
}


def status_causes(res, o):
    out = []
    status = o.get("status") or {}
    for field, bound, name in COUNTS.get(res.kind, ()) if not res.crd else ():
        n = status.get(field) or 0
        if n > (status.get(bound) or 0):
            out.append(("status." + field, "Invalid value: %d: cannot be "
                        "greater than %s" % (n, name)))
    return out


def check(res, o, old=None, more=()):
    name = o["metadata"].get("name", "")
    causes = meta_causes(res, o["metadata"]) + list(more)
    causes += object_causes(res, o)
    if old is not None:
        causes += update_causes(res, old, o)
        if (old.get("status") or {}) != (o.get("status") or {}):
            causes += status_causes(res, o)
    if causes:
        raise invalid(res.kind, res.group, name, causes)
