#!/usr/bin/env bats
# The sample platform in layers: infrastructure by hand, then platform, policies
# and applications.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=${LAYERS_SERVER:-sim}
	mkdir -p "$P"
	kube_server "$KUBE" start "$P/kube"
	"$top/tests/sim/s3" start "$P/s3" --bucket terraform-state-bucket --bucket restored
	env_of_s3
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	mkdir "$P/file"
	cd "$P/file" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	config "$(layers)"
	agent backup
}

teardown_file() {
	kube_server "$KUBE" stop "$P/kube"
	"$top/tests/sim/s3" stop "$P/s3"
}

env_of_s3() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
}

# Each test has empty targets of its own.
setup() {
	env_of_s3
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	kube_server "$KUBE" start "$PWD/target"
	for name in helm-charts organization-gitops; do
		git init --quiet --bare --initial-branch=main "$name.git"
	done
	config "$(layers)"
}

teardown() {
	kube_server "$KUBE" stop "$PWD/target"
}

config() { # YAML OF THE LAYERS
	cat >"$BACKSTAY_CONFIG" <<-X
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $P/file/vault}]
	compression: {format: gzip}
	encryption: none
	signing: none
	git:
	  repositories: [{url: $P/git/helm-charts.git}, {url: $P/git/organization-gitops.git}]
	kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig}]}
	terraform:
	  buckets:
	    - {bucket: terraform-state-bucket, endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}
	$1
	restore:
	  targets:
	    repositories: {helm-charts: $PWD/helm-charts.git, organization-gitops: $PWD/organization-gitops.git}
	    clusters: [{from: production, kubeconfig: $PWD/target/kubeconfig}]
	    buckets:
	      - {from: terraform-state-bucket, bucket: restored, to_prefix: "$BATS_TEST_NUMBER/",
	         endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}
	X
}

layers() {
	cat <<-'X'
	layers:
	  - name: infrastructure
	    sync: manual
	    select:
	      states: ["*"]
	      kinds: ["Terraform.*", "*.crossplane.io"]
	  - name: platform
	    depends_on: [infrastructure]
	    select: {repositories: [organization-gitops], namespaces: [infrastructure, monitoring]}
	  - name: policies
	    depends_on: [platform]
	    select: {kinds: ["*.kyverno.io"]}
	  - name: applications
	    depends_on: [platform, policies]
	    select: {repositories: [helm-charts], namespaces: [production, staging]}
	unassigned_layer: first
	X
}

target() { # PATH: its status at the target
	target_api "$1" -o /dev/null -w '%{http_code}'
}

@test "plan groups by layer, each after what it depends on, and its JSON says which" {
	run restore plan latest
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep '^layer ' <<<"$output" | sed 's/[,:].*//')" = "layer unassigned
layer infrastructure
layer platform
layer policies
layer applications" ]
	grep -q '^layer infrastructure, manual: ' <<<"$output"
	grep -q '^layer applications, after platform, policies: ' <<<"$output"
	restore plan latest -o json >plan.json
	[ "$(jq -r '.layers[] | select(.sync == "manual").name' plan.json)" = infrastructure ]
	# Nothing stands on a lower level than what its layer waits for.
	jq -e '[.nodes[] | {layer, level}] | group_by(.layer) |
	    map({key: .[0].layer, value: {min: (map(.level) | min), max: (map(.level) | max)}}) |
	    from_entries | .applications.min > .policies.max and
	    .policies.min > .platform.max and .platform.min > .infrastructure.max and
	    .infrastructure.min > .unassigned.max' plan.json
}

@test "a manual layer ends the run where nobody approves it, and a resumed run goes on" {
	run --separate-stderr restore apply latest --yes
	echo "$output$stderr"
	[ "$status" -eq 6 ]
	grep -q "layer 'infrastructure' waits for approval" <<<"$output"
	[ "$(target apis/apps/v1/namespaces/production/deployments/frontend)" = 404 ]
	[ "$(target apis/storage.k8s.io/v1/storageclasses/fast)" = 200 ] # an unassigned one
	[ -z "$(git -C helm-charts.git for-each-ref)" ]
	run --separate-stderr restore apply latest --yes --resume --approve infrastructure
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q '^layer applications: restored, ' <<<"$output"
	[ "$(target apis/apps/v1/namespaces/production/deployments/frontend)" = 200 ]
	[ -n "$(git -C helm-charts.git for-each-ref)" ]
}

