# shellcheck shell=bash
# What one cluster, full of odd objects, gives to a backup. Sourced after
# cluster; all of it is below $P.
# shellcheck disable=SC2154 # lib sets $top, bats the others

server() {
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	# shellcheck disable=SC2034,SC2153 # for the tests; from there
	SERVER=("$KUBE_URL" ${KUBE_CA:+"$KUBE_CA" "$KUBE_TOKEN_FILE"})
}

# Lines of the cluster's configuration, besides name and kubeconfig.
config() { # KUBECONFIG LINE...
	local kubeconfig=$1
	shift
	cat >"$P/backstay.yaml" <<-E
	name: test
	state_dir: $P/state
	vaults:
	  - name: local
	    directory: $P/vault
	$(keys_config)
	retention:
	  keep_last: 3
	# What is chosen is another in each test.
	shrink: none
	kubernetes:
	  clusters:
	    - name: c
	      kubeconfig: $kubeconfig
	E
	[ $# -eq 0 ] || printf '      %s\n' "$@" >>"$P/backstay.yaml"
	export BACKSTAY_CONFIG=$P/backstay.yaml
}

# A backup with that status; then its files are in $P/x, the manifest in $P/m.
backup() { # STATUS
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq "$1" ] || return 1
	[ "$1" -le 1 ] || return 0
	rm -rf "$P/x"
	restore extract latest --to "$P/x" || return 1
	restore show latest -o json >"$P/m"
	jq '.sources[] | select(.kind == "kubernetes") | .. |
	    .clusters? // empty | .[0]' "$P/m" >"$P/cluster"
	[ -s "$P/cluster" ]
}

kinds() { (cd "$P/x/kubernetes/c" && find . -type f | sort); }
