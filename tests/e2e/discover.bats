#!/usr/bin/env bats
# discover: what a cluster and the mirrored repositories depend on, held against
# the configuration. This file runs against the simulated API server; under the
# name discover_real.bats against the real one.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube" --tls
	platform_keys
	environment
	"$top/tests/data/platform/load" kube "$KUBE_CONFIG" >/dev/null
	tofu
	infra
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	environment
	rm -rf "$P/vault" "$P/state"
}

environment() {
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
}

call() { # METHOD PATH [JSON]
	kube_call "$KUBE_CONFIG" "$@"
}

# The Tofu Controller's kind, and one of it with a backend of its own.
tofu() {
	local group=infra.contrib.fluxcd.io
	local path=/apis/$group/v1alpha2/namespaces/infrastructure/terraforms
	call POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions '{
	    "apiVersion": "apiextensions.k8s.io/v1",
	    "kind": "CustomResourceDefinition",
	    "metadata": {"name": "terraforms.'$group'"},
	    "spec": {"group": "'$group'", "scope": "Namespaced",
	        "names": {"plural": "terraforms", "singular": "terraform",
	            "kind": "Terraform", "listKind": "TerraformList"},
	        "versions": [{"name": "v1alpha2", "served": true,
	            "storage": true, "schema": {"openAPIV3Schema": {
	                "type": "object",
	                "x-kubernetes-preserve-unknown-fields": true}}}]}}' >/dev/null
	await is_served "$path"
	call POST "$path" '{
	    "apiVersion": "'$group'/v1alpha2", "kind": "Terraform",
	    "metadata": {"name": "network"},
	    "spec": {"path": "./", "sourceRef": {"kind": "GitRepository",
	            "name": "organization-gitops"},
	        "backendConfig": {"customConfiguration":
	            "backend \"s3\" {\n  bucket = \"tofu-states\"\n  key = \"network.tfstate\"\n  region = \"eu-central-1\"\n  dynamodb_table = \"locks\"\n}"}}}' >/dev/null
}

is_served() { call GET "$1" >/dev/null 2>&1; }

# A repository with Terraform and Terragrunt in it; its branch is not main.
infra() {
	local work=$P/work
	git init -q -b trunk "$work"
	mkdir -p "$work/network" "$work/live/prod" "$work/dns"
	cat >"$work/network/backend.tf" <<-'E'
	terraform {
	  # The states of the network.
	  backend "s3" {
	    bucket = "network-states"
	    key    = "network/terraform.tfstate"
	    region = "us-west-2"
	  }
	}
	E
	cat >"$work/live/prod/terragrunt.hcl" <<-'E'
	remote_state {
	  backend = "s3"
	  config = {
	    bucket = "grunt-states"
	    key    = "${path_relative_to_include()}/terraform.tfstate"
	    region = "us-west-2"
	  }
	}
	E
	echo 'terraform { backend "s3" {} }' >"$work/dns/main.tf"
	git -C "$work" add .
	git -C "$work" -c user.name=t -c user.email=t@example.com commit -qm t
	git clone -q --bare "$work" "$P/infra.git"
}

