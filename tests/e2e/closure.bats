#!/usr/bin/env bats
# Whether a snapshot can be used alone. The sample platform's cluster, and a
# repository with documents that SOPS encrypted and SealedSecrets. This file runs
# against the simulated API server; under the name closure_real.bats against the
# real one.
# shellcheck disable=SC2154,SC2016 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

flux=/apis/source.toolkit.fluxcd.io/v1beta1/namespaces/infrastructure/gitrepositories
argo=/apis/argoproj.io/v1alpha1/namespaces/infrastructure/applications
kustomize=/apis/kustomize.toolkit.fluxcd.io/v1beta1/namespaces/infrastructure/kustomizations

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	platform_keys
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	age-keygen -o "$P/flux.agekey" 2>/dev/null
	age-keygen -o "$P/lost.agekey" 2>/dev/null
	for key in sealing lost; do
		openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$P/$key.key"
	done
	secret infrastructure sops-age "age.agekey=$P/flux.agekey" '{}'
	secret infrastructure sops-gpg "sops.asc=$top/tests/data/openpgp/ecc.asc" '{}'
	secret infrastructure sealing "tls.key=$P/sealing.key" \
	    '{"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}'
	documents
	sources
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	rm -rf "$P/vault" "$P/state"
}

secret() { # NAMESPACE NAME KEY=FILE LABELS
	call POST "/api/v1/namespaces/$1/secrets" "$(jq -n --arg n "$2" --arg k "${3%%=*}" \
	    --rawfile v "${3#*=}" --argjson l "$4" \
	    '{metadata: {name: $n, labels: $l}, data: {($k): ($v | @base64)}}')" >/dev/null
}

recipient_of() { age-keygen -y "$P/$1.agekey"; }

sops() { # RECIPIENT-LINES: as the metadata of SOPS has them
	printf 'password: ENC[AES256_GCM,data:aGk=,iv:aGk=,tag:aGk=,type:str]\nsops:\n%s\n    lastmodified: "2026-01-02T03:04:05Z"\n    mac: ENC[AES256_GCM,data:aGk=]\n    version: 3.8.1\n' "$1"
}

# The session key alone is looked into: what follows it may be anything.
sealed() { # NAME LABEL KEY [METADATA]
	local rsa
	rsa=$(printf '0123456789abcdef0123456789abcdef' | openssl pkeyutl -encrypt -inkey "$P/$3.key" \
	    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
	    -pkeyopt rsa_oaep_label:"$(printf %s "$2" | od -An -v -tx1 | tr -d ' \n')" |
	    od -An -v -tx1 | tr -d ' \n')
	cat <<-E
	---
	apiVersion: bitnami.com/v1alpha1
	kind: SealedSecret
	metadata: {name: $1${4:+, $4}}
	spec:
	  encryptedData:
	    password: $(python3 -c 'import base64, sys; print(base64.b64encode(bytes.fromhex("0100" + sys.argv[1]) + b"sealed").decode())' "$rsa")
	E
}

documents() {
	local work=$P/work
	git init -q -b main "$work"
	sops "    age:
        - recipient: $(recipient_of flux)
          enc: x" >"$work/flux.yaml"
	sops "    age:
        - recipient: $(recipient_of lost)
          enc: x" >"$work/lost.yaml"
	sops '    pgp:
        - fp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4' >"$work/pgp.yaml"
	# By the subkey, whose id GnuPG prints as well.
	sops '    pgp:
        - fp: B8D25C2F0F6361BFCD9B33B236EEDDA9A8C0A3F9' >"$work/gpg.yaml"
	sops '    kms:
        - arn: arn:aws:kms:us-west-2:111122223333:key/sops' >"$work/kms.yaml"
	# Any of several is enough.
	sops "    kms:
        - arn: arn:aws:kms:us-west-2:111122223333:key/sops
    age:
        - recipient: $(recipient_of flux)" >"$work/either.yaml"
	# One of each group is needed.
	sops "    key_groups:
        - age:
            - recipient: $(recipient_of flux)
        - age:
            - recipient: $(recipient_of lost)
    shamir_threshold: 2" >"$work/groups.yaml"
	printf 'A=ENC[x]\nsops_age__list_0__map_recipient=%s\nsops_mac=x\n' "$(recipient_of lost)" >"$work/lost.env"
	{
		sealed strict staging/strict sealing 'namespace: staging'
		sealed wide staging sealing 'namespace: staging, annotations: {sealedsecrets.bitnami.com/namespace-wide: "true"}'
		sealed everywhere '' sealing 'annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}'
		sealed open staging/open sealing ''
		sealed moved production/moved sealing 'namespace: staging'
		sealed lost staging/lost lost 'namespace: staging'
	} >"$work/sealed.yaml"
	# No document of either, whatever its words.
	printf 'sops: {a: b}\n---\nkind: SealedSecret\n' >"$work/other.yaml"
	commit
	releases
	git clone -q --bare "$work" "$P/secrets.git"
}

