"""Addresses and networks as 1.36 takes them in new objects."""

import ipaddress

CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def _zeros(address):
    return "." in address and any(
        len(p) > 1 and p[0] == "0" for p in address.split(":")[-1].split("."))


def _network(text):
    """Why it is refused, or None."""
    address, slash, length = text.partition("/")
    plain = ".".join(p.lstrip("0") or "0" for p in address.split(".")) \
        if ":" not in address else address
    try:
        net = ipaddress.ip_interface("%s/%s" % (plain, length))
    except ValueError:
        return CIDR
    if not slash:
        return CIDR
    if net.version == 6 and net.ip.ipv4_mapped:
        return "must not have an IPv4-mapped IPv6 address"
    if _zeros(address) or (len(length) > 1 and length[0] == "0"):
        return "must not have leading 0s in IP or prefix length"
    if net.ip != net.network.network_address:
        return "must not have bits set beyond the prefix length"
    return None


def _blocks(spec):
    for way, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(spec.get(way) or []):
            for j, peer in enumerate(rule.get(peers) or []):
                block = peer.get("ipBlock")
                if not block:
                    continue
                at = "spec.%s[%d].%s[%d].ipBlock." % (way, i, peers, j)
                yield at + "cidr", block.get("cidr", "")
                for k, net in enumerate(block.get("except") or []):
                    yield "%sexcept[%d]" % (at, k), net


def causes(kind, o):
    spec = o.get("spec") or {}
    networks, addresses = [], []
    if kind == "NetworkPolicy":
        networks = list(_blocks(spec))
    elif kind == "Service":
        networks = [("spec.LoadBalancerSourceRanges[%d]" % i, n) for i, n in
                    enumerate(spec.get("loadBalancerSourceRanges") or [])]
        addresses = [("spec.clusterIPs[0]", ip) for ip in
                     (spec.get("clusterIPs") or [spec.get("clusterIP")])[:1]]
        addresses += [("spec.externalIPs[%d]" % i, ip) for i, ip in
                      enumerate(spec.get("externalIPs") or [])]
    elif kind == "Endpoints":
        addresses = [("subsets[%d].addresses[%d].ip" % (i, j), a["ip"])
                     for i, s in enumerate(o.get("subsets") or [])
                     for j, a in enumerate(s.get("addresses") or [])]
    out = [(at, 'Invalid value: "%s": %s' % (n, why)) for at, n in networks
           for why in [_network(n.strip())] if why]
    return out + [(at, 'Invalid value: "%s": must not have leading 0s' % ip)
                  for at, ip in addresses if ip and _zeros(ip)]
