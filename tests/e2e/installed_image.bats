#!/usr/bin/env bats
# The container image: built without a registry, twice the same, and a backup
# runs in it.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow,disk
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export W=$BATS_FILE_TMPDIR/w
	mkdir -p "$W"
	can_build || return 0
	"$top/scripts/image" --to "$W/one"
}

can_build() { [ "$(id -u)" -eq 0 ] && command -v buildah >/dev/null; }

setup() {
	can_build || skip "an image needs root and buildah"
	B=(buildah --root "$W/store" --runroot "$W/run" --storage-driver vfs)
}

@test "two builds of one commit give one digest" {
	"$top/scripts/image" --to "$W/two"
	diff "$W/one/digest" "$W/two/digest"
	diff "$W/one/sbom.spdx.json" "$W/two/sbom.spdx.json"
	rm -r "$W/two"
}

@test "its bill of materials names each library's package, in its version" {
	local sbom=$W/one/sbom.spdx.json
	jq -e '.spdxVersion == "SPDX-2.3" and ([.packages[].SPDXID] | length == (unique | length))' "$sbom"
	for p in libgit2 libcurl4 libarchive13 libc6 libssl3 ca-certificates tzdata; do
		jq -e --arg p "$p" 'any(.packages[]; .name | startswith($p))' "$sbom"
	done
	[ "$(jq -r '.packages[] | select(.name == "libc6").versionInfo' "$sbom")" = "$(dpkg-query -W -f '${Version}' libc6)" ]
	# Each relationship is of a package that is listed.
	jq -e '[.packages[].SPDXID] as $ids | all(.relationships[]; .relatedSpdxElement as $i | $ids | index($i))' "$sbom"
}

@test "a backup runs in it, as nobody, with nothing else there" {
	digest=$(cut -d: -f2 "$W/one/digest" | cut -d' ' -f1)
	config=$(jq -r .config.digest "$W/one/oci/blobs/sha256/$digest" | cut -d: -f2)
	jq -e '.config | .User == "10001:10001" and (.Env | any(startswith("SSL_CERT_FILE=")))' "$W/one/oci/blobs/sha256/$config"
	P=$W
	platform_keys
	mkdir -p "$W/etc" "$W/state" "$W/vault"
	git init -q -b main "$W/etc/git"
	git -C "$W/etc/git" -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
	cat >"$W/etc/backstay.yaml" <<-E
	name: inside
	state_dir: /var/lib/backstay
	vaults: [{name: local, directory: /vault}]
	$(keys_config | sed "s#$P#/etc/backstay#g")
	git: {repositories: [{name: g, url: /etc/backstay/git}]}
	E
	mv "$W/keys" "$W/etc/"
	chown -R 10001:10001 "$W/etc" "$W/state" "$W/vault"
	chmod -R go= "$W/etc"
	# A path of its own would be taken for a name, which has no capitals.
	cd "$W/one"
	name=$("${B[@]}" from --quiet "oci:oci:$(cut -d' ' -f3 digest)")
	inside() {
		"${B[@]}" run --isolation chroot --user 10001:10001 --env BACKSTAY_CONFIG=/etc/backstay/backstay.yaml \
		    -v "$W/etc:/etc/backstay:ro" -v "$W/state:/var/lib/backstay" -v "$W/vault:/vault" "$name" -- "$@"
	}
	inside backstay-agent vault init
	inside backstay-agent backup
	inside backstay-agent list -o json | jq -e '.snapshots[0].status == "complete"'
	inside backstay-restore verify latest --quick
	run ! inside /bin/sh -c true
	"${B[@]}" rm "$name" >/dev/null
	"${B[@]}" rmi --all --force >/dev/null 2>&1 || true
	[ "$(stat -c %u "$W"/vault/inside-*.json | sort -u)" = 10001 ]
}
