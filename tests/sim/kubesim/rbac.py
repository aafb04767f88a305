"""Who asks, and may they: tokens, client certificates and RBAC objects."""

from .status import ApiError, forbidden

OPEN_PATHS = ("/api", "/apis", "/healthz", "/livez", "/readyz", "/version",
              "/openapi")


class User:
    __slots__ = ("name", "groups")

    def __init__(self, name, groups):
        self.name = name
        self.groups = list(groups)
        if name != "system:anonymous":
            self.groups.append("system:authenticated")


ADMIN = User("sim-admin", ["system:masters"])


def service_account(ns, name):
    return User("system:serviceaccount:%s:%s" % (ns, name),
                ["system:serviceaccounts", "system:serviceaccounts:" + ns])


class Auth:
    """tokens: token -> User.  Without any token a plain HTTP request is the
    administrator's, as on the insecure port kubectl and curl expect."""

    def __init__(self, store, resources, open_door):
        self.store = store
        self.resources = resources      # callable: (group, plural) -> Resource
        self.open_door = open_door
        self.tokens = {}

    def load_csv(self, path):
        """The API server's --token-auth-file: token,user,uid,"g1,g2"."""
        import csv
        with open(path, newline="") as f:
            for row in csv.reader(f):
                if row:
                    groups = row[3].split(",") if len(row) > 3 else []
                    self.tokens[row[0].strip()] = User(row[1].strip(), groups)

    def who(self, req):
        auth = req.headers.get("authorization", "")
        if auth.lower().startswith("bearer "):
            user = self.tokens.get(auth[7:].strip())
            if user is None:
                raise ApiError(401, "Unauthorized", "Unauthorized")
        elif req.peercert:
            names = {}
            for rdn in req.peercert.get("subject", ()):
                for k, v in rdn:
                    names.setdefault(k, []).append(v)
            user = User(names.get("commonName", [""])[0],
                        names.get("organizationName", []))
        elif self.open_door:
            user = ADMIN
        else:
            user = User("system:anonymous", ["system:unauthenticated"])
        as_user = req.headers.get("impersonate-user")
        if as_user:
            if not self.allowed(user, "impersonate", "", "users", "",
                                as_user, ""):
                raise forbidden("users", "", as_user, 'User "%s" cannot '
                                'impersonate resource "users" in API group '
                                '"" at the cluster scope' % user.name)
            groups = req.headers.get("impersonate-group", "")
            user = User(as_user, [g for g in groups.split(",") if g])
        return user

    def _subject(self, user, subjects, ns):
        for s in subjects or []:
            if s["kind"] == "User" and s["name"] == user.name:
                return True
            if s["kind"] == "Group" and s["name"] in user.groups:
                return True
            if s["kind"] == "ServiceAccount" and user.name == (
                    "system:serviceaccount:%s:%s"
                    % (s.get("namespace") or ns, s["name"])):
                return True
        return False

    def rules(self, user, ns):
        group = "rbac.authorization.k8s.io"
        sets = [("clusterrolebindings", "")]
        if ns:
            sets.append(("rolebindings", ns))
        for plural, where in sets:
            table = self.store.table(self.resources(group, plural))
            with self.store.lock:
                recs = table.scan(where)
            for rec in recs:
                ref = rec.obj["roleRef"]
                if not self._subject(user, rec.obj.get("subjects"), rec.ns):
                    continue
                kind = ("clusterroles" if ref["kind"] == "ClusterRole"
                        else "roles")
                role = self.store.get(self.resources(group, kind),
                                      where if kind == "roles" else "",
                                      ref["name"])
                if role:
                    for r in role.obj.get("rules") or []:
                        yield r

    def allowed(self, user, verb, group, resource, sub, name, ns):
        if "system:masters" in user.groups:
            return True
        want = resource + "/" + sub if sub else resource
        for r in self.rules(user, ns):
            verbs = r.get("verbs") or []
            if verb not in verbs and "*" not in verbs:
                continue
            groups = r.get("apiGroups") or []
            if group not in groups and "*" not in groups:
                continue
            rs = r.get("resources") or []
            if not (want in rs or "*" in rs
                    or (sub and "*/" + sub in rs)):
                continue
            names = r.get("resourceNames")
            if names and name not in names:
                continue
            return True
        return False

    def demand(self, user, verb, res, sub, name, ns):
        if self.allowed(user, verb, res.group, res.plural, sub, name, ns):
            return
        where = ('in the namespace "%s"' % ns if ns
                 else "at the cluster scope")
        what = res.plural + ("/" + sub if sub else "")
        raise forbidden(res.plural, res.group, name,
                        'User "%s" cannot %s resource "%s" in API group "%s" '
                        "%s" % (user.name, verb, what, res.group, where))

    def demand_path(self, user, verb, path):
        if "system:masters" in user.groups:
            return
        if any(path == p or path.startswith(p + "/") for p in OPEN_PATHS) \
                and user.name != "system:anonymous":
            return
        for r in self.rules(user, ""):
            verbs = r.get("verbs") or []
            if verb not in verbs and "*" not in verbs:
                continue
            for p in r.get("nonResourceURLs") or []:
                if p == path or (p.endswith("*")
                                 and path.startswith(p[:-1])):
                    return
        raise ApiError(403, "Forbidden",
                       'forbidden: User "%s" cannot %s path "%s"'
                       % (user.name, verb, path), {})