config() { # KUBECONFIG LINE...
	cat >"$P/backstay.yaml" <<-E
	name: t
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	$(keys_config)
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $1
	      namespaces: [infrastructure]
	E
	[ $# -eq 1 ] || printf '%s\n' "${@:2}" >>"$P/backstay.yaml"
}

discover() { # STATUS [OPTION...]
	run --separate-stderr agent discover "${@:2}"
	echo "$output$stderr"
	[ "$status" -eq "$1" ]
	printf '%s\n' "$output" >"$P/found"
}

@test "what the configuration lacks is printed, and can be pasted as it is" {
	config "$KUBE_CONFIG"
	discover 1
	grep -qF "    # cluster 'production': GitRepository infrastructure/organization-gitops" "$P/found"
	grep -qF "    # cluster 'production': Application infrastructure/helm-charts" "$P/found"
	grep -qF "    # cluster 'production': Secret infrastructure/git-credentials" "$P/found"
	# No value of a Secret but the name of its user.
	run ! grep -qE 'flux-password|Zmx1eC1wYXNzd29yZA|YXJnbw' "$P/found"
	[ -z "$stderr" ]
	cat "$P/found" >>"$P/backstay.yaml"
	agent check --show-config >"$P/shown"
	python3 - "$P/found" <<-'E'
	import sys, yaml
	found = yaml.safe_load(open(sys.argv[1]))
	assert [r["url"] for r in found["git"]["repositories"]] == [
	    "https://github.com/example/helm-charts.git",
	    "https://github.com/example/organization-gitops.git"], found
	by = {c["url"].split("/")[-1]: c for c in found["git"]["credentials"]}
	flux = by["organization-gitops.git"]
	assert flux["username"] == "flux", flux
	assert flux["password_file"] == \
	    "infrastructure-git-credentials-password", flux
	assert found["terraform"]["buckets"] == [{"bucket": "tofu-states",
	    "region": "eu-central-1", "dynamodb_table": "locks"}], found
	E
	# Now only the mirrors are wanting, which the next backup makes.
	discover 1
	grep -q 'names all of them' "$P/found"
	[ "$(grep -c '^# unclear: ' "$P/found")" -eq 2 ]
	[ "$(grep -c 'it has no mirror yet' "$P/found")" -eq 2 ]
}

@test "the command beside a credential writes it to the file that is named" {
	local kubectl=${KUBECTL:-${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl}
	[ -x "$kubectl" ] || skip "no kubectl: scripts/kube-assets builds one"
	config "$KUBE_CONFIG"
	discover 1
	local command
	command=$(sed -n 's/^ *# \(kubectl .*git-credentials .*password.*\)/\1/p' "$P/found")
	[ -n "$command" ]
	(
		cd "$P" || exit 1
		# shellcheck disable=SC2317 # by the command
		kubectl() { "$kubectl" --kubeconfig "$KUBE_CONFIG" "$@"; }
		eval "$command"
	)
	[ "$(<"$P/infrastructure-git-credentials-password")" = flux-password ]
}

@test "backends in the mirrored repositories are found, by file and line" {
	config "$KUBE_CONFIG" \
	    "git: {repositories: [{url: $P/infra.git}]}" \
	    "terraform: {buckets: [{bucket: network-states, prefixes: [other/], region: us-west-2}]}"
	# The bucket does not exist: what of it is missing makes it partial.
	run --separate-stderr agent backup
	[ -d "$P/state/git/infra.git" ] || { echo "$output$stderr"; return 1; }
	discover 1 -o json
	jq -e '.buckets | map({bucket, named_by, configured, outside_prefixes}) == [
	    {bucket: "grunt-states", named_by: ["repository '"'infra'"': live/prod/terragrunt.hcl:1"],
	     configured: false, outside_prefixes: []},
	    {bucket: "network-states", named_by: ["repository '"'infra'"': network/backend.tf:3"],
	     configured: true, outside_prefixes: ["network/terraform.tfstate"]},
	    {bucket: "tofu-states", named_by: ["cluster '"'production'"': Terraform infrastructure/network"],
	     configured: false, outside_prefixes: []}]' "$P/found"
	jq -e '.unclear == ["repository '"'infra'"': dns/main.tf:1: the bucket of its state is not written out: see what it is run with"]' "$P/found"
	discover 1
	grep -qF "# bucket 'network-states' is configured, but none of its prefixes holds network/terraform.tfstate" "$P/found"
}

@test "all is named: exit status 0" {
	config "$KUBE_CONFIG" \
	    "terraform: {buckets: [{bucket: tofu-states, region: eu-central-1}]}"
	discover 1 -o json
	local urls
	urls=$(jq -r '[.repositories[].url | {url: .}] | tojson' "$P/found")
	printf 'git: {repositories: %s}\n' "$urls" >>"$P/backstay.yaml"
	# As the mirrors that backups leave.
	mkdir -p "$P/state/git"
	cp -r "$P/infra.git" "$P/state/git/helm-charts.git"
	cp -r "$P/infra.git" "$P/state/git/organization-gitops.git"
	sed -i 's/tofu-states, region: eu-central-1}/&, {bucket: network-states, region: us-west-2}, {bucket: grunt-states, region: us-west-2}/' "$P/backstay.yaml"
	discover 1
	[ "$(grep -c '^# unclear: .*dns/main.tf:1' "$P/found")" -eq 2 ]
	git -C "$P/work" rm -q dns/main.tf
	git -C "$P/work" -c user.name=t -c user.email=t@example.com commit -qm u
	local mirror
	for mirror in "$P"/state/git/*.git; do
		git -C "$P/work" push -q "$mirror" trunk
	done
	discover 0
	git -C "$P/work" reset -q --hard HEAD^
}

@test "what may not be read is named, and the rest is found" {
	call POST /apis/rbac.authorization.k8s.io/v1/clusterroles '{
	    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
	    "metadata": {"name": "searcher"}, "rules": [{"verbs": ["get", "list"],
	    "apiGroups": ["source.toolkit.fluxcd.io", "argoproj.io"], "resources": ["*"]}]}'
	call POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings '{
	    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
	    "metadata": {"name": "searcher"}, "roleRef": {"kind": "ClusterRole",
	    "apiGroup": "rbac.authorization.k8s.io", "name": "searcher"},
	    "subjects": [{"kind": "ServiceAccount", "name": "searcher", "namespace": "infrastructure"}]}'
	call POST /api/v1/namespaces/infrastructure/serviceaccounts \
	    '{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "searcher"}}'
	call POST /api/v1/namespaces/infrastructure/serviceaccounts/searcher/token \
	    '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
	    "spec": {"expirationSeconds": 3600}}' | jq -j .status.token >"$P/account"
	[ -s "$P/account" ]
	sed "s|token: .*|tokenFile: $P/account|" "$KUBE_CONFIG_TOKEN" >"$P/as"
	chmod 600 "$P/as"
	config "$P/as"
	await may_search
	discover 1
	grep -q "^# unclear: cluster 'production': secrets were not searched: .*403 Forbidden: secrets is forbidden" "$P/found"
	grep -q "^# unclear: cluster 'production': terraforms.infra.contrib.fluxcd.io were not searched: .*403" "$P/found"
	grep -q "^# unclear: cluster 'production': Secret infrastructure/git-credentials, for https://github.com/example/organization-gitops.git, was not read" "$P/found"
	grep -qF -- '- url: "https://github.com/example/helm-charts.git"' "$P/found"
	grep -qF "Secret infrastructure/git-credentials, whose keys could not be read" "$P/found"
}

# The real server learns of a right a little after it was given.
may_search() {
	agent discover -o json >"$P/may" || [ $? -eq 1 ]
	jq -e '[.unclear[] | select(test(": (gitrepositories|applications)[.]"))] == []' "$P/may" >/dev/null
}

@test "a cluster that does not answer, and a configuration without sources" {
	config "$P/none"
	discover 3
	grep -q "discover: cluster 'production': kubeconfig: .*No such file" <<<"$stderr"
	config "$KUBE_CONFIG"
	sed -i '/^kubernetes:/,$d' "$P/backstay.yaml"
	discover 2
	grep -q 'names neither a cluster nor a repository to search' <<<"$stderr"
}
