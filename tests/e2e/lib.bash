# shellcheck shell=bash
# The sample platform on test servers, with Backstay set up for it: for the
# end-to-end tests and for the demo. All of it is below one directory, $P.
#
#   platform_start DIR sim|real    servers up, keys made, backstay.yaml written
#   platform_load                  the three repositories, the cluster's
#                                  objects, the bucket of state
#   platform_dump DIR              what there is now: DIR/git, /kube, /s3
#   platform_wipe                  the disaster
#   platform_make_empty            empty repositories where the old ones were
#   platform_stop
#
# Whatever fails prints why and returns non-zero.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/common.bash
. "$top/tests/support/common.bash"
BACKSTAY_BUILD=${BACKSTAY_BUILD:-$top/build}
bucket=terraform-state-bucket

# With -e, jq 1.6 takes no input at all for true, and a test that lost what it
# looks at would pass.
jq() {
	local word asks="" out rc=0
	for word in "$@"; do
		[[ $word =~ ^-[a-zA-Z]*e[a-zA-Z]*$|^--exit-status$ ]] && asks=1
	done
	if [ -z "$asks" ]; then
		command jq "$@"
		return
	fi
	out=$(command jq "$@") || rc=$?
	[ -z "$out" ] || printf '%s\n' "$out"
	[ "$rc" -ne 0 ] || [ -n "$out" ] || rc=4
	return "$rc"
}

agent() {
	local word
	for word in "$@"; do
		case $word in backup | check) make_vaults "$@" ;; esac
	done
	"$BACKSTAY_BUILD/backstay-agent" "$@"
}

# What an operator does once, before the first backup. Where it is refused, the
# command says so, and better. What a backup does without it is in vault_made.
make_vaults() { # ARGUMENT-OF-THE-COMMAND...
	local i
	for ((i = 1; i <= $#; i++)); do
		[ "${!i}" = --config ] || continue
		((i++))
		local -x BACKSTAY_CONFIG=${!i}
	done
	"$BACKSTAY_BUILD/backstay-agent" vault init >/dev/null 2>&1 || true
}
restore() { "$BACKSTAY_BUILD/backstay-restore" "$@"; }

# The real API server is there once scripts/kube-assets has run.
kube_is_there() { # sim|real
	[ "$1" = sim ] ||
	    [ -x "${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kube-apiserver" ]
}

# As which release the simulated server speaks: under the name ..._next.bats as
# the newest one that was recorded.
kube_release() {
	if [[ ${BATS_TEST_FILENAME-} == *_next.bats ]]; then echo 1.36; else echo "${KUBE_RELEASE:-1.33}"; fi
}

kube_server() { # sim|real start|stop DIR [OPTION-OF-SIM...]
	case $1 in
	sim) "$top/tests/sim/kube" "${@:2:2}" --release "$(kube_release)" "${@:4}" ;;
	real) "$top/tests/servers/kube" "$2" "$3" ;;
	esac
}

# Whether the real server is older than 1.MINOR; the simulated one is what it is
# told to be.
kube_is_before() { # MINOR
	local version
	version=$("${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kube-apiserver" --version)
	version=${version##*v1.}
	((${version%%.*} < $1))
}

# Whom a test may stop for a while, to see what then happens.
kube_server_pid() { # sim|real DIR
	case $1 in
	sim) cut -d' ' -f1 "$2/pids" | head -1 ;;
	real) awk '$3 == "apiserver" { print $1 }' "$2/pids" ;;
	esac
}

platform_start() { # DIR sim|real
	P=$1 KUBE=$2
	mkdir -p "$P"
	local pids=() pid
	"$top/tests/servers/git" start "$P/git" & pids+=($!)
	"$top/tests/servers/s3" start "$P/s3" & pids+=($!)
	kube_server "$KUBE" start "$P/kube" & pids+=($!)
	for pid in "${pids[@]}"; do wait "$pid" || return 1; done
	platform_env
	platform_keys
	platform_config "" >"$P/backstay.yaml"
}

# In every shell that works with a platform that was started elsewhere.
platform_env() {
	set -a
	# shellcheck disable=SC1091 # written by the servers
	. "$P/git/env"
	# shellcheck disable=SC1091
	. "$P/s3/env"
	KUBECONFIG=$P/kube/kubeconfig
	# shellcheck disable=SC2034 # for the programs
	BACKSTAY_CONFIG=$P/backstay.yaml
	set +a
}

platform_keys() {
	restore keygen --to "$P/keys" >"$P/recipient"
}

recipient() { grep -o 'age1[a-z0-9]*' "$P/recipient" | head -1; }

# What a configuration says of them.
keys_config() {
	cat <<-E
	encryption:
	  recipients: [$(recipient)]
	  identity_files: [$P/keys/identity.txt]
	signing:
	  secret_key_file: $P/keys/signing.key
	  public_key_files: [$P/keys/signing.pub]
	  record_key_file: $P/keys/record.key
	E
}

