#!/usr/bin/env bats
# The runbook for the worst day, run as it is written: a cluster is emptied, and
# only the vault and the keys are left.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p W=$BATS_FILE_TMPDIR/w KUBE=sim
	mkdir -p "$P" "$W/etc"
	kube_server sim start "$P/kube"
	platform_keys
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	cat >"$P/backstay.yaml" <<-E
	name: production
	state_dir: $P/state
	vaults: [{name: local, directory: $W/vault}]
	$(keys_config)
	kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig, namespaces: [production, staging]}]}
	E
	agent backup --config "$P/backstay.yaml"
	cp "$P/keys/identity.txt" "$P/keys/signing.pub" "$P/kube/kubeconfig" "$W/etc/"
	# The disaster: the agent's machine with it.
	rm -r "$P/state" "$P/keys" "$P/backstay.yaml"
	url=$(sed -n 's/^ *server: //p' "$P/kube/kubeconfig")
	for n in production staging; do curl -fsS -o /dev/null -X DELETE "$url/api/v1/namespaces/$n"; done
}

teardown_file() { kube_server sim stop "$P/kube"; }

setup() {
	export BACKSTAY_CONFIG=$W/etc/backstay.yaml KUBECONFIG=$P/kube/kubeconfig
	export PATH=$BACKSTAY_BUILD:$PATH XDG_STATE_HOME=$W/state
	cd "$BATS_TEST_TMPDIR" || return
}

block() { # LANGUAGE N: the Nth of the page
	awk -v fence="\`\`\`$1" -v n="$2" '/^```$/ { on = 0 } on { print; found = 1 }
	    $0 == fence && ++count == n { on = 1 } END { exit !found }' "$top/docs/runbook.md" |
	    sed -e "s#/var/backups/backstay#$W/vault#g; s#/etc/backstay#$W/etc#g; s#/tmp/restored#$W/restored#g"
}

run_block() {
	block sh "$1" >block.sh
	run --separate-stderr bash -euo pipefail block.sh
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

@test "each block of the runbook is run here" {
	[ "$(grep -c '^```sh$' "$top/docs/runbook.md")" -eq 4 ]
	[ "$(grep -c '^```yaml$' "$top/docs/runbook.md")" -eq 1 ]
	block yaml 1 >"$BACKSTAY_CONFIG"
	echo "state_dir: $W/state" >>"$BACKSTAY_CONFIG"
}

@test "look before you write" {
	run_block 1
	grep -q ' complete ' <<<"$output"
	grep -q ': good: signature, digest' <<<"$output"
	# What it has, by namespace and by kind: as many as there are.
	of() { grep -oE "^    by $1: .*" <<<"$output" | grep -oE ' [0-9]+' | awk "{ n += \$1 } END { print n }"; }
	objects=$(grep -oE ', objects [0-9]+' <<<"$output" | tr -dc 0-9)
	[ "$(of kind)" -eq "$objects" ]
	[ "$(of namespace)" -le "$objects" ]
	grep -qE '^    by kind: .*Deployment [0-9]+' <<<"$output"
	grep -qE '^    by namespace: production [0-9]+, staging [0-9]+$' <<<"$output"
}

@test "everything answers" {
	run_block 2
	grep -qE "^ok +snapshot 'latest'" <<<"$output"
	grep -qE "^ok +target of cluster 'production'" <<<"$output"
}

@test "restore" {
	url=$(sed -n 's/^ *server: //p' "$KUBECONFIG")
	until curl -fsS "$url/api/v1/namespaces" | jq -e 'all(.items[]; .metadata.name != "production" and .metadata.name != "staging")'; do sleep 0.1; done
	run_block 3
	curl -fsS "$url/api/v1/namespaces" | jq -e '[.items[].metadata.name] | index("production") and index("staging")'
	curl -fsS "$url/api/v1/namespaces/production/configmaps" | jq -e '.items | length > 0'
}

@test "without Backstay" {
	run_block 4
	grep -q 'Signature and comment signature verified' <<<"$output"
	[ -d "$W/restored/kubernetes/production/namespaces/production" ]
}

@test "SECURITY, CHANGELOG and the runbook are named by the README" {
	for f in SECURITY.md CHANGELOG.md docs/runbook.md; do grep -qF "($f)" "$top/README.md"; done
}
