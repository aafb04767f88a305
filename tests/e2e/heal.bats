#!/usr/bin/env bats
# An empty platform that fills itself: the sample platform, healed at boot.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=${HEAL_SERVER:-sim}
	mkdir -p "$P"
	kube_server "$KUBE" start "$P/kube"
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	mkdir "$P/file"
	cd "$P/file" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	config
	agent backup
}

teardown_file() {
	kube_server "$KUBE" stop "$P/kube"
}

# Each test has an empty target of its own.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	kube_server "$KUBE" start "$PWD/target"
	for name in helm-charts organization-gitops; do
		git init --quiet --bare --initial-branch=main "$name.git"
	done
	cp -r "$P/file/vault" vault
	config
}

teardown() {
	kube_server "$KUBE" stop "$PWD/target"
}

config() { # [SYNC [SYNC]]: of the layers
	cat >"$BACKSTAY_CONFIG" <<-X
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	compression: {format: gzip}
	encryption: none
	signing: none
	git:
	  repositories: [{url: $P/git/helm-charts.git}, {url: $P/git/organization-gitops.git}]
	kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig}]}
	layers:
	  - {name: infrastructure, sync: ${1:-automated}, select: {namespaces: [infrastructure, monitoring]}}
	  - name: applications
	    sync: ${2:-automated}
	    depends_on: [infrastructure]
	    select: {repositories: [helm-charts], namespaces: [production, staging]}
	unassigned_layer: first
	restore:
	  targets:
	    repositories: {helm-charts: $PWD/helm-charts.git, organization-gitops: $PWD/organization-gitops.git}
	    clusters: [{from: production, kubeconfig: $PWD/target/kubeconfig}]
	X
}

marker=api/v1/namespaces/kube-system/configmaps/backstay-restored

status_of() { # PATH
	target_api "$1" -o /dev/null -w '%{http_code}'
}

edit_marker() { # JQ PROGRAM
	target_api "$marker" -f | jq "$1" >edited.json
	target_api "$marker" -f -X PUT -H 'Content-Type: application/json' \
	    --data-binary @edited.json >/dev/null
}