platform_config() { # [NAMESPACE...]
	local namespaces=("$@")
	[ -n "${1-}" ] || namespaces=(production staging infrastructure monitoring)
	cat <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - name: local
	    directory: $P/vault
	$(keys_config)
	retention:
	  keep_last: 3
	git:
	  repositories:
	    - url: $GIT_HTTP/organization-gitops.git
	    - url: $GIT_HTTP/terraform-modules.git
	    - url: $GIT_HTTP/helm-charts.git
	  credentials:
	    - url: $GIT_HTTP/
	      username: $GIT_USER
	      password_file: $GIT_PASSWORD_FILE
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $KUBECONFIG
	      namespaces: [$(IFS=,; echo "${namespaces[*]}")]
	terraform:
	  buckets:
	    - bucket: $bucket
	      region: ${AWS_REGION:-us-east-1}
	      endpoint: $S3_ENDPOINT
	      addressing: path
	restore:
	  derived_secrets: true
	E
}

platform_load() {
	"$top/tests/data/platform/load" git "$GIT_REPOS" &&
	    "$top/tests/data/platform/load" kube "$KUBECONFIG" &&
	    "$top/tests/data/platform/load" s3 "$S3_ENDPOINT"
}

platform_wipe() {
	"$top/tests/data/platform/wipe" git "$GIT_REPOS" &&
	    "$top/tests/data/platform/wipe" kube "$KUBECONFIG" &&
	    "$top/tests/data/platform/wipe" s3 "$S3_ENDPOINT"
}

# Without what a snapshot leaves out on purpose: locks of state, definitions of
# custom resources of which there is none, and the number of a node port, which
# is kept where nothing tells whether somebody chose it.
platform_dump() { # DIR
	mkdir -p "$1" &&
	    "$top/tests/data/platform/dump" git "$GIT_REPOS" >"$1/git" &&
	    "$top/tests/data/platform/dump" kube "$KUBECONFIG" |
	    sed -E -e '/ (applicationsets.argoproj.io|issuers.cert-manager.io) /d' \
		-e '/^ipaddresses.networking.k8s.io /d' \
		-e 's/"nodePort": [0-9]+, //; s/, "nodePort": [0-9]+//' >"$1/kube" &&
	    "$top/tests/data/platform/dump" s3 "$S3_ENDPOINT" |
	    sed '/\.tflock /d' >"$1/s3"
}

# What a restore finds where somebody has made the repositories anew, and empty.
platform_make_empty() {
	local r
	for r in organization-gitops terraform-modules helm-charts; do
		git init -q --bare -b main "$GIT_REPOS/$r.git" || return 1
	done
}

platform_stop() {
	[ -n "${P-}" ] || return 0
	"$top/tests/servers/stop-all" "$P" || true
	[ -d "$P/kube" ] && kube_server "$KUBE" stop "$P/kube" 2>/dev/null
	rm -rf "$P"
}

server_of() { sed -n 's/^ *server: *//p' "$1" | tr -d '"'; } # KUBECONFIG

# One request to a test server, as who the kubeconfig is for, and by a client
# that has no line of ours.
kube_curl() { # KUBECONFIG /PATH [OPTION-OF-CURL...]
	local dir=${1%/*} who=${1##*/kubeconfig-token-} ca as
	[ "$who" != "$1" ] || who='admin'
	as=(-H "Authorization: Bearer $(<"$dir/token-$who")")
	for ca in "$dir/ca.pem" "$dir/ca.crt"; do [ ! -e "$ca" ] || as+=(--cacert "$ca"); done
	curl -sg "${as[@]}" "${@:3}" "$(server_of "$1")$2"
}

# The same; its answer, or the error on standard error. A server that makes the
# storage of a definition anew says 429, and is asked again.
kube_call() { # KUBECONFIG METHOD /PATH [JSON]
	local out status type=application/json o=(-S -X "$2" -H 'Accept: application/json')
	[ "$2" != PATCH ] || type=application/merge-patch+json
	[ $# -lt 4 ] || o+=(-H "Content-Type: $type" --data-binary "$4")
	for _ in {1..60}; do
		out=$(kube_curl "$1" "$3" "${o[@]}" -w '\n%{http_code}') || return
		status=${out##*$'\n'} out=${out%$'\n'*}
		[ "$status" = 429 ] || break
		sleep 0.5
	done
	[ "$status" -lt 400 ] || { echo "$2 $3: $status $out" >&2; return 1; }
	printf '%s\n' "$out"
}

# To the API server below ./target, as its administrator.
target_api() { kube_curl target/kubeconfig "/$1" "${@:2}"; } # PATH [OPTION-OF-CURL...]