# What HEAD has not: on a branch, behind a tag, and in a commit that no ref names
# itself. What is on the branch as HEAD has it is not told twice.
releases() {
	local recipient
	recipient=$(recipient_of lost)
	git -C "$work" checkout -q -b release
	sops "    age:
        - recipient: $recipient
          enc: y" >"$work/lost.yaml"
	sed 's/^password/release/' "$work/lost.yaml" >"$work/release.yaml"
	commit
	git -C "$work" checkout -q -b tagged
	git -C "$work" rm -q release.yaml
	sed 's/^password/commit/' "$work/lost.yaml" >"$work/commit.yaml"
	commit
	git -C "$work" rev-parse HEAD >"$P/commit"
	git -C "$work" rm -q commit.yaml
	mkdir "$work/deep"
	sed 's/^password/tag/' "$work/lost.yaml" >"$work/deep/tag.yaml"
	commit
	git -C "$work" -c user.name=t -c user.email=t@example.com tag -a -m t v1.2.3
	git -C "$work" checkout -q main
}

commit() {
	git -C "$work" add .
	git -C "$work" -c user.name=t -c user.email=t@example.com commit -qm t
}

status() { # PATH NAME JSON
	call PATCH "$1/$2/status" "{\"status\": $3}" >/dev/null
}

# What Flux runs, a commit that is there and one that is not.
sources() {
	local name id
	id=$(git -C "$P/secrets.git" rev-parse main)
	for name in runs ran; do
		call POST "$flux" '{"apiVersion": "source.toolkit.fluxcd.io/v1beta1", "kind": "GitRepository",
		    "metadata": {"name": "'$name'"}, "spec": {"url": "'"https://git.example.com/secrets.git"'"}}' >/dev/null
		status "$flux" "$name" '{"artifact": {"revision": "main@sha1:'"$id"'"}}'
		id=0123456789012345678901234567890123456789
	done
	call POST "$kustomize" '{"apiVersion": "kustomize.toolkit.fluxcd.io/v1beta1", "kind": "Kustomization",
	    "metadata": {"name": "secrets"}, "spec": {
	        "decryption": {"provider": "sops", "secretRef": {"name": "no-such-key"}},
	        "postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "no-such-values"},
	            {"kind": "Secret", "name": "may-lack", "optional": true},
	            {"kind": "Secret", "name": "sops-age"}]}}}' >/dev/null
}

config() { # LINE...
	cat >"$BACKSTAY_CONFIG" <<-E
	name: t
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	$(keys_config)
	git:
	  repositories: [${repositories:-"{url: $P/secrets.git, name: secrets}"}]
	kubernetes:
	  clusters:
	    - {name: production, kubeconfig: $P/kube/kubeconfig, namespaces: [production, staging, infrastructure]}
	E
	[ -z "${accepted-}" ] || sed -i "s/^git:/&\n  accept_missing: [$accepted]/" "$BACKSTAY_CONFIG"
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$BACKSTAY_CONFIG"
}

backup() { # STATUS [OPTION...]
	run --separate-stderr agent backup "${@:2}"
	echo "$output$stderr"
	[ "$status" -eq "$1" ]
	restore show latest -o json | jq .closure >"$BATS_TEST_TMPDIR/closure"
	restore show latest >"$BATS_TEST_TMPDIR/show"
}

