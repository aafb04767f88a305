"""Server-side apply: field sets, ownership, merge and conflicts.

The rules are those of Kubernetes' structured-merge-diff, on plain JSON values.
A field set is kept as the FieldsV1 form the API shows: nested dicts whose keys
are "f:<name>", "k:<json of keys>", "v:<json>", or "." for the node itself.

Types come from schema.json or schema_1.36.json (see mkschema.py) or from a
CRD's schema; "?" is a value without schema: objects are maps, lists are atomic.
"""

import json
import os

from . import releases

DEFS = {}


def use(release):
    """Takes the types of that release; before anything else is asked."""
    name = ("schema.json" if release in ("1.20", "1.33") else
            "schema_1.36.json")
    with open(os.path.join(os.path.dirname(__file__), name)) as f:
        DEFS.update(json.load(f))
    if name == "schema_1.36.json":
        for t, field in releases.unknown_fields(release):
            del DEFS[t][field]


# Members of an associative list may leave a key out that has a default.
KEY_DEFAULTS = {"protocol": "TCP"}


class Undeclared(Exception):
    pass


def type_of(group, version, kind):
    """The type of a built-in kind; "?" where this table has none."""
    kinds = DEFS["kinds"]
    t = kinds.get("%s/%s/%s" % (group, version, kind))
    if t is None:
        for v in ("v1", "v1beta1"):
            t = t or kinds.get("%s/%s/%s" % (group, v, kind))
    return t or "?"


def type_of_crd(schema, top=False):
    """The type of an OpenAPI v3 schema of a CRD."""
    if not schema or schema.get("x-kubernetes-embedded-resource"):
        return "?"
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("x-kubernetes-map-type") == "atomic":
            return ["a", "?"]
        if "additionalProperties" in schema:
            return ["d", type_of_crd(schema["additionalProperties"])]
        props = schema.get("properties")
        open_ = schema.get("x-kubernetes-preserve-unknown-fields")
        if not props and not top:
            return "?" if open_ else {}
        t = {k: type_of_crd(v) for k, v in (props or {}).items()}
        if open_:
            t["*"] = "?"
        if top:
            t["metadata"] = "apimachinery.pkg.apis.meta.v1.ObjectMeta"
            t["apiVersion"] = t["kind"] = ""
        return t
    if schema.get("type") == "array":
        item = type_of_crd(schema.get("items"))
        kind = schema.get("x-kubernetes-list-type")
        if kind == "map":
            return ["m", schema["x-kubernetes-list-map-keys"], item]
        return ["s"] if kind == "set" else ["a", item]
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return "?"
    return ""


def _struct(t):
    if isinstance(t, str):
        return DEFS.get(t) if t and t != "?" else None
    return t if isinstance(t, dict) else None


def _shape(t, v):
    """How v of type t is held: 'leaf', 'struct', 'map', 'mlist', 'slist'."""
    if isinstance(v, dict):
        s = _struct(t)
        if s is not None:
            return "leaf" if "!" in s or (not s) else "struct"
        if t == "?" or (isinstance(t, list) and t[0] == "d"):
            return "map"
        return "leaf"
    if isinstance(v, list) and isinstance(t, list):
        return {"m": "mlist", "s": "slist"}.get(t[0], "leaf")
    return "leaf"


def _child(t, k):
    s = _struct(t)
    if s is not None:
        c = s.get(k)
        return s.get("*", "?") if c is None else c
    if isinstance(t, list) and t[0] == "d":
        return t[1]
    return "?"


def _is_map_key(t, k):
    s = _struct(t)
    return s is None or k not in s


def item_key(t, item):
    keys = {}
    for k in t[1]:
        v = item.get(k, KEY_DEFAULTS.get(k)) if isinstance(item, dict) else None
        if v is not None:
            keys[k] = v
    return "k:" + json.dumps(keys, sort_keys=True, separators=(",", ":"),
                             ensure_ascii=False)


def _set_key(item):
    return "v:" + json.dumps(item, separators=(",", ":"))


