#!/bin/bash
# json-c 0.16 (Debian 12, libjson-c5 0.16-2): each object that is parsed gets a
# table for 16 members, also one that has none, so that two bytes of text become
# 792 of memory; a number takes 72. What Kubernetes calls managedFields consists
# of empty objects, one for each field that somebody has set: as a tree, those of
# an ordinary Deployment take 51 times the memory of their text.
#
# Seen, of 1,000 in an array:
#	{}: 2 bytes of text, 792 of memory
#	a number: 1 bytes of text, 72 of memory
#	managedFields: 541 bytes of text, 27784 of memory
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian libjson-c5=0.16-2

cat >measure.py <<'X'
import ctypes, json, sys


class Mallinfo2(ctypes.Structure):
    _fields_ = [(n, ctypes.c_size_t) for n in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mallinfo2
c = ctypes.CDLL("libjson-c.so.5")
c.json_tokener_parse.restype = ctypes.c_void_p


def fields(*names):
    return {"f:" + name: {} for name in names}


container = {".": {}, **fields("image", "imagePullPolicy", "name", "terminationMessagePath", "terminationMessagePolicy"),
             "f:resources": {".": {}, "f:limits": {".": {}, **fields("cpu", "memory")}, "f:requests": {".": {}, **fields("cpu", "memory")}}}
managed = {"f:metadata": {"f:labels": {".": {}, **fields("app", "team")}},
           "f:spec": {**fields("progressDeadlineSeconds", "replicas", "revisionHistoryLimit"),
                      "f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': container},
                                                **fields("dnsPolicy", "restartPolicy", "schedulerName", "terminationGracePeriodSeconds")}}}}
COUNT = 1000
values = {"empty": {}, "managed": managed, "number": 7}
value = values[sys.argv[1]]
text = json.dumps([value] * COUNT, separators=(",", ":")).encode()
before = libc.mallinfo2()
tree = c.json_tokener_parse(text)
assert tree
after = libc.mallinfo2()
print("%d bytes of text, %d of memory" % (
    len(json.dumps(value, separators=(",", ":"))),
    (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) // COUNT))
X
expect '{}' "$(python3 measure.py empty)" '2 bytes of text, 792 of memory'
expect 'a number' "$(python3 measure.py number)" '1 bytes of text, 72 of memory'
expect managedFields "$(python3 measure.py managed)" '541 bytes of text, 27784 of memory'
