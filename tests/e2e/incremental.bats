#!/usr/bin/env bats
# Snapshots that name what is unchanged instead of writing it again: they are
# read like any other, by the programs and by hand; and each is full where it
# cannot be known what the one before has.
# shellcheck disable=SC2154 # bats sets $stderr

bats_require_minimum_version 1.5.0

setup() {
	load lib
	load small
	small_repositories
	git init -q -b main "$P/work"
	head -c 3000000 /dev/urandom >"$P/work/large"
	change one
	configure
}

change() { # TEXT
	echo "$1" >"$P/work/small"
	git -C "$P/work" add -A
	git -C "$P/work" commit -q -m "$1"
}

configure() { # [LINE...]
	{
		cat <<-E
		name: chain
		state_dir: $P/state
		vaults: [{name: local, directory: $P/vault}]
		$(keys_config)
		retention: {keep_last: 1, keep_min: 1}
		git: {repositories: [{url: $P/work}]}
		E
		if [ $# -gt 0 ]; then printf '%s\n' "$@"; else echo "incremental: {}"; fi
	} >"$BACKSTAY_CONFIG"
}

newest() { restore list -o json | jq -r '.snapshots[-1].label'; }
archives() { jq -r '.archives[].label' "$P/vault/$1.manifest.json" | wc -l; }
bytes() { stat -c %s "$P/vault/$1.tar.zst.age"; }

@test "what is unchanged is named: few bytes, and everything reads it" {
	agent backup
	first=$(newest)
	[ "$(archives "$first")" -eq 1 ]
	change two
	agent backup
	second=$(newest)
	[ "$(archives "$second")" -eq 2 ]
	[ $(($(bytes "$second") * 10)) -lt "$(bytes "$first")" ]
	restore verify latest
	restore verify --quick latest
	restore extract latest --to "$P/out"
	git clone -q "$P"/out/git/*.git "$P/clone"
	[ "$(cat "$P/clone/small")" = two ]
	cmp "$P/clone/large" "$P/work/large"
	restore ls latest >"$P/ls"
	[ -s "$P/ls" ]
	restore show latest | grep -F "needs        $first.tar.zst.age"
	# The first is read as before.
	restore extract "$first" --to "$P/out1"
	git clone -q "$P"/out1/git/*.git "$P/clone1"
	[ "$(cat "$P/clone1/small")" = one ]
}

@test "a pack that was damaged since the last snapshot is seen, and its mirror made anew" {
	agent backup
	change two
	agent backup
	# By now the first pack has been named; its length stays as it was.
	pack=$(find "$P/state/git" -name '*.pack' -size +1000k)
	chmod u+w "$pack"
	flip_bit "$pack" 1000000
	change three
	run -0 agent backup
	[[ $output == *"damaged and is made anew"* ]]
	restore verify latest
	restore extract latest --to "$P/out"
	git clone -q "$P"/out/git/*.git "$P/clone"
	cmp "$P/clone/large" "$P/work/large"
}

@test "git gc and git repack in a mirror leave its packs, and the next snapshot stays small" {
	agent backup
	change two
	agent backup
	mirror=$(dirname "$(find "$P/state/git" -name packed-refs)")
	packs() { find "$mirror/objects/pack" -name '*.pack' -printf '%f %i\n' | sort; }
	before=$(packs)
	[ "$(wc -l <<<"$before")" -eq 2 ]
	git -C "$mirror" gc -q --prune=now
	git -C "$mirror" repack -q -a -d -f
	git -C "$mirror" fsck --strict
	[ "$(packs)" = "$before" ]
	agent backup
	[ "$(archives "$(newest)")" -eq 3 ]
	change three
	agent backup
	[ "$(bytes "$(newest)")" -lt 300000 ]
	restore verify latest
	restore extract latest --to "$P/out"
	[ -z "$(find "$P/out" -name '*.keep')" ]
	git clone -q "$P"/out/git/*.git "$P/clone"
	[ "$(cat "$P/clone/small")" = three ]
	cmp "$P/clone/large" "$P/work/large"
}

@test "packs that are made one leave nothing behind, and what is large stays as it is" {
	agent backup
	large=$(find "$P/state/git" -name '*.pack' -size +1000k)
	for i in {1..17}; do
		change "$i"
		agent backup
	done
	dir=$(dirname "$large")
	[ -e "$large" ]
	packs=$(find "$dir" -name '*.pack' | wc -l)
	[ "$packs" -lt 17 ]
	# Each pack has its index and what keeps it, and there is nothing else.
	[ "$(find "$dir" -name '*.idx' | wc -l)" -eq "$packs" ]
	[ "$(find "$dir" -name '*.keep' | wc -l)" -eq "$packs" ]
	[ "$(find "$dir" -type f | wc -l)" -eq $((3 * packs)) ]
	git -C "${dir%/objects/pack}" fsck --strict
}

@test "by hand: the archives in order, without what is not named" {
	agent backup
	change two
	agent backup
	label=$(newest)
	restore extract latest --to "$P/out"
	mkdir "$P/hand"
	cd "$P/hand"
	for file in $(jq -r '.archives[].file' "$P/vault/$label.manifest.json"); do
		age -d -i "$P/keys/identity.txt" "$P/vault/$file" | tar --zstd -x
	done
	comm -13 <(jq -r '.entries[].path, "CONTENTS.json"' CONTENTS.json | LC_ALL=C sort) \
		<(find . -type f -printf '%P\n' | LC_ALL=C sort) | xargs -rd '\n' rm
	diff -r "$P/hand" "$P/out"
}

@test "prune keeps what a kept snapshot needs, and says for whom" {
	agent backup
	first=$(newest)
	change two
	agent backup
	second=$(newest)
	past "$second"
	agent prune >"$P/out"
	grep -F "not kept by any rule; its archive stays for '$second'" "$P/out"
	grep -F "1 of 2 snapshots pruned" "$P/out"
	# It is no snapshot any more.
	[ "$(restore list -o json | jq '.snapshots | length')" -eq 1 ]
	[ ! -e "$P/vault/$first.manifest.json" ]
	[ -e "$P/vault/$first.tar.zst.age" ]
	[ "$(jq -r .archive.file "$P/vault/$first.archive.json")" = "$first.tar.zst.age" ]
	restore extract latest --to "$P/out1"
	agent prune -o json >"$P/out"
	jq -e --arg l "$first" '.vaults[0].snapshots[] | select(.label == $l) | .archive_only and .outcome == "kept"' "$P/out"
	run --separate-stderr agent backup
	[[ $stderr != *"what became of it"* ]]
	[ "$(archives "$(newest)")" -gt 1 ]
	restore extract latest --to "$P/out2"
	# Once nobody needs them, they go, the later one first.
	rm -r "$P/state/incremental"
	agent backup
	past "$(newest)"
	agent prune
	[ ! -e "$P/vault/$first.tar.zst.age" ]
	[ ! -e "$P/vault/$second.tar.zst.age" ]
	[ "$(find "$P/vault" -name '*.archive.json*' | wc -l)" -eq 0 ]
	restore verify latest
}

@test "forget removes what another needs, but for its archive, and says for whom" {
	agent backup
	first=$(newest)
	change two
	agent backup
	second=$(newest)
	past "$second"
	run -0 agent forget "$first"
	[[ $output == *"forgotten by hand; its archive stays for '$second'"* ]]
	[ "$(restore list -o json | jq -r '.snapshots[].label')" = "$second" ]
	restore verify latest
	run ! agent forget "$first"
}

@test "copy takes along an archive of which no snapshot is left" {
	agent backup
	first=$(newest)
	change two
	agent backup
	past "$(newest)"
	agent forget "$first"
	sed -i "s|^vaults:.*|vaults: [{name: local, directory: $P/vault}, {name: far, directory: $P/far}]|" "$BACKSTAY_CONFIG"
	agent vault init
	run -0 restore copy latest --to far
	cmp "$P/vault/$first.tar.zst.age" "$P/far/$first.tar.zst.age"
	[ ! -e "$P/far/$first.manifest.json" ]
	rm -r "$P/vault"
	mkdir "$P/vault"
	restore verify --vault far latest
	restore extract --vault far latest --to "$P/out"
}

unsealed() { # LABEL: the text that the record of that snapshot seals
	age -d -i "$P/keys/identity.txt" "$P/vault/$1.tar.zst.age" |
		tar --zstd -xO CONTENTS.json
}

@test "nobody but the agent reads the digests that it remembers" {
	agent backup
	record=$P/state/incremental/chain.contents.json
	[ ! -e "$record" ]
	[ "$(head -n 1 "$record.age")" = age-encryption.org/v1 ]
	[ "$(grep -c sha256 "$record.age")" -eq 0 ]
	[ "$(stat -c %a "$record.age")" = 600 ]
	# What an earlier version left unsealed is used once more, and goes.
	unsealed "$(newest)" >"$record"
	grep -q sha256 "$record"
	rm "$record.age"
	change two
	agent backup
	[ "$(archives "$(newest)")" -eq 2 ]
	[ ! -e "$record" ]
	change three
	agent backup
	[ "$(archives "$(newest)")" -eq 3 ]
	[ "$(find "$P/state/incremental" -type f)" = "$record.age" ]
}

@test "copy takes along what the snapshot needs" {
	agent backup
	change two
	agent backup
	sed -i "s|^vaults:.*|vaults: [{name: local, directory: $P/vault}, {name: far, directory: $P/far}]|" "$BACKSTAY_CONFIG"
	agent vault init
	run --separate-stderr restore copy latest --to far
	[ "$status" -eq 0 ]
	# One line for all that is copied.
	bytes=$(cat "$P"/vault/*.tar.* | wc -c)
	[ "$(grep -c ' info  copying ' <<<"$stderr")" -eq 1 ]
	grep -F " info  copying $(newest): $(numfmt --to=iec-i --suffix=B --format=%.1f "$bytes" | sed 's/[KM]iB/ &/')" <<<"$stderr"
	# What is there already is not copied, and not told of.
	run --separate-stderr restore copy latest --to far
	[[ $output == *"is in vault 'far' already" ]]
	run ! grep copying <<<"$stderr"
	# On a terminal it is renewed, up to the last byte.
	sed -i "s|, {name: far|, {name: near, directory: $P/near}&|" "$BACKSTAY_CONFIG"
	agent vault init
	script -qec "'$BACKSTAY_BUILD/backstay-restore' copy latest --to near" /dev/null </dev/null >"$BATS_TEST_TMPDIR/tty"
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/tty" | grep -oE 'copying: [0-9.]+ [KMGi]*B of [0-9.]+ [KMGi]*B' >"$BATS_TEST_TMPDIR/renewed"
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/renewed") =~ ^"copying: "(.*)" of "(.*)$ ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	rm -r "$P/vault"
	mkdir "$P/vault"
	restore verify --vault far latest
}

@test "a snapshot is full where it is not known what the one before has, and says why" {
	full() { # REASON
		run --separate-stderr agent backup
		[ "$status" -eq 0 ]
		[[ $stderr == *"the snapshot is full: "*"$1"* ]] || { echo "$stderr"; return 1; }
		[ "$(archives "$(newest)")" -eq 1 ]
	}
	full "has no snapshot before it"
	rm -r "$P/state/incremental"
	full "there is no record of"
	# A record that was changed, and one that another key sealed.
	record=$P/state/incremental/chain.contents.json
	echo x >>"$record.age"
	full "chain.contents.json.age"
	unsealed "$(newest)" >"$record"
	sed -i 's/"count"/"coumt"/' "$record"
	rm "$record.age"
	full "is not what the manifest says"
	age -e -r "$(age-keygen 2>/dev/null | age-keygen -y)" \
		-o "$record.age" "$BACKSTAY_CONFIG"
	full "chain.contents.json.age"
	# Somebody else can read what is to be read together.
	cp "$P/recipient" "$P/own"
	restore keygen --to "$P/other" >"$P/recipient"
	configure
	full "the recipients are not those of"
	cp "$P/own" "$P/recipient"
	configure
	full "the recipients are not those of"
	configure "incremental: {chain_max: 1}"
	full "chain_max is 1"
	# An archive that is gone.
	configure
	agent backup
	change three
	agent backup
	[ "$(archives "$(newest)")" -gt 1 ]
	needed=$(jq -r '.archives[0].file' "$P/vault/$(newest).manifest.json")
	mv "$P/vault/$needed" "$P/away"
	change four
	full ""
	restore verify latest
}

@test "an archive that was replaced by another of its length is found, by name" {
	agent backup
	first=$(newest)
	change two
	agent backup
	file=$P/vault/$first.tar.zst.age
	size=$(stat -c %s "$file")
	head -c "$size" /dev/urandom >"$file.new"
	mv "$file.new" "$file"
	run --separate-stderr restore verify --quick latest
	[ "$status" -eq 5 ]
	[[ $stderr == *"$first.tar.zst.age"* ]]
	run --separate-stderr restore extract latest --to "$P/out"
	[ "$status" -eq 5 ]
	[[ $stderr == *"$first.tar.zst.age"* ]]
	[ -z "$(ls -A "$P/out")" ]
}

@test "without the key, nothing is different" {
	configure "# nothing"
	agent backup
	[ "$(jq .version "$P/vault/$(newest).manifest.json")" -eq 2 ]
	[ ! -e "$P/state/incremental" ]
}