lacks() { # missing|outside TEXT
	jq -e --arg t "$2" ".$1 | any(contains(\$t))" "$BATS_TEST_TMPDIR/closure"
	grep -qF "  $1: " "$BATS_TEST_TMPDIR/show"
}

has() { # TEXT
	jq -e --arg t "$1" '[.missing, .outside] | add | all(contains($t) | not)' "$BATS_TEST_TMPDIR/closure"
}

@test "documents whose keys were not captured are named, and those with keys are not" {
	config
	backup 0
	jq -e '.alone == false and .lacks == (.missing + .outside | length)' "$BATS_TEST_TMPDIR/closure"
	lacks missing "repository 'secrets': lost.yaml is encrypted by SOPS, and no key for it was captured: age $(recipient_of lost)"
	lacks missing "repository 'secrets': lost.env is encrypted by SOPS"
	lacks missing "groups.yaml is encrypted by SOPS to groups of keys: 2 groups are needed, and keys of 1 were captured; not captured: age $(recipient_of lost)"
	lacks missing 'pgp.yaml is encrypted by SOPS, and no key for it was captured: pgp FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'
	lacks outside 'kms.yaml is encrypted by SOPS, and its keys are of a service: kms arn:aws:kms:us-west-2:111122223333:key/sops'
	has flux.yaml
	has either.yaml
	has gpg.yaml
	has other.yaml
	lacks missing "sealed.yaml: SealedSecret 'lost': none of the 1 sealing keys that were captured opens it"
	lacks missing "SealedSecret 'moved'"
	for name in strict wide everywhere open; do
		has "SealedSecret '$name'"
	done
	# Each that is missing is a warning; what is outside by its nature is not.
	grep -q 'warn.*closure: .*lost.yaml' <<<"$stderr"
	[ "$(grep -c 'lost.yaml' <<<"$stderr")" -eq 1 ]
	run grep -c 'warn.*kms.yaml' <<<"$stderr"
	[ "$output" -eq 0 ]
	grep -q '^closure: its parts point to' "$BATS_TEST_TMPDIR/show"
	# Nothing of a key is in it.
	run grep -l 'AGE-SECRET-KEY\|PRIVATE KEY' "$P"/vault/*.manifest.json "$BATS_TEST_TMPDIR/show"
	[ "$status" -eq 1 ]
}

@test "what objects take values, keys and images from, and what they run" {
	config
	backup 0
	lacks missing "ConfigMap 'infrastructure/no-such-values', which cluster 'production': Kustomization infrastructure/secrets names"
	lacks missing "Secret 'infrastructure/no-such-key'"
	has may-lack
	has "Secret 'infrastructure/sops-age'"
	lacks outside "repository 'https://git.example.com/secrets.git', which cluster 'production': GitRepository infrastructure/ra"
	# Without the Secrets, the keys and the pull Secrets are missing as well.
	sleep 1
	sed -i 's/infrastructure\]/infrastructure], exclude_resources: [secrets]/' "$BACKSTAY_CONFIG"
	backup 0
	lacks missing 'flux.yaml is encrypted by SOPS'
	lacks missing "none of the 0 sealing keys"
	jq -e '.missing | any(startswith("Secret '"'production/"'"))' "$BATS_TEST_TMPDIR/closure"
}

@test "a commit that Flux runs, and that the mirror has no more" {
	config
	# The objects name the repository as the mirror is named.
	for name in runs ran; do
		call PATCH "$flux/$name" '{"spec": {"url": "'"$P/secrets.git"'"}}' >/dev/null
	done
	backup 0
	lacks missing "commit 0123456789012345678901234567890123456789 of '$P/secrets.git', which cluster 'production': GitRepository infrastructure/ran runs, is not in the mirror"
	has "GitRepository infrastructure/runs runs"
}

@test "required makes the snapshot partial, none does not ask" {
	config 'closure: required'
	backup 1
	restore show latest -o json | jq -e '.status == "partial" and (.missing | any(.what | contains("lost.yaml")) and any(.what | contains("kms.yaml")))'
	[ "$(grep -c 'missing: closure: .*lost.yaml' <<<"$stderr")" -eq 1 ]
	sleep 1
	config 'closure: none'
	backup 0
	[ "$(cat "$BATS_TEST_TMPDIR/closure")" = null ]
	run grep -c closure "$BATS_TEST_TMPDIR/show"
	[ "$output" -eq 0 ]
}

# Each on a machine of its own, then sealed.
in_parts() { # COUNT STATUS
	local i config
	for ((i = 0; i < $1; i++)); do
		config=$P/shard-$i.yaml
		sed "s|^state_dir: .*|state_dir: $P/state/$i|" "$BACKSTAY_CONFIG" >"$config"
		BACKSTAY_CONFIG=$config agent backup --shard "$i/$1" --run parts >/dev/null 2>"$P/err-$i"
		# Behind the signature.
		tail -n +5 "$P"/vault/*.part-"$i"-of-"$1".json | jq -r '[.sources[].kind] | join(" ")'
	done >"$BATS_TEST_TMPDIR/kinds"
	backup "$2" --seal --run parts
}

# A part with repositories alone, and one with clusters alone.
apart() {
	grep -qx git "$BATS_TEST_TMPDIR/kinds"
	grep -qx kubernetes "$BATS_TEST_TMPDIR/kinds"
}

@test "in parts, it is judged once all of them are there" {
	config 'closure: required'
	in_parts 2 1
	apart
	restore show latest -o json | jq -e '.status == "partial" and (.missing | any(.what | contains("lost.yaml")))'
	# What the parts had to tell is gone.
	[ -z "$(find "$P/vault" -name '*.closure*')" ]
	rm -rf "$P/vault" "$P/state"
	config
	in_parts 2 0
	grep -q 'warn.*closure: .*lost.yaml' <<<"$stderr"
	rm -rf "$P/vault" "$P/state"
	config 'closure: none'
	in_parts 2 0
	[ "$(cat "$BATS_TEST_TMPDIR/closure")" = null ]
}

# Two clusters, one of which has what reads the repositories of the others.
platform() { # LINE...
	config "$@"
	cat >>"$BACKSTAY_CONFIG" <<-E
	    - {name: another, kubeconfig: $P/kube/kubeconfig, namespaces: ['prod*', 'stag*'], exclude_namespaces: [production]}
	E
}

@test "in parts, it is what it is of one agent" {
	local n name
	modules
	large
	repositories="{url: $P/secrets.git, name: secrets}, {url: $P/modules.git, name: modules}, {url: $P/large.git, name: large, lfs: false}"
	for name in runs ran; do
		call PATCH "$flux/$name" '{"spec": {"url": "'"$P/secrets.git"'"}}' >/dev/null
	done
	flux_of one '{"branch": "release"}'
	flux_of two '{"branch": "gone"}'
	flux_of three '{"commit": "'"$(cat "$P/commit")"'"}'
	application_of four v1.2.3
	application_of five no-such-branch
	application_of six '1.*'
	for name in modules large; do
		call POST "$flux" '{"apiVersion": "source.toolkit.fluxcd.io/v1beta1", "kind": "GitRepository",
		    "metadata": {"name": "'$name'-parts"}, "spec": {"url": "'"$P/$name.git"'", "ref": {"branch": "release"}}}' >/dev/null
	done
	platform
	backup 0
	# Of each kind, so that they are known to be compared.
	lacks missing 'commit 0123456789012345678901234567890123456789'
	lacks missing "revision 'refs/heads/gone'"
	lacks missing "SealedSecret 'lost': none of the 1 sealing keys"
	lacks missing "deep/tag.yaml (of 'v1.2.3')"
	lacks outside "submodule of repository 'modules' (of 'refs/heads/release')"
	lacks missing "which submodule 'vendor/in side' of repository 'modules' (of 'refs/heads/release') pins"
	lacks outside '3 LFS objects'
	has "SealedSecret 'open'"
	mv "$BATS_TEST_TMPDIR/closure" "$P/whole"
	for n in 2 4; do
		rm -rf "$P/vault" "$P/state"
		in_parts "$n" 0
		grep -qx git "$BATS_TEST_TMPDIR/kinds" || [ "$n" -ne 4 ]
		diff "$P/whole" "$BATS_TEST_TMPDIR/closure"
		# A submodule in another part is no reason to warn.
		run ! grep -h 'submodule.*secrets.*is in no repository' "$P"/err-?
	done
	for name in one two three modules-parts large-parts; do
		call DELETE "$flux/$name" >/dev/null
	done
	for name in four five six; do
		call DELETE "$argo/$name" >/dev/null
	done
}

# Its documents are read where one agent would read them, and nowhere else.
@test "in parts, what the configuration leaves out of a cluster is not heard of" {
	local variant
	for name in runs ran; do
		call PATCH "$flux/$name" '{"spec": {"url": "'"$P/secrets.git"'"}}' >/dev/null
	done
	flux_of kept '{"commit": "'"$(cat "$P/commit")"'"}'
	flux_of labelled '{"branch": "release"}'
	flux_of marked '{"branch": "release"}'
	application_of four v1.2.3
	call PATCH "$flux/labelled" '{"metadata": {"labels": {"tier": "test"}}}' >/dev/null
	call PATCH "$flux/marked" '{"metadata": {"annotations": {"backstay.io/exclude": "true"}}}' >/dev/null
	for variant in "labels: 'tier!=test', exclude_resources: [applications.argoproj.io]" \
	    "resources: ['*.fluxcd.io', '*.argoproj.io']"; do
		rm -rf "$P/vault" "$P/state"
		config
		sed -i "s/infrastructure\]/&, $variant/" "$BACKSTAY_CONFIG"
		backup 0
		lacks missing "commit.yaml (of '"
		mv "$BATS_TEST_TMPDIR/closure" "$P/whole"
		rm -rf "$P/vault" "$P/state"
		in_parts 2 0
		apart
		diff "$P/whole" "$BATS_TEST_TMPDIR/closure"
		case $variant in
		labels*)
			has release.yaml
			has deep/tag.yaml
			has "SealedSecret 'strict'"
			;;
		*)
			lacks missing release.yaml
			lacks missing deep/tag.yaml
			lacks missing "SealedSecret 'strict': none of the 0 sealing keys"
			;;
		esac
	done
	for name in kept labelled marked; do
		call DELETE "$flux/$name" >/dev/null
	done
	call DELETE "$argo/four" >/dev/null
}

@test "in parts, a cluster that does not answer the other is named, and its keys are not tried" {
	config
	in_parts 2 0
	apart
	has "SealedSecret 'open'"
	rm -rf "$P/vault" "$P/state"
	# The machine that has the repository cannot reach it.
	apart=$(($(grep -nx git "$BATS_TEST_TMPDIR/kinds" | cut -d: -f1) - 1))
	cp "$P/kube/kubeconfig" "$P/kube/kept"
	for n in 0 1; do
		sed "s|^state_dir: .*|state_dir: $P/state/$n|" "$BACKSTAY_CONFIG" >"$P/shard-$n.yaml"
		[ "$n" != "$apart" ] || sed -Ei 's|("?server"?: *"?https?://)[^", ]*|\1127.0.0.1:9|' "$P/kube/kubeconfig"
		BACKSTAY_CONFIG=$P/shard-$n.yaml agent backup --shard "$n/2" --run parts >/dev/null || true
		cp "$P/kube/kept" "$P/kube/kubeconfig"
	done
	backup 0 --seal --run parts
	lacks missing "cluster 'production' could not be asked for the revisions that it runs, and the sealing keys, of the repositories of part $apart/2"
	lacks missing 'of 6 SealedSecrets (the first is'
}

flux_of() { # NAME REF
	call POST "$flux" '{"apiVersion": "source.toolkit.fluxcd.io/v1beta1", "kind": "GitRepository",
	    "metadata": {"name": "'"$1"'"}, "spec": {"url": "'"$P/secrets.git"'", "ref": '"$2"'}}' >/dev/null
}

application_of() { # NAME REVISION
	call POST "$argo" '{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
	    "metadata": {"name": "'"$1"'"}, "spec": {"project": "default", "destination": {"namespace": "staging"},
	        "source": {"repoURL": "'"$P/secrets.git"'", "path": ".", "targetRevision": "'"$2"'"}}}' >/dev/null
}

@test "documents of the branches, tags and commits that Flux and Argo CD name" {
	config
	backup 0
	# Nothing names them yet.
	has release.yaml
	has commit.yaml
	has deep/tag.yaml
	flux_of release '{"branch": "release"}'
	flux_of gone '{"branch": "gone"}'
	# Flux heeds the commit, and not the branch beside it.
	flux_of commit '{"branch": "gone-too", "commit": "'"$(cat "$P/commit")"'"}'
	flux_of range '{"semver": ">=1.0.0"}'
	application_of tag v1.2.3
	application_of head HEAD
	application_of range '1.*'
	application_of lost no-such-branch
	sleep 1
	backup 0
	lacks missing "repository 'secrets': release.yaml (of 'refs/heads/release') is encrypted by SOPS, and no key for it was captured: age $(recipient_of lost)"
	lacks missing "repository 'secrets': deep/tag.yaml (of 'v1.2.3') is encrypted by SOPS"
	lacks missing "repository 'secrets': commit.yaml (of '$(cat "$P/commit")') is encrypted by SOPS"
	lacks missing "revision 'refs/heads/gone' of '$P/secrets.git', which cluster 'production': GitRepository infrastructure/gone names, is not in the mirror"
	lacks missing "revision 'no-such-branch' of '$P/secrets.git', which cluster 'production': Application infrastructure/lost names"
	[ "$(jq '[.missing[] | select(startswith("revision "))] | length' "$BATS_TEST_TMPDIR/closure")" -eq 2 ]
	# Other bytes at the same place, but for the same keys.
	[ "$(jq '[.missing[] | select(contains("lost.yaml"))] | length' "$BATS_TEST_TMPDIR/closure")" -eq 1 ]
	# What an earlier run found quiet is not lost to a later one.
	sleep 1
	backup 0
	lacks missing "deep/tag.yaml (of 'v1.2.3')"
	lacks missing 'release.yaml (of'
}

# Of which HEAD names two submodules, and a branch one more. HEAD pins a commit of
# the one that is a source, and the branch one that was never pushed.
modules() {
	work=$P/modules
	[ ! -e "$work" ] || return 0
	git init -q -b main "$work"
	git -C "$work" -c protocol.file.allow=always submodule --quiet add --name inside ../secrets 'vendor/in side'
	git -C "$work" config -f .gitmodules submodule.outside.url https://me:s3same@elsewhere.example/b.git
	# Git heeds none but that at the root.
	mkdir "$work/below"
	printf '[submodule "x"]\n\turl = https://elsewhere.example/below.git\n' >"$work/below/.gitmodules"
	commit
	git -C "$work" checkout -q -b release
	git -C "$work" config -f .gitmodules submodule.more.url ../more.git
	git -C "$work/vendor/in side" -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m unpushed
	git -C "$work/vendor/in side" rev-parse HEAD >"$P/unpushed"
	commit
	git -C "$work" checkout -q -b unnamed main
	git -C "$work" submodule --quiet update
	git -C "$work" config -f .gitmodules submodule.unnamed.url ../unnamed.git
	commit
	git -C "$work" checkout -q main
	git clone -q --bare "$work" "$P/modules.git"
}

@test "submodules are sources, or outside by name" {
	modules
	repositories="{url: $P/secrets.git, name: secrets}, {url: $P/modules.git, name: modules}"
	call POST "$flux" '{"apiVersion": "source.toolkit.fluxcd.io/v1beta1", "kind": "GitRepository",
	    "metadata": {"name": "modules"}, "spec": {"url": "'"$P/modules.git"'", "ref": {"branch": "release"}}}' >/dev/null
	config
	backup 0
	lacks outside "repository 'https://elsewhere.example/b.git', which is a submodule of repository 'modules', is not a source"
	lacks outside "repository '$P/more', which is a submodule of repository 'modules' (of 'refs/heads/release'), is not a source"
	lacks missing "commit $(cat "$P/unpushed") of '$P/secrets', which submodule 'vendor/in side' of repository 'modules' (of 'refs/heads/release') pins, is not in the mirror"
	[ "$(jq '[.missing[] | select(contains("submodule"))] | length' "$BATS_TEST_TMPDIR/closure")" -eq 1 ]
	has "repository '$P/secrets'"
	has below.git
	has unnamed
	[ "$(jq '[.outside[] | select(contains("submodule"))] | length' "$BATS_TEST_TMPDIR/closure")" -eq 2 ]
	run ! grep -r s3same "$P/vault"/*.manifest.json "$BATS_TEST_TMPDIR"
	# What was found quiet before is not lost.
	sleep 1
	backup 0
	lacks outside "submodule of repository 'modules' (of 'refs/heads/release')"
	lacks missing "which submodule 'vendor/in side' of repository 'modules'"
	# Pushed, it is inside.
	git -C "$P/modules/vendor/in side" push -q origin "$(cat "$P/unpushed"):refs/heads/pushed"
	sleep 1
	backup 0
	has "$(cat "$P/unpushed")"
	git -C "$P/secrets.git" update-ref -d refs/heads/pushed
	sleep 1
	config 'closure: required'
	backup 1
	restore show latest -o json | jq -e '.missing | any(.what | contains("elsewhere.example/b.git"))'
	call DELETE "$flux/modules" >/dev/null
}

pointer() { # TEXT
	oid=$(printf %s "$1" | sha256sum | cut -d' ' -f1)
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' "$oid" "${#1}"
}

# Files of HEAD, one of a branch, one that HEAD has no more.
large() {
	local oid
	work=$P/large
	[ ! -e "$work" ] || return 0
	git init -q -b main "$work"
	echo '*.bin filter=lfs diff=lfs merge=lfs -text' >"$work/.gitattributes"
	pointer gone >"$work/gone.bin"
	commit
	git -C "$work" rm -q gone.bin
	mkdir -p "$work/deep/er"
	pointer image >"$work/deep/er/image.bin"
	pointer stored >"$work/stored.bin"
	head -c 5000 /dev/zero >"$work/deep/zeros"
	commit
	git -C "$work" checkout -q -b release
	pointer release >"$work/release.bin"
	commit
	git -C "$work" checkout -q main
	git clone -q --bare "$work" "$P/large.git"
	oid=$(printf stored | sha256sum | cut -d' ' -f1)
	mkdir -p "$P/large.git/lfs/objects/${oid:0:2}/${oid:2:2}"
	printf stored >"$P/large.git/lfs/objects/${oid:0:2}/${oid:2:2}/$oid"
	for oid in gone image release; do printf %s "$oid" | sha256sum | cut -d' ' -f1; done >"$P/lost"
}

@test "LFS objects that are left out are counted, whatever the reason" {
	local image
	large
	image=$(sed -n 2p "$P/lost")
	repositories="{url: $P/large.git, name: large, lfs: false}"
	config
	backup 0
	# Those of HEAD, and the branch that nobody names is not asked for.
	lacks outside "2 LFS objects (11 B) of files of repository 'large' were left out, as \`lfs: false\` says: the first is of deep/er/image.bin, $image"
	call POST "$flux" '{"apiVersion": "source.toolkit.fluxcd.io/v1beta1", "kind": "GitRepository",
	    "metadata": {"name": "large"}, "spec": {"url": "'"$P/large.git"'", "ref": {"branch": "release"}}}' >/dev/null
	# Also where the directories without one are known by now.
	for _ in 1 2; do
		sleep 1
		backup 0
		lacks outside "3 LFS objects (18 B) of files of repository 'large' were left out"
	done
	repositories="{url: $P/large.git, name: large}"
	sleep 1
	accepted=$(paste -sd, "$P/lost")
	config
	backup 0
	lacks missing "2 LFS objects (12 B) of files of repository 'large' were not captured: the first is of deep/er/image.bin, $image"
	grep -q 'warn.*closure: 2 LFS objects' <<<"$stderr"
	sleep 1
	config 'closure: required'
	backup 1
	restore show latest -o json | jq -e '.status == "partial" and (.missing | any(.what | startswith("2 LFS objects")))'
	call DELETE "$flux/large" >/dev/null
}
