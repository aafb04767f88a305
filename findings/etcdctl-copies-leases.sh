#!/bin/bash
# etcd 3.4.23 (Debian 12, etcd-server and etcd-client 3.4.23-4+b4), below the
# Kubernetes API: neither of etcdctl's two ways to copy a store copies how long a
# key still lives. `make-mirror` drops the lease, so that what was to end (events,
# locks) stays for ever in the copy; it also leaves there what was deleted while
# no mirror ran. `snapshot restore` keeps the lease and starts its time again.
#
# Seen, of a key with a lease of 5000 seconds, of which some have passed:
#	lease of the key in the mirror: none
#	keys of the mirror, after /gone was deleted and it ran again: /gone /leased
#	time left at the source: less than 5000
#	time left in the restored snapshot: 5000
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4
export ETCDCTL_API=3
cd "$W"
server() { # DIR: sets $endpoint
	local peer
	peer=http://127.0.0.1:$(free_port)
	endpoint=127.0.0.1:$(free_port)
	background etcd --data-dir "$1" --initial-cluster "default=$peer" \
		--initial-advertise-peer-urls "$peer" --listen-peer-urls "$peer" \
		--advertise-client-urls "http://$endpoint" --listen-client-urls "http://$endpoint"
	until_true etcdctl --endpoints "$endpoint" endpoint health
}
server source && source=$endpoint
server copy && copy=$endpoint
at() { etcdctl --endpoints "$@"; }
keys() { at "$1" get --prefix / --keys-only | sed '/^$/d' | paste -sd ' '; }
there() { [ -n "$(at "$copy" get "/end$1")" ]; }
mirror() { # until it has the newest key
	at "$source" put "/end$1" x >>"$W/log"
	background etcdctl --endpoints "$source" make-mirror "$copy"
	until_true there "$1"
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}" || true
	unset 'PIDS[-1]'
	at "$copy" del "/end$1" >>"$W/log"
	at "$source" del "/end$1" >>"$W/log"
}
etcd --version | head -n 1

lease=$(at "$source" lease grant 5000 | cut -d ' ' -f 2)
at "$source" put /leased x --lease="$lease" >>log
at "$source" put /gone x >>log
mirror 1
expect 'lease of the key in the mirror' \
	"$(at "$copy" get /leased -w json | grep -o '"lease":[0-9]*' || echo none)" none
at "$source" del /gone >>log
mirror 2
expect 'keys of the mirror, after /gone was deleted and it ran again' \
	"$(keys "$copy")" '/gone /leased'

left() { at "$1" lease timetolive "$lease" | grep -o 'remaining([0-9]*' | cut -d '(' -f 2; }
less() { (($(left "$source") < 4998)); }
until_true less
expect 'time left at the source' "$(less && echo less than 5000)" 'less than 5000'
at "$source" snapshot save saved.db >>log 2>&1
etcdctl snapshot restore saved.db --data-dir restored >>log 2>&1
server restored
expect 'time left in the restored snapshot' "$(left "$endpoint")" 5000
