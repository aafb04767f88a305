# shellcheck shell=bash
# One cluster on the simulated API server, and Backstay set up to keep its
# objects: for tests of vaults, to which what is backed up does not matter.
# Sourced after lib; all of it is below $P.
# shellcheck disable=SC2154 # lib sets $top

small_start() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	export BACKSTAY_CONFIG=$P/backstay.yaml
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	platform_keys
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
}

# For a test of its own, without a cluster: the keys, and Git as it commits to
# the repositories that the test makes.
small_repositories() {
	export P=$BATS_TEST_TMPDIR/p
	export BACKSTAY_CONFIG=$P/backstay.yaml
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
	mkdir -p "$P"
	platform_keys
}

small_stop() {
	"$top/tests/servers/stop-all" "$P" || true
	kube_server sim stop "$P/kube"
}

small_config() { # VAULTS, as lines of a list
	cat <<-E
	name: small
	state_dir: $P/state
	vaults:
	$1
	$(keys_config)
	retention: {keep_last: 2, keep_min: 1}
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/kube/kubeconfig
	      namespaces: [production, staging]
	E
}

small_directory() { echo "  - {name: local, directory: ${1:-$P/vault}}"; }

small_bucket() { # BUCKET
	echo "  - name: bucket"
	echo "    s3: {bucket: $1, prefix: team, endpoint: $S3_ENDPOINT, region: ${AWS_REGION:-us-east-1}, addressing: path}"
}

# Until the next snapshot has another label: they are a second apart, and one in
# the future counts for nothing.
past() { # LABEL
	until [[ $(date -u +%Y%m%dT%H%M%SZ) > ${1##*-} ]]; do sleep 0.1; done
}

labels() { restore list -o json | jq -r '.snapshots[].label'; }

# The rules of the simulated API server: DELETE, or POST with rules as JSON.
kube_faults() {
	curl -sf -X "$1" -d "${2-}" "$(server_of "$P/kube/kubeconfig")/_sim/faults" >/dev/null
}

# The agent at work in the background, as $pid, with an archive begun: the
# cluster makes it wait until kube_faults DELETE, and no longer than a minute.
small_held_backup() { # [ARGUMENT...]
	kube_faults POST '[{"method": "GET", "path": "secrets", "kind": "hold"}]'
	make_vaults
	"$BACKSTAY_BUILD/backstay-agent" backup "$@" >"$P/held-out" 2>"$P/held-err" &
	# shellcheck disable=SC2034 # for the test
	pid=$!
	await small_has_begun || { cat "$P/held-err"; return 1; }
}

small_has_begun() {
	[ -n "$(find "$P/vault" -name '*.tmp-*' ! -name '*lock*' 2>/dev/null)" ]
}