def drop(v, t):
    """Drops what a type does not know, as a server that is older than the
    object does without a word."""
    if isinstance(v, dict):
        s = _struct(t)
        if s is not None:
            if s == {} or "!" in s and len(s) == 1:
                return
            for k in list(v):
                if k not in s and "*" not in s:
                    del v[k]
                else:
                    drop(v[k], s.get(k, "?"))
        elif isinstance(t, list) and t[0] == "d":
            for c in v.values():
                drop(c, t[1])
    elif isinstance(v, list) and isinstance(t, list) and t[0] in "am":
        for c in v:
            drop(c, t[-1])


def check(v, t, path=""):
    """Raises Undeclared where v has a field that its type does not know."""
    if isinstance(v, dict):
        s = _struct(t)
        if s is not None:
            if s == {} or "!" in s and len(s) == 1:
                return
            for k, c in v.items():
                if k not in s and "*" not in s:
                    raise Undeclared("%s.%s: field not declared in schema"
                                     % (path, k))
                check(c, s.get(k, "?"), path + "." + k)
        elif isinstance(t, list) and t[0] == "d":
            for k, c in v.items():
                check(c, t[1], path + "." + k)
    elif isinstance(v, list) and isinstance(t, list) and t[0] in "am":
        for i, c in enumerate(v):
            where = "%s[%d]" % (path, i)
            if t[0] == "m":
                if not isinstance(c, dict):
                    continue
                for k in t[1]:
                    if k not in c and k not in KEY_DEFAULTS:
                        raise Undeclared(
                            "%s: element %d: associative list with keys has "
                            "an element that omits key field %s (and doesn't "
                            "have default value)"
                            % (path, i, json.dumps(k)))
                where = path + show_key(item_key(t, c))
            check(c, t[-1], where)


def fieldset(v, t, update=False):
    """The set of fields in v; None when v is one leaf."""
    shape = _shape(t, v)
    if shape == "leaf":
        return None
    out = {}
    if shape in ("struct", "map"):
        for k, c in v.items():
            ct = _child(t, k)
            sub = fieldset(c, ct, update)
            if not sub:
                out["f:" + k] = {}
                continue
            if _is_map_key(t, k) or (update and _shape(ct, c) == "map"):
                sub["."] = {}
            out["f:" + k] = sub
    elif shape == "mlist":
        for c in v:
            sub = fieldset(c, t[2], update) or {}
            sub["."] = {}
            out[item_key(t, c)] = sub
    else:
        for c in v:
            out[_set_key(c)] = {}
    return out


def show_key(k):
    if k.startswith("f:"):
        return "." + k[2:]
    if k.startswith("k:"):
        d = json.loads(k[2:])
        return "[" + ",".join("%s=%s" % (n, json.dumps(d[n]))
                              for n in sorted(d)) + "]"
    return "[=%s]" % k[2:]


def _get(v, t, k):
    """The child of v that path element k names: (found, value, type)."""
    if k.startswith("f:"):
        if isinstance(v, dict) and k[2:] in v:
            return True, v[k[2:]], _child(t, k[2:])
    elif k.startswith("k:"):
        if isinstance(v, list) and isinstance(t, list) and t[0] == "m":
            for c in v:
                if item_key(t, c) == k:
                    return True, c, t[2]
    elif k.startswith("v:") and isinstance(v, list):
        want = json.loads(k[2:])
        if want in v:
            return True, want, ""
    return False, None, "?"


def conflicts(owned, asked, live, new, t, path=""):
    """Paths in both sets at which live and new differ, as (path, keys)."""
    out = []
    for k, sub in asked.items():
        if k == "." or k not in owned:
            continue
        fl, lv, lt = _get(live, t, k)
        fn, nv, nt = _get(new, t, k)
        where = path + show_key(k)
        osub = owned[k]
        if not (set(sub) - {"."}) or not (set(osub) - {"."}):
            if fl and lv == nv:
                continue
            if k.startswith(("k:", "v:")) or (not sub and not osub) or (
                    _shape(lt, lv) == "leaf" or _shape(nt, nv) == "leaf"):
                if not (k.startswith("k:") and fl):
                    out.append((where, [k]))
            continue
        for w, keys in conflicts(osub, sub, lv, nv, nt, where):
            out.append((w, [k] + keys))
    return out


