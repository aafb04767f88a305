"""The three repositories, made from a stream with fixed dates and names, so
that their object ids are the same on every machine."""

import os
import shutil
import subprocess
import sys

NAMES = ("organization-gitops", "terraform-modules", "helm-charts")
START = 1757203200      # 2025-09-07 00:00 UTC
WHO = "Platform Team <platform@example.com>"


class Stream:
    """Writes git's fast-import format."""

    def __init__(self):
        self.out = []
        self.marks = 0
        self.time = START

    def data(self, content):
        if isinstance(content, str):
            content = content.encode()
        self.out.append(b"data %d\n" % len(content) + content + b"\n")

    def line(self, text):
        self.out.append(text.encode() + b"\n")

    def when(self):
        self.time += 3600
        return "%s %d +0200" % (WHO, self.time)

    def commit(self, ref, message, files, parents=(), remove=()):
        """files: path -> content, or (mode, content).  Returns the mark."""
        self.marks += 1
        mark = self.marks
        when = self.when()
        self.line("commit " + ref)
        self.line("mark :%d" % mark)
        self.line("author " + when)
        self.line("committer " + when)
        self.data(message)
        for i, p in enumerate(parents):
            self.line("%s :%d" % ("merge" if i else "from", p))
        for path in remove:
            self.line("D " + path)
        for path, content in files.items():
            mode = "100644"
            if isinstance(content, tuple):
                mode, content = content
            quoted = '"%s"' % path.replace("\\", "\\\\").replace('"', '\\"')
            self.line("M %s inline %s" % (mode, quoted))
            self.data(content)
        self.line("")
        return mark

    def tag(self, name, mark, message):
        self.line("tag " + name)
        self.line("from :%d" % mark)
        self.line("tagger " + self.when())
        self.data(message)

    def ref(self, name, mark):
        self.line("reset " + name)
        self.line("from :%d" % mark)
        self.line("")

    def note(self, mark, text):
        self.line("commit refs/notes/commits")
        self.line("committer " + self.when())
        self.data("Note\n")
        self.line("N inline :%d" % mark)
        self.data(text)
        self.line("")


def gitops(s):
    files = {}
    for d in ("infrastructure/clusters/production",
              "infrastructure/clusters/staging",
              "infrastructure/clusters/development",
              "infrastructure/crossplane/aws",
              "infrastructure/crossplane/azure",
              "infrastructure/crossplane/gcp",
              "infrastructure/terraform/modules",
              "infrastructure/terraform/environments",
              "applications/frontend/base",
              "applications/frontend/overlays/production",
              "applications/frontend/overlays/staging",
              "applications/backend/base", "applications/middleware",
              "platform/monitoring", "platform/logging", "platform/security",
              "platform/networking", "policies/kyverno", "policies/opa",
              "policies/admission-control", "scripts/bootstrap",
              "scripts/maintenance", "scripts/disaster-recovery"):
        files[d + "/kustomization.yaml"] = (
            "apiVersion: kustomize.config.k8s.io/v1beta1\n"
            "kind: Kustomization\n# %s\nresources: []\n" % d)
    files["README.md"] = "# organization-gitops\n"
    files["scripts/bootstrap/run.sh"] = ("100755", "#!/bin/sh\nexit 0\n")
    files["current"] = ("120000", "infrastructure/clusters/production")
    files["docs/übersicht.md"] = "Grüße\n"
    a = s.commit("refs/heads/main", "Lay out the repository\n", files)
    s.tag("v1.0.0", a, "First release\n")
    b = s.commit("refs/heads/feature/hpa", "Scale the frontend\n", {
        "applications/frontend/overlays/production/hpa.yaml":
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"}, [a])
    c = s.commit("refs/heads/main", "Require labels\n", {
        "policies/kyverno/require-labels.yaml":
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n"}, [a])
    d = s.commit("refs/heads/main", "Merge branch 'feature/hpa'\n", {
        "applications/frontend/overlays/production/hpa.yaml":
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"},
        [c, b])
    for i in range(20):
        d = s.commit("refs/heads/main", "Release frontend v1.2.%d\n" % i, {
            "applications/frontend/overlays/production/image.yaml":
            "newTag: v1.2.%d-production\n" % i}, [d])
    s.tag("v1.2.19", d, "Release 1.2.19\n\nwith notes\n")
    s.ref("refs/tags/lightweight", d)
    s.ref("refs/heads/staging", d)
    s.ref("refs/heads/release/1.x", c)
    s.ref("refs/environments/production", a)
    s.note(d, "Deployed by the platform team\n")
    s.note(a, "Bootstrap\n")


def modules(s):
    a = s.commit("refs/heads/main", "Add the vpc module\n", {
        "vpc/main.tf": 'resource "aws_vpc" "main" {\n'
        "  cidr_block = var.cidr_block\n}\n",
        "vpc/variables.tf": 'variable "cidr_block" {}\n',
        "vpc/outputs.tf": 'output "vpc_id" {\n  value = aws_vpc.main.id\n}\n'
    })
    s.tag("v1.0.0", a, "v1.0.0\n")
    b = s.commit("refs/heads/main", "Add an internet gateway\n", {
        "vpc/gateway.tf": 'resource "aws_internet_gateway" "main" {}\n'}, [a])
    s.tag("v1.1.0", b, "v1.1.0\n")
    s.commit("refs/heads/next", "Drop the gateway again\n", {}, [b],
             ["vpc/gateway.tf"])


def charts(s):
    a = s.commit("refs/heads/main", "Add my-app\n", {
        "charts/my-app/Chart.yaml": "apiVersion: v2\nname: my-app\n"
        "version: 1.2.3\n",
        "charts/my-app/values.yaml": "replicaCount: 1\n",
        "charts/my-app/templates/deployment.yaml": "kind: Deployment\n",
        "charts/my-app/templates/_helpers.tpl": "{{- define \"x\" -}}\n",
        "charts/library/common/Chart.yaml": "apiVersion: v2\nname: common\n",
        "packages/my-app-1.2.3.tgz": bytes(range(256)) * 64})
    s.ref("refs/heads/gh-pages", a)
    s.tag("my-app-1.2.3", a, "my-app 1.2.3\n")


MAKERS = {"organization-gitops": gitops, "terraform-modules": modules,
          "helm-charts": charts}


def run(*args, **kw):
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env.update(GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null")
    return subprocess.run(["git"] + list(args), check=True, env=env,
                          stdout=subprocess.PIPE, **kw).stdout


def load(folder):
    for name in NAMES:
        repo = os.path.join(folder, name + ".git")
        if not os.path.isdir(repo):
            run("init", "-q", "--bare", repo)
        run("-C", repo, "symbolic-ref", "HEAD", "refs/heads/main")
        s = Stream()
        MAKERS[name](s)
        run("-C", repo, "fast-import", "--quiet", "--force",
            input=b"".join(s.out))
        print("%s.git loaded" % name)


def wipe(folder):
    for name in NAMES:
        shutil.rmtree(os.path.join(folder, name + ".git"),
                      ignore_errors=True)


def dump(folder, out=sys.stdout):
    """Every ref of every repository with the object it names."""
    for name in NAMES:
        repo = os.path.join(folder, name + ".git")
        if not os.path.isdir(repo):
            continue
        head = run("-C", repo, "symbolic-ref", "HEAD").decode().strip()
        print("%s HEAD -> %s" % (name, head), file=out)
        refs = run("-C", repo, "for-each-ref", "--format=%(objectname) "
                   "%(objecttype) %(refname)").decode()
        for line in refs.splitlines():
            print("%s %s" % (name, line), file=out)