@test "heal fills an empty platform and releases its controllers; again it writes nothing" {
	mkdir prom
	echo "metrics: {textfile_directory: $PWD/prom}" >>"$BACKSTAY_CONFIG"
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(status_of apis/apps/v1/namespaces/production/deployments/frontend)" = 200 ]
	[ -n "$(git -C helm-charts.git for-each-ref)" ]
	target_api "$marker" -f >marker.json
	jq -e '.data.state == "restored" and .data.platform == "t" and (.data.restore | length) == 32' marker.json
	restore status -o json | jq -e '.state == "restored" and .paused == 0'
	for _ in second third; do
		run --separate-stderr restore heal
		echo "$output$stderr"
		[ "$status" -eq 0 ]
		[ "$(wc -l <<<"$output")" -eq 1 ]
		grep -q "^'t' is there, restored from 't-.*': left alone$" <<<"$output"
	done
	target_api "$marker" -f | cmp - marker.json
	# For whoever watches the Job.
	cat prom/*
	grep -qF 'backstay_successes_total{name="t",command="heal"} 3' prom/*
}

@test "the platform that the snapshot was taken from is left alone" {
	sed -i "s|$PWD/target/kubeconfig|$P/kube/kubeconfig|" "$BACKSTAY_CONFIG"
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "is what 't-.*' was taken from: left alone$" <<<"$output"
}

@test "a manifest that nobody signed and that has no archive is not healed from" {
	platform_keys
	sed -i "s|$PWD/target/kubeconfig|$P/kube/kubeconfig|; /^encryption:/d; /^signing:/d" \
	    "$BACKSTAY_CONFIG"
	keys_config >>"$BACKSTAY_CONFIG"
	rm -r vault
	agent backup
	local good forged
	good=$(basename vault/t-*.manifest.json .manifest.json)
	# Newer, and not further ahead than clocks may differ.
	forged=t-$(date -u -d '+1 minute' +%Y%m%dT%H%M%SZ)
	echo '{}' >"vault/$forged.manifest.json"
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "'$forged' is ignored: it has no archive" <<<"$stderr"
	grep -q "is what '$good' was taken from: left alone$" <<<"$output"
}

@test "a manual layer stops it with exit status 6, and the next run goes on" {
	config manual
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 6 ]
	grep -q "'backstay-restore heal --approve infrastructure' goes on" <<<"$output"
	[ "$(target_api "$marker" -f | jq -r .data.state)" = restoring ]
	run --separate-stderr restore heal --approve infrastructure
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(target_api "$marker" -f | jq -r .data.state)" = restored ]
}

@test "what is restored in part goes on with its own snapshot, also where a newer one is there" {
	config manual
	run restore heal
	[ "$status" -eq 6 ]
	first=$(target_api "$marker" -f | jq -r .data.snapshot)
	run agent backup
	[ "$status" -eq 0 ]
	# Named, another one is refused.
	newest=$(cd vault && printf '%s\n' *.manifest.json | tail -1)
	[ "${newest%.manifest.json}" != "$first" ]
	run --separate-stderr restore heal "${newest%.manifest.json}" --approve infrastructure
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "cluster 'production' was healed from '$first', not from '${newest%.manifest.json}'" <<<"$stderr"
	run --separate-stderr restore heal --approve infrastructure
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(target_api "$marker" -f | jq -r .data.snapshot)" = "$first" ]
}

@test "a marker that was edited, of another cluster or another platform is refused" {
	config manual
	run restore heal
	[ "$status" -eq 6 ]
	target_api "$marker" -f >whole.json
	edit_marker '.data.state = "restored"'
	run --separate-stderr restore heal --approve infrastructure
	echo "$stderr"
	[ "$status" -eq 5 ]
	grep -q 'somebody has edited the marker of the restore' <<<"$stderr"
	# As a whole from another cluster, with a digest that is right.
	marker_of() { # PLATFORM CLUSTER
		local snapshot
		snapshot=$(jq -r .data.snapshot whole.json)
		sum=$(printf '%s\n%s\n%s\n%s\n%s\n' "$1" "$snapshot" r restoring "$2" |
		    sha256sum | cut -d' ' -f1)
		edit_marker ".data = {platform: \"$1\", snapshot: \"$snapshot\", restore: \"r\",
		    state: \"restoring\", cluster: \"$2\", sha256: \"$sum\"}"
	}
	marker_of t 00000000-0000-0000-0000-000000000000
	run --separate-stderr restore heal --approve infrastructure
	echo "$stderr"
	[ "$status" -eq 5 ]
	grep -q 'it is the marker of another cluster' <<<"$stderr"
	marker_of other "$(jq -r .data.cluster whole.json)"
	run --separate-stderr restore heal --approve infrastructure
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "it holds a restore of the platform 'other', and this is 't'" <<<"$stderr"
	[ "$(status_of apis/apps/v1/namespaces/production/deployments/frontend)" = 404 ]
}

@test "a partial snapshot is passed over, and where there is no whole one, that is an error" {
	# Newer, and without one of its repositories.
	sed -i "s|$P/git/helm-charts.git}|$P/git/gone.git}|" "$BACKSTAY_CONFIG"
	run agent backup
	[ "$status" -eq 1 ]
	newest=$(cd vault && printf '%s\n' *.manifest.json | tail -1)
	config
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "'${newest%.manifest.json}' is passed over: it is partial" <<<"$stderr"
}

@test "a damaged snapshot that nobody has verified is passed over, but not where it was named or begun" {
	agent backup
	newest=$(cd vault && printf '%s\n' *.manifest.json | tail -1)
	newest=${newest%.manifest.json}
	before=$(cd vault && printf '%s\n' *.manifest.json | tail -2 | head -1)
	archive=$(echo vault/"$newest".tar.*)
	cp "$archive" whole
	# Newer than both, and without one of its repositories.
	sed -i "s|$P/git/helm-charts.git}|$P/git/gone.git}|" "$BACKSTAY_CONFIG"
	run agent backup
	[ "$status" -eq 1 ]
	config
	dd if=/dev/zero of="$archive" bs=1 count=64 seek=2000 conv=notrunc status=none
	run --separate-stderr restore heal "$newest"
	echo "$output$stderr"
	[ "$status" -eq 5 ]
	[ "$(status_of api/v1/namespaces/production)" = 404 ]
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(grep -c 'is passed over: it is partial' <<<"$stderr")" -eq 1 ]
	grep -q "'$newest' is passed over: .*$newest" <<<"$stderr"
	target_api "$marker" -f |
	    jq -e --arg s "${before%.manifest.json}" '[.data[]] | any(contains($s))'
	# It is there, and stays what it is, whatever becomes of the newest one.
	cp whole "$archive"
	run --separate-stderr restore heal
	[ "$status" -eq 0 ]
	grep -q "left alone$" <<<"$output"
}

# Whether Flux is suspended in the target: 2 Kustomizations, a GitRepository and
# 2 HelmReleases.
suspended() {
	for path in kustomize.toolkit.fluxcd.io/v1beta1/kustomizations \
	    source.toolkit.fluxcd.io/v1beta1/gitrepositories helm.toolkit.fluxcd.io/v2beta1/helmreleases; do
		target_api "apis/$path" -f
	done | jq -s '[.[].items[] | select(.spec.suspend == true)] | length'
}

@test "what a machine that is gone had begun ends as if it had gone on itself" {
	config automated manual
	run restore heal
	[ "$status" -eq 6 ]
	[ "$(suspended)" -gt 0 ]
	uid=$(target_api "$marker" -f | jq -r .data.restore)
	rm -r state
	run --separate-stderr restore heal --approve applications
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q 'is not there, so what the earlier run has made and left paused is found in the clusters' <<<"$stderr"
	[ "$(suspended)" -eq 0 ]
	grep -q '^release ' <<<"$output"
	restore status -o json | jq -e '.state == "restored" and .paused == 0'
	[ "$(target_api "$marker" -f | jq -r '.data | "\(.state) \(.restore)"')" = "restored $uid" ]
}

@test "a restore by hand leaves the marker: at its end, while it waits, and not for a part" {
	run restore apply latest --yes --only kubernetes:staging
	[ "$status" -eq 0 ]
	[ "$(status_of "$marker")" = 404 ]
	config manual
	run restore apply latest --yes
	[ "$status" -eq 6 ]
	[ "$(target_api "$marker" -f | jq -r .data.state)" = restoring ]
	run restore heal --approve infrastructure
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(target_api "$marker" -f | jq -r .data.state)" = restored ]
	# It says so already: nothing is written.
	target_api "$marker" -f >marker.json
	run restore apply latest --yes
	[ "$status" -eq 0 ]
	target_api "$marker" -f | cmp - marker.json
	# One that was edited is no reason to stop for an operator.
	edit_marker '.data.state = "restoring"'
	run --separate-stderr restore apply latest --yes
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'somebody has edited the marker of the restore.* the marker of the restore is replaced' <<<"$stderr"
	[ "$(target_api "$marker" -f | jq -r .data.state)" = restored ]
	run --separate-stderr restore heal
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "a living platform that is restored by hand stays one, also where that is not at its end" {
	config
	run restore heal
	[ "$status" -eq 0 ]
	agent backup
	config manual
	target_api apis/apps/v1/namespaces/production/deployments/frontend -f -X DELETE >/dev/null
	target_api api/v1/namespaces/monitoring/configmaps/grafana-config -f -X DELETE >/dev/null
	run restore apply latest --yes
	[ "$status" -eq 6 ]
	[ "$(target_api "$marker" -f | jq -r .data.state)" = repairing ]
	run restore heal
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q "^'t' is there, and a restore of 't-.*' by hand is not at its end: left alone$" <<<"$output"
	[ "$(status_of apis/apps/v1/namespaces/production/deployments/frontend)" = 404 ]
	run restore apply latest --yes --resume --approve infrastructure
	[ "$status" -eq 0 ]
	[ "$(target_api "$marker" -f | jq -r .data.state)" = restored ]
}

@test "a platform of which a newer snapshot is partial is left alone, too" {
	sed -i "s|$P/git/helm-charts.git}|$P/git/gone.git}|; s|kubeconfig: $P/kube/kubeconfig|kubeconfig: $PWD/target/kubeconfig|" \
	    "$BACKSTAY_CONFIG"
	run agent backup
	[ "$status" -eq 1 ]
	config
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "^'t' is there, and is what a newer snapshot was taken from: left alone$" <<<"$output"
	[ "$(status_of "$marker")" = 404 ]
}

@test "one cluster that lives is not restored once more because another is empty" {
	both() { # KUBECONFIG OF THE FIRST TARGET
		sed -i "s|^  clusters: .*||; s|^kubernetes: .*|kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig}, {name: second, kubeconfig: $P/kube/kubeconfig, namespaces: [staging]}]}|
		    s|^    clusters: .*|    clusters: [{from: production, kubeconfig: $1}, {from: second, kubeconfig: $PWD/target/kubeconfig}]|" \
		    "$BACKSTAY_CONFIG"
	}
	both "$P/kube/kubeconfig"
	agent backup
	run --separate-stderr restore heal
	echo "$output$stderr"
	[ "$status" -eq 2 ]
	grep -q "cluster 'production' lives, and another of the platform is empty or restored in part; restore that one by hand with .apply --only kubernetes:CLUSTER/" \
	    <<<"$stderr"
	[ "$(status_of "$marker")" = 404 ]
	[ "$(status_of api/v1/namespaces/staging)" = 404 ]
}