@test "another machine, which has no journal, goes on with what is not there yet" {
	run restore apply latest --yes
	[ "$status" -eq 6 ]
	sed -i 's/state_dir: .*/state_dir: other/' "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes --approve infrastructure
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(target apis/apps/v1/namespaces/production/deployments/frontend)" = 200 ]
	# And where all is there, nobody is asked.
	sed -i 's/state_dir: .*/state_dir: third/' "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

@test "a resumed run goes on on another machine, and releases what the first one left paused" {
	config "$(layers | sed '/name: applications/a\    sync: manual')"
	run restore apply latest --yes --approve infrastructure
	[ "$status" -eq 6 ]
	kustomization=apis/kustomize.toolkit.fluxcd.io/v1beta1/namespaces/infrastructure/kustomizations/platform
	target_api "$kustomization" -f | jq -e .spec.suspend
	sed -i 's/state_dir: .*/state_dir: other/' "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes --resume --approve applications
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q 'is not there; the restore goes on by what the targets hold' <<<"$stderr"
	[ "$(target apis/apps/v1/namespaces/production/deployments/frontend)" = 200 ]
	target_api "$kustomization" -f | jq -e '.spec.suspend == null'
	restore status -o json | jq -e '.state == "restored" and .paused == 0'
}

@test "what was never begun is not resumed" {
	run --separate-stderr restore apply latest --yes --resume --approve infrastructure
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -q 'there is no journal of a restore' <<<"$stderr"
	[ "$(target api/v1/namespaces/kube-system/configmaps/backstay-restored)" = 404 ]
}

@test "an approval of no layer, of one that needs none, or of one behind another is refused" {
	run --separate-stderr restore apply latest --yes --approve nowhere
	[ "$status" -eq 2 ]
	grep -q 'there is no layer of that name' <<<"$stderr"
	run --separate-stderr restore apply latest --yes --approve platform
	[ "$status" -eq 2 ]
	grep -q 'this layer needs no approval' <<<"$stderr"
	config "$(layers | sed '/name: applications/a\    sync: manual')"
	run --separate-stderr restore apply latest --yes --approve applications
	[ "$status" -eq 2 ]
	grep -q "it comes after layer 'infrastructure', which is not approved" <<<"$stderr"
	[ "$(target api/v1/namespaces/production)" = 404 ]
	[ "$(target api/v1/namespaces/kube-system/configmaps/backstay-restored)" = 404 ]
	[ -z "$(find state -name '*.journal')" ]
	# Nor is the journal of an earlier run touched.
	config "$(layers)"
	run restore apply latest --yes
	[ "$status" -eq 6 ]
	cp state/journal/*.journal before
	run restore apply latest --yes --approve nowhere
	[ "$status" -eq 2 ]
	cmp before state/journal/*.journal
}

@test "a layer that fails in the middle holds what depends on it, by name, and nothing else" {
	# What does not depend on the platform is restored without it.
	config "$(layers | sed '/name: applications/i\  - {name: beside, depends_on: [infrastructure], select: {namespaces: [staging]}}')"
	# The repository of the platform cannot be written.
	rm -rf organization-gitops.git
	echo file >organization-gitops.git
	run --separate-stderr restore apply latest --yes --approve infrastructure
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'layer policies waits for layer platform, of which repository organization-gitops was not restored' \
	    <<<"$output"
	grep -q '^layer infrastructure: restored, ' <<<"$output"
	grep -q '^layer applications: held, ' <<<"$output"
	[ "$(target apis/apps/v1/namespaces/production/deployments/frontend)" = 404 ]
	grep -q '^layer beside: restored, ' <<<"$output"
	[ "$(target apis/apps/v1/namespaces/staging/deployments/frontend)" = 200 ]
}

@test "the layers of the snapshot are taken where the configuration has none" {
	config ''
	run restore plan latest
	[ "$status" -eq 0 ]
	grep -q '^layer infrastructure, manual: ' <<<"$output"
	run restore apply latest --yes
	[ "$status" -eq 6 ]
}

@test "one layer alone, with the definitions that it needs" {
	run --separate-stderr restore plan latest --only layer:policies -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -r '[.nodes[].kind] | unique | join(" ")' <<<"$output")" = \
	    'ClusterPolicy CustomResourceDefinition' ]
	run --separate-stderr restore plan latest --only layer:nothing
	[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
	grep -q 'there is no such layer: there are infrastructure, platform, policies, applications, unassigned' \
	    <<<"$stderr"
}

@test "check names what the layers select by mistake: nothing, or what another one has" {
	row() { # STATE TEXT
		grep -q "^$1 *layers *.*$2" <<<"$output"
	}
	config "$(layers | sed 's/staging\]/stagin]/; s|states: .*|states: ["terraform-state/*"]|
	    s/"Terraform\.\*"/"Terrafom.*"/; s/\[helm-charts\]/[helm-chart, organization-*]/')"
	run --separate-stderr agent check
	echo "$output"
	[ "$status" -eq 0 ]
	row ok '4: infrastructure (manual), platform, policies, applications$'
	row warning "'Terrafom.\*' of kinds in 'infrastructure' selects nothing of the sources"
	row warning "'stagin' of namespaces in 'applications' selects nothing of the sources"
	row warning "'helm-chart' of repositories in 'applications' selects nothing of the sources"
	row warning "'terraform-state/\*' of states in 'infrastructure' is for no bucket"
	row warning "repository organization-gitops is selected by 'platform' and by 'applications'"
	row ok 'repository helm-charts is in no layer'
	[ "$(grep -c '^warning' <<<"$output")" -eq 5 ]
	run --separate-stderr restore check
	echo "$output"
	row ok 'as configured: infrastructure [1-9]'
	row warning "'Terrafom.\*' of kinds in 'infrastructure' selects nothing of the snapshot"
	row warning "'stagin' of namespaces in 'applications' selects nothing of the snapshot"
	row warning "'helm-chart' of repositories in 'applications' selects nothing of the snapshot"
	row warning "'terraform-state/\*' of states in 'infrastructure' selects nothing of the snapshot"
	row warning "repository organization-gitops is selected by 'platform' and by 'applications'"
	row ok '.* are in no layer, and so in .unassigned., which is restored first'
	[ "$(grep -c '^warning' <<<"$output")" -eq 5 ]
	restore check -o json | jq -e '[.checks[] | select(.warning)] | length == 5 and all(.[]; .ok and .what == "layers")'
	run --separate-stderr restore plan latest
	echo "$output"
	for pattern in 'Terrafom.\*' stagin helm-chart 'terraform-state/\*'; do
		grep -q "^warning: layers: '$pattern' of .* selects nothing of the snapshot" <<<"$output"
	done
	# Of a part of it, nothing is concluded.
	run --separate-stderr restore plan latest --only git
	run ! grep -q 'selects nothing' <<<"$output"
}

@test "check counts apart what labels decide, which plan knows" {
	config "$(layers | sed 's/staging\]/staging], labels: ["app=frontend", "app=none"]/')"
	run --separate-stderr restore check
	echo "$output"
	grep -q '^ok *layers .*; labels decide on [1-9][0-9]* more, which .plan. shows$' <<<"$output"
	run ! grep -q "'app" <<<"$output"
	run --separate-stderr restore plan latest
	echo "$output"
	grep -q "^warning: layers: 'app=none' of labels in 'applications' selects nothing" <<<"$output"
	run --separate-stderr restore check --plan
	echo "$output"
	grep -q "^warning *plan *layers: 'app=none' of labels in 'applications' selects nothing" <<<"$output"
	run ! grep -q "'app=frontend'" <<<"$output"
}

@test "check with --plan and plan name what needs something of a later layer" {
	config 'layers: [{name: workloads, select: {kinds: [Deployment.apps]}}, {name: settings,
 depends_on: [workloads], select: {kinds: [ConfigMap, Secret]}}]'
	run --separate-stderr restore plan latest
	echo "$output"
	against=$(sed -n 's/^warning: \(layers: Deployment.apps .* (layer workloads) n.* (layer settings) .*\)/\1/p' <<<"$output" | head -1)
	[ -n "$against" ]
	run --separate-stderr restore check --plan
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q '^ok *plan *[1-9][0-9]* steps, [1-9][0-9]* warnings*$' <<<"$output"
	grep '^warning *plan ' <<<"$output" | grep -qF "$against"
	[ ! -e "$PWD/state/journal" ]
}

@test "check without layers says nothing of them, and those of the snapshot are taken" {
	config ''
	run --separate-stderr agent check
	[ "$status" -eq 0 ]
	run ! grep -q layers <<<"$output"
	run --separate-stderr restore check
	echo "$output"
	grep -q '^ok *layers *as the snapshot has them: infrastructure ' <<<"$output"
}

@test "layers that cannot be are refused before anything is done" {
	refused() { # PATTERN
		for command in "agent backup" "agent check" "restore check" "restore plan latest" \
		    "restore apply latest --yes" "restore heal"; do
			# shellcheck disable=SC2086 # a command and its arguments
			run --separate-stderr $command
			echo "$stderr"
			[ "$status" -eq 2 ]
			grep -q "$1" <<<"$stderr"
			[ "$(wc -l <<<"$stderr")" -eq 1 ]
			[ -z "$output" ]
		done
		[ ! -e state ]
		[ "$(target api/v1/namespaces/kube-system/configmaps/backstay-restored)" = 404 ]
	}
	config "$(layers | sed 's/name: infrastructure/&\n    depends_on: [applications]/')"
	refused "'infrastructure' and 'platform' depend on each other"
	config "$(layers | sed 's/depends_on: \[platform\]/depends_on: [nowhere]/')"
	refused "'policies' depends on 'nowhere'"
	config "$(layers | sed 's/depends_on: \[platform\]/depends_on: [policies]/')"
	refused "'policies' depends on itself"
	config "$(layers | sed 's/name: policies/name: "no label!"/')"
	refused "is not a name for a layer"
	config "$(layers | sed 's/select: {kinds.*/select: {}/')"
	refused "selects nothing"
}

@test "status shows the layers by the journal: who waits, and what is restored" {
	run --separate-stderr restore status
	[ "$status" -eq 3 ]
	grep -q 'no restore has begun here' <<<"$stderr"
	run restore apply latest --yes
	[ "$status" -eq 6 ]
	run restore status
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q '^restore of t-.*: waiting for approval, ' <<<"$output"
	grep -q '^layer infrastructure: waiting for approval, 0 of [1-9][0-9]*, since 20' <<<"$output"
	grep -q '^layer unassigned: restored, .*, from 20.* to 20' <<<"$output"
	grep -q '^layer applications: pending, [0-9]* of [1-9]' <<<"$output"
	run restore apply latest --yes --resume --approve infrastructure
	[ "$status" -eq 0 ]
	restore status latest -o json >status.json
	jq -e '.state == "restored" and (.at_work | not) and .restored == .nodes and .failed == 0 and
	    .paused == 0 and ([.layers[].state] | unique) == ["restored"] and
	    (.layers | length) == 5 and (.layers | map(.nodes) | add) == .nodes' status.json
	run --separate-stderr restore status other
	[ "$status" -eq 3 ]
}

@test "status may be asked while another process applies, and a second apply is refused" {
	# It asks on its terminal about the manual layer, and waits for an answer.
	mkfifo answers
	script -qfec "$BACKSTAY_BUILD/backstay-restore apply latest --yes" out \
	    <answers >/dev/null 2>&1 3>&- &
	pid=$!
	exec 9>answers
	until grep -q 'Layer infrastructure is manual' out 2>/dev/null; do
		kill -0 "$pid"
		sleep 0.1
	done
	run restore status
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q '^restore of t-.*: waiting for approval, .*; a run is at work$' <<<"$output"
	grep -q '^layer infrastructure: waiting for approval, 0 of ' <<<"$output"
	run --separate-stderr restore apply latest --yes --approve infrastructure
	echo "$stderr"
	[ "$status" -eq 4 ]
	grep -q 'a restore is at work there: apply on ' <<<"$stderr"
	echo yes >&9
	exec 9>&-
	wait "$pid"
	run restore status
	echo "$output"
	grep -q '^restore of t-.*: restored, .* of [1-9][0-9]*$' <<<"$output"
}
