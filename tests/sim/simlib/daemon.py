"""start and stop of a simulated server, with the interface all test servers
share: `start DIR [options]` returns once it answers and has written DIR/env,
DIR/pids; `stop DIR` ends exactly the processes DIR/pids names."""

import os
import signal
import subprocess
import sys
import time


def write_file(path, text, mode=0o600):
    tmp = path + ".tmp"
    fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)
    os.rename(tmp, path)


def start(directory, argv, timeout_s=120):
    """Runs argv in the background until it has written DIR/env."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    env = os.path.join(directory, "env")
    if os.path.exists(env):
        os.unlink(env)
    log = open(os.path.join(directory, "log"), "ab")
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                         stderr=log, start_new_session=True, close_fds=True)
    write_file(os.path.join(directory, "pids"), "%d\n" % p.pid)
    end = time.time() + timeout_s
    while time.time() < end:
        if os.path.exists(env):
            return 0
        if p.poll() is not None:
            break
        time.sleep(0.02)
    with open(os.path.join(directory, "log"), errors="replace") as f:
        sys.stderr.write(f.read()[-4000:])
    sys.stderr.write("the simulated server in %s did not start\n" % directory)
    if p.poll() is None:
        p.kill()
    return 1


def ended(pid):
    """True where it is gone, or only waits for its parent to notice."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def stop(directory):
    try:
        with open(os.path.join(directory, "pids")) as f:
            pids = [int(x) for x in f.read().split()]
    except FileNotFoundError:
        return 0
    for pid in pids:
        for sig in signal.SIGTERM, signal.SIGKILL:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                break
            end = time.time() + 5
            while not ended(pid) and time.time() < end:
                time.sleep(0.02)
            if ended(pid):
                break
    os.unlink(os.path.join(directory, "pids"))
    return 0


def make_tls(directory):
    """A CA, a certificate for 127.0.0.1 and localhost, and a client
    certificate of system:masters, made with the openssl command."""
    def run(*args):
        subprocess.run(["openssl"] + list(args), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       cwd=directory)

    def leaf(name, subject, ext):
        write_file(os.path.join(directory, name + ".ext"), ext)
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
            "-subj", subject)
        run("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "3650", "-out",
            name + ".crt", "-extfile", name + ".ext")

    for ca in ("ca", "ca-wrong"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", ca + ".key",
            "-out", ca + ".crt", "-days", "3650", "-subj", "/CN=sim-" + ca)
    leaf("server", "/CN=sim",
         "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.localhost\n"
         "extendedKeyUsage=serverAuth\n")
    leaf("client", "/O=system:masters/CN=sim-admin",
         "extendedKeyUsage=clientAuth\n")
