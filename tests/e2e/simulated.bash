# shellcheck shell=bash
# The sample platform on simulated servers, one repository of it in a folder:
# for tests of what is done with a snapshot of it. Sourced after lib; all of it
# is below $P.
# shellcheck disable=SC2154 # lib sets $top

simulated_start() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	simulated_fill
}

# The platform in a cluster that is there, and what else it lies in.
simulated_fill() {
	"$top/tests/sim/s3" start "$P/s3" --bucket terraform-state-bucket
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
}

simulated_stop() {
	kube_server sim stop "$P/kube"
	"$top/tests/sim/s3" stop "$P/s3"
}

# Neither encrypted nor signed, so that a test can read and change a snapshot.
simulated_config() { # [NAMESPACES]
	cat <<-X
	name: t
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	encryption: none
	signing: none
	git: {repositories: [{url: $P/git/helm-charts.git}]}
	kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig${1:+, namespaces: [$1]}}]}
	terraform: {buckets: [{bucket: terraform-state-bucket, endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}]}
	X
}

# A copy of the vault for each test, which may change the snapshot.
simulated_copy() {
	cd "$BATS_TEST_TMPDIR" || return
	cp -r "$P/vault" vault
	sed "s|$P/vault|$PWD/vault|; s|state_dir: .*|state_dir: $PWD/state|" "$P/backstay.yaml" >backstay.yaml
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
}
