#!/usr/bin/env bats
# Of two restores into one cluster the second is refused by the name of the
# first, until that has ended or died. This file runs against the simulated API
# server; the same file under the name kube_lock_real.bats against the real one.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

lease=/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/backstay-restore

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	# Nothing runs pods here, so what waits for the Deployment waits.
	cluster_config lock 'gates: always' 'gate_timeout: 5m' 'edges:' \
	    '  - {from: ConfigMap.core, pointer: /data/after, form: name,
	        to: Deployment.apps, strength: required, ready: true}' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"metadata": {"name": "lock"}}'
	call POST /apis/apps/v1/namespaces/lock/deployments '{"metadata": {"name": "slow"}, "spec": {"replicas": 1,
	    "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
	    "spec": {"containers": [{"name": "c", "image": "example.com/c"}]}}}}'
	call POST /api/v1/namespaces/lock/configmaps '{"metadata": {"name": "late"}, "data": {"after": "slow"}}'
	agent backup
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	call DELETE /api/v1/namespaces/lock >/dev/null 2>&1 || true
	call DELETE $lease >/dev/null 2>&1 || true
	for _ in {1..600}; do call GET /api/v1/namespaces/lock >/dev/null 2>&1 || break; sleep 0.1; done
}

teardown() {
	[ -z "${first-}" ] || kill -KILL "$first" 2>/dev/null || true
}

# A restore that holds the lock, and waits.
first() {
	"$BACKSTAY_BUILD/backstay-restore" apply latest --yes --same-cluster >"$P/first" 2>&1 3>&- &
	first=$!
	for _ in {1..600}; do call GET $lease >/dev/null 2>&1 && break; sleep 0.1; done
	call GET $lease | jq -e '.spec.holderIdentity | test("^apply on .*, pid '$first'$")'
}

# From another machine: it has a state directory of its own.
second() { # OPTION...
	sed "s|state_dir: .*|state_dir: $P/elsewhere|" "$BACKSTAY_CONFIG" >"$P/elsewhere.yaml"
	rm -rf "$P/elsewhere"
	BACKSTAY_CONFIG=$P/elsewhere.yaml apply "$@"
}

ended() { # STATUS
	local status=0
	wait "$first" || status=$?
	first=
	cat "$P/first"
	[ "$status" -eq "$1" ]
}

nobody() { ! call GET $lease >/dev/null 2>&1; }

@test "the second is refused by name, and its lock can be shown and removed" {
	first
	second
	[ "$status" -eq 4 ]
	grep -q "cluster 'c': a restore is at work there: apply on .*, pid $first, since .*backstay-restore unlock" <<<"$stderr"
	[ ! -s "$P/elsewhere/journal" ] || [ -z "$(ls "$P/elsewhere/journal")" ]
	run --separate-stderr restore unlock latest
	[ "$status" -eq 4 ]
	[[ $output == "cluster 'c': held by apply on "*", pid $first since "* ]]
	run --separate-stderr restore unlock latest --yes -o json
	[ "$status" -eq 0 ]
	jq -e '.clusters == [{"cluster": "c", "holder": .clusters[0].holder, "since": .clusters[0].since,
	    "renewed": .clusters[0].renewed, "dead": false, "removed": true}]' <<<"$output"
	nobody
	# The first learns of it, and stops.
	for _ in {1..1800}; do kill -0 "$first" 2>/dev/null || break; sleep 0.1; done
	run ! kill -0 "$first"
	wait "$first" || true
	first=
	grep -q 'another restore has taken it over, or somebody has removed it; this one stops' "$P/first"
	run restore unlock latest
	[ "$output" = "cluster 'c': no lock" ]
}

@test "one whose process has died on this machine is taken over at once" {
	first
	kill -KILL "$first"
	wait "$first" || true
	first=
	call GET $lease >/dev/null
	sed -i 's/gate_timeout: 5m/gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	second
	sed -i 's/gate_timeout: 1s/gate_timeout: 5m/' "$BACKSTAY_CONFIG"
	[ "$status" -eq 1 ]
	grep -q 'the lock of a restore that is dead is taken over: apply on' <<<"$stderr"
	nobody
}

@test "one that was not renewed for its duration is taken over, and no other is" {
	sed -i 's/gate_timeout: 5m/gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	held() { # RENEWED
		call POST "${lease%/*}" '{"metadata": {"name": "backstay-restore"}, "spec": {"holderIdentity": "heal on host7, pid 12",
		    "leaseDurationSeconds": 60, "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "'"$1"'.000000Z"}}'
	}
	held "$(date -u -d "+1 hour" +%Y-%m-%dT%H:%M:%S)"
	second
	[ "$status" -eq 4 ]
	grep -q "heal on host7, pid 12, since 2026-01-01T00:00:00Z" <<<"$stderr"
	call DELETE $lease
	held "$(date -u -d '-90 seconds' +%Y-%m-%dT%H:%M:%S)"
	second
	sed -i 's/gate_timeout: 1s/gate_timeout: 5m/' "$BACKSTAY_CONFIG"
	[ "$status" -eq 1 ]
	grep -q 'taken over: heal on host7, pid 12' <<<"$stderr"
	nobody
}

@test "a Lease that is no lock is refused, until it is deleted" {
	call POST "${lease%/*}" '{"metadata": {"name": "backstay-restore"}, "spec": {"leaseDurationSeconds": 999999999}}'
	second
	[ "$status" -ne 0 ]
	grep -q 'this is not the lock of a restore or of a drill; if neither is at work, delete it' <<<"$stderr"
	call DELETE $lease
}

@test "the lock comes before the plan, and a release takes it, too" {
	first
	# What no plan has is found out once there is one.
	second --only kubernetes:nowhere
	[ "$status" -eq 4 ]
	grep -q "a restore is at work there: apply on .*, pid $first" <<<"$stderr"
	BACKSTAY_CONFIG=$P/elsewhere.yaml run --separate-stderr restore release latest
	echo "$stderr"
	[ "$status" -eq 4 ]
	grep -q "^.*release: cluster 'c': a restore is at work there: apply on .*, pid $first" <<<"$stderr"
	kill -KILL "$first"
	wait "$first" || true
	first=
	# Of one that has died, a release takes it over, and gives it back.
	run --separate-stderr restore release latest
	echo "$stderr"
	grep -q 'the lock of a restore that is dead is taken over: apply on' <<<"$stderr"
	nobody
	second --only kubernetes:nowhere
	[ "$status" -eq 3 ]
	grep -q 'kubernetes:nowhere: there is no such thing' <<<"$stderr"
	nobody
}

@test "no lock is written to the cluster that the snapshot was taken from" {
	call POST "${lease%/*}" '{"metadata": {"name": "backstay-restore"}, "spec": {"holderIdentity": "heal on host7, pid 12",
	    "leaseDurationSeconds": 60, "acquireTime": "2026-01-01T00:00:00.000000Z",
	    "renewTime": "'"$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%S)"'.000000Z"}}'
	run --separate-stderr restore apply latest --yes
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q -- --same-cluster <<<"$stderr"
	call GET $lease | jq -e '.spec.holderIdentity == "heal on host7, pid 12"'
}
