"""Label and field selectors."""

import re

from .status import bad_request

TOKEN = re.compile(r"\s*(?:(!=|==|=|,|\(|\)|!|<|>)|([^\s=!,()<>]+))")


def _tokens(text):
    out = []
    pos = 0
    text = text.rstrip()
    while pos < len(text):
        m = TOKEN.match(text, pos)
        out.append(m.group(1) or m.group(2))
        pos = m.end()
    return out


def parse_labels(text):
    """A list of (key, operator, values)."""
    toks = _tokens(text)
    reqs = []
    i = 0

    def fail(found, expected):
        raise bad_request("unable to parse requirement: found '%s', "
                          "expected: %s" % (found, expected))

    def at(j):
        return toks[j] if j < len(toks) else ""

    while i < len(toks):
        if toks[i] == "!":
            reqs.append((at(i + 1), "!", []))
            i += 2
        else:
            key = toks[i]
            if key in ("=", "==", "!=", ",", "(", ")", "<", ">"):
                fail(key, "!, identifier, or 'end of string'")
            op = at(i + 1)
            if op in ("", ","):
                reqs.append((key, "exists", []))
                i += 1
            elif op in ("in", "notin"):
                if at(i + 2) != "(":
                    fail(at(i + 2), "'('")
                j = i + 3
                values = []
                while at(j) != ")":
                    if j >= len(toks):
                        fail("", "',', ')' or identifier")
                    if toks[j] != ",":
                        values.append(toks[j])
                    j += 1
                reqs.append((key, op, values))
                i = j + 1
            elif op in ("=", "==", "!="):
                v = at(i + 2)
                if v in ("=", "==", "!=", "(", ")", "!"):
                    fail(v, "identifier")
                if v in ("", ","):
                    reqs.append((key, op, [""]))
                    i += 2
                else:
                    reqs.append((key, op, [v]))
                    i += 3
            else:
                fail(op, "in, notin, =, ==, !=, gt, lt")
        if i < len(toks):
            if toks[i] != ",":
                fail(toks[i], "',' or 'end of string'")
            i += 1
            if i >= len(toks):
                fail("", "identifier after ','")
    return reqs


def match_labels(reqs, labels):
    for key, op, values in reqs:
        has = key in labels
        if op == "exists" and not has:
            return False
        if op == "!" and has:
            return False
        if op in ("=", "==", "in") and (not has or labels[key] not in values):
            return False
        if op in ("!=", "notin") and has and labels[key] in values:
            return False
    return True


def match_selector(sel, labels):
    """A LabelSelector object against labels; an empty one matches all."""
    for k, v in (sel.get("matchLabels") or {}).items():
        if labels.get(k) != v:
            return False
    for e in sel.get("matchExpressions") or []:
        op = {"In": "in", "NotIn": "notin", "Exists": "exists",
              "DoesNotExist": "!"}[e["operator"]]
        if not match_labels([(e["key"], op, e.get("values") or [])], labels):
            return False
    return True


MORE_FIELDS = {
    "secrets": ["type"], "namespaces": ["status.phase"],
    "pods": ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
             "spec.serviceAccountName", "status.phase", "status.podIP",
             "status.nominatedNodeName"],
    "events": ["involvedObject.kind", "involvedObject.namespace",
               "involvedObject.name", "involvedObject.uid", "reason",
               "source", "type"],
    "jobs": ["status.successful"], "nodes": ["spec.unschedulable"],
    "replicasets": ["status.replicas"],
}


def parse_fields(text, res):
    reqs = []
    for part in text.split(","):
        if not part:
            continue
        for op in ("!=", "==", "="):
            if op in part:
                k, _, v = part.partition(op)
                break
        else:
            raise bad_request("invalid field selector: '%s'; can't "
                              "understand '%s'" % (text, part))
        if k not in ("metadata.name", "metadata.namespace") and \
                k not in MORE_FIELDS.get(res.plural, ()):
            if res.crd:
                raise bad_request("field label not supported: " + k)
            raise bad_request(
                '"%s" is not a known field selector: only "metadata.name", '
                '"metadata.namespace"' % k)
        reqs.append((k.split("."), op == "!=", v))
    return reqs


def match_fields(reqs, obj):
    for path, negate, want in reqs:
        v = obj
        for p in path:
            v = v.get(p) if isinstance(v, dict) else None
        if (("" if v is None else str(v)) == want) == negate:
            return False
    return True