def discard(tree, keys):
    """Removes one path from a field set, and what becomes empty."""
    if len(keys) == 1:
        tree.pop(keys[0], None)
    elif keys[0] in tree:
        discard(tree[keys[0]], keys[1:])
        if not tree[keys[0]]:
            del tree[keys[0]]


def union(a, b):
    for k, v in b.items():
        if k in a:
            union(a[k], v)
        else:
            a[k] = json.loads(json.dumps(v))
    return a


def subtract(a, b):
    """a without what b has; a leaf of b takes the whole branch."""
    out = {}
    for k, v in a.items():
        if k not in b:
            out[k] = v
        elif v and b[k]:
            left = subtract(v, b[k])
            if left:
                out[k] = left
        elif v and not b[k]:
            continue
    return out


def merge(live, new, t):
    """new laid over live."""
    shape = _shape(t, new)
    if shape in ("struct", "map") and isinstance(live, dict):
        out = dict(live)
        for k, v in new.items():
            out[k] = merge(live[k], v, _child(t, k)) if k in live else v
        return out
    if shape == "mlist" and isinstance(live, list):
        fresh = {item_key(t, c): c for c in new}
        out = []
        for c in live:
            k = item_key(t, c)
            out.append(merge(c, fresh.pop(k), t[2]) if k in fresh else c)
        return out + [c for c in new if item_key(t, c) in fresh]
    if shape == "slist" and isinstance(live, list):
        return live + [c for c in new if c not in live]
    return new


def prune(v, t, gone, others):
    """v without the fields of gone that nobody in others holds."""
    for k, sub in gone.items():
        if k == ".":
            continue
        found, c, ct = _get(v, t, k)
        if not found:
            continue
        held = others.get(k)
        whole = not (set(sub) - {"."}) or "." in sub
        if held is None and whole:
            if k.startswith("f:"):
                del v[k[2:]]
            else:
                v.remove(c)
            continue
        if held is not None and not held and whole:
            continue
        prune(c, ct, sub, held or {})
        if held is None and c in ({}, []):
            if k.startswith("f:"):
                del v[k[2:]]
    return v


def compare(old, new, t):
    """(fields of new that are new or differ, fields of old that are gone)."""
    shape = _shape(t, new)
    changed, removed = {}, {}
    if shape == "leaf" or type(old) is not type(new):
        return changed, removed
    if shape in ("struct", "map"):
        pairs = [("f:" + k, k in old, old.get(k), True, v, _child(t, k))
                 for k, v in new.items()]
        pairs += [("f:" + k, True, v, False, None, _child(t, k))
                  for k, v in old.items() if k not in new]
    elif shape == "mlist":
        o = {item_key(t, c): c for c in old}
        n = {item_key(t, c): c for c in new}
        pairs = [(k, k in o, o.get(k), True, v, t[2]) for k, v in n.items()]
        pairs += [(k, True, v, False, None, t[2])
                  for k, v in o.items() if k not in n]
    else:
        pairs = [(_set_key(c), c in old, c, True, c, "") for c in new]
        pairs += [(_set_key(c), True, c, False, None, "")
                  for c in old if c not in new]
    for k, in_old, ov, in_new, nv, ct in pairs:
        if not in_new:
            removed[k] = {}
        elif not in_old:
            sub = fieldset(nv, ct, True) or {}
            if sub and (k[0] == "k" or _shape(ct, nv) == "map"):
                sub["."] = {}
            changed[k] = sub
        elif ov != nv:
            if _shape(ct, nv) == "leaf" or type(ov) is not type(nv):
                changed[k] = {}
                continue
            c, r = compare(ov, nv, ct)
            if c:
                changed[k] = c
            if r:
                removed[k] = r
    return changed, removed


def subtract_exact(a, b):
    """The members of a that are not members of b."""
    out = {}
    for k, v in a.items():
        if k not in b:
            out[k] = v
        elif v and k != ".":
            left = subtract_exact(v, b[k])
            if left:
                out[k] = left
    return out
