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
