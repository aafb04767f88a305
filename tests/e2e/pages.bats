#!/usr/bin/env bats
# Pages for a browser, in a real one; and the plan as a graph, read by Graphviz.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load simulated

hostile='</script><img src=x onerror=document.title=1><b>.tfstate'

setup_file() {
	simulated_start
	mkdir -p "$P/states/${hostile%/*}"
	echo '{"version":4,"serial":1,"lineage":"a","resources":[]}' >"$P/states/$hostile"
	AWS_ENDPOINT_URL=$S3_ENDPOINT "$BACKSTAY_BUILD/tests/tools/s3_tool" up terraform-state-bucket x/ "$P/states"
	simulated_config >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
	kubectl --kubeconfig "$P/kube/kubeconfig" -n production scale deployment frontend --replicas=7
	agent --config "$P/backstay.yaml" backup
}

teardown_file() {
	simulated_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$P/backstay.yaml
}

has_browser() { command -v chromium-headless-shell || command -v chromium; }

# Fails where the page writes an error, or asks for anything. What it looked like
# is kept beside what was built.
browse() { # PAGE
	"$top/tests/tools/browser" "$1" || return
	mkdir -p "$BACKSTAY_BUILD/pages"
	cp ./*.png "$BACKSTAY_BUILD/pages/" 2>/dev/null || true
}

@test "a plan as a page: search, filters, a node's needs, by keyboard" {
	has_browser || skip "no chromium"
	restore plan latest --offline -o json >plan.json
	restore plan latest --offline -o html >plan.html
	browse plan.html >out <<-'X'
	document.body.dataset.items
	@key /
	@type deployment production/frontend
	document.querySelector("output").value
	@key ArrowDown
	@key ArrowDown
	@key Enter
	document.querySelector("aside h2").textContent
	[...document.querySelectorAll("aside dt")].map((e) => e.textContent).includes("needs")
	document.querySelectorAll("aside dd button").length > 0
	document.querySelector("aside dd button").click()
	document.querySelector("aside h2").textContent != "Deployment production/frontend"
	@key Escape
	document.querySelector("aside").hidden
	document.querySelector("form").reset()
	document.querySelector("select[aria-label=kind]").value = "Secret"
	document.querySelector("form").dispatchEvent(new Event("input"))
	document.querySelector("output").value
	@shot plan.png
	@size 390 800
	@scheme dark
	getComputedStyle(document.body).backgroundColor
	@shot phone.png
	@print plan.pdf
	X
	cat out
	local all secrets
	all=$(jq '.nodes | length' plan.json)
	secrets=$(jq '[.nodes[] | select(.kind == "Secret")] | length' plan.json)
	[ "$(sed -n 1p out)" = "\"$all\"" ]
	grep -q ' of '"$all"' shown' <(sed -n 2p out)
	[ "$(sed -n 3p out)" = '"Deployment production/frontend"' ]
	[ "$(sed -n '4,5p' out)" = $'true\ntrue' ]
	[ "$(sed -n 7,8p out)" = $'true\ntrue' ]
	grep -q "\"$secrets of $all shown\"" out
	grep -q '"rgb(13, 17, 23)"' out
	[ -s plan.png ] && [ -s phone.png ] && [ -s plan.pdf ]
}

@test "a name with markup stays text, and nothing is asked for" {
	restore plan latest --offline -o html >plan.html
	# The page has the two scripts and no tag of the data.
	[ "$(grep -c '<script' plan.html)" -eq 2 ]
	run ! grep -q '<img' plan.html
	has_browser || skip "no chromium"
	browse plan.html >out <<-'X'
	document.title
	document.querySelectorAll("img, b:not(.facts b)").length
	document.querySelector("input").value = "onerror"
	document.querySelector("form").dispatchEvent(new Event("input"))
	document.querySelector(".column:not([hidden]) .row").textContent
	document.querySelector(".column:not([hidden]) .row").click()
	document.querySelector("aside h2").childElementCount
	X
	cat out
	grep -q '^"Backstay: Plan: t-' out
	[ "$(sed -n 2p out)" = 0 ]
	grep -qF "$hostile" <(sed -n 5p out)
	[ "$(tail -1 out)" = 0 ]
}

@test "the policy lets no other script run" {
	has_browser || skip "no chromium"
	restore plan latest --offline -o html >plan.html
	sed 's|</body>|<script>document.title = "another"</script></body>|' plan.html >other.html
	run --separate-stderr "$top/tests/tools/browser" other.html <<-'X'
	document.title
	X
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'Plan: t-' <<<"$output"
	grep -qi 'content security policy' <<<"$stderr"
}

@test "20,000 nodes: few of them are elements, and a search finds one" {
	has_browser || skip "no chromium"
	restore plan latest --offline -o html >plan.html
	python3 - <<-'X'
	import json, re
	page = open("plan.html").read()
	nodes = [{"level": i % 9 + 1, "action": "create", "key": "k%d" % i, "apiVersion": "v1", "kind": "ConfigMap",
	          "namespace": "n%d" % (i % 50), "name": "object-%d" % i,
	          "needs": [{"key": "k%d" % (i - 1)}] if i else []} for i in range(20000)]
	data = json.dumps({"snapshot": "many", "nodes": nodes, "targets": [], "prune": [], "warnings": []})
	page = re.sub(r'(id="data">).*?(</script>)', lambda m: m[1] + data + m[2], page, flags=re.S)
	open("many.html", "w").write(page)
	X
	browse many.html >out <<-'X'
	document.body.dataset.items
	document.querySelectorAll(".row").length < 1000
	document.querySelector("input").value = "object-19876"
	document.querySelector("form").dispatchEvent(new Event("input"))
	document.querySelector("output").value
	document.querySelectorAll(".column:not([hidden]) .row").length
	@shot many.png
	X
	cat out
	[ "$(sed -n 1,2p out)" = $'"20000"\ntrue' ]
	grep -q '"1 of 20000 shown"' out
	[ "$(tail -1 out)" = 1 ]
}

@test "two snapshots as a page: what changed, field by field" {
	local from to
	read -r from to < <(restore list -o json | jq -r '[.snapshots[].label] | join(" ")')
	run --separate-stderr restore diff "$from" "$to" -o html
	[ "$status" -eq 1 ]
	echo "$output" >diff.html
	run --separate-stderr restore diff "$from" "$to" -o json
	[ "$(jq .changed <<<"$output")" -eq 1 ]
	has_browser || skip "no chromium"
	browse diff.html >out <<-'X'
	document.querySelector("h1").textContent
	document.querySelector(".row").click()
	document.querySelector("aside del").textContent
	document.querySelector("aside ins").textContent
	@shot diff.png
	X
	cat out
	grep -qF "\"From $from to $to\"" out
	grep -q '"- 3' out
	grep -q '"+ 7"' out
}

@test "a drill as a page: phases, counts, and what was not rehearsed" {
	restore drill --without-clusters -o html >drill.html
	has_browser || skip "no chromium"
	browse drill.html >out <<-'X'
	document.querySelector("h1").textContent
	document.querySelector(".warnings").textContent.includes("clusters: left out")
	document.querySelector(".facts").textContent.includes("recovery time")
	document.body.dataset.items
	@shot drill.png
	X
	cat out
	grep -q '"Drill of t-.*: passed"' out
	[ "$(sed -n 2,3p out)" = $'true\ntrue' ]
	[ "$(sed -n 4p out)" != '"0"' ]
}

@test "a vault as a page: a bar and a row for each snapshot, and what needs attention" {
	cp -r "$P/vault" vault
	sed "s|$P/vault|$PWD/vault|" "$P/backstay.yaml" >backstay.yaml
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	local broken
	broken=$(restore list -o json | jq -r '.snapshots[0].label')
	echo >"vault/$broken.manifest.json"
	run --separate-stderr restore report
	[ "$status" -eq 5 ]
	echo "$output" >report.html
	run --separate-stderr restore report -o json
	[ "$(jq -c '[.command, (.snapshots | length), (.snapshots[1].took_seconds >= 0)]' <<<"$output")" = '["report",2,true]' ]
	has_browser || skip "no chromium"
	browse report.html >out <<-'X'
	document.querySelector("h1").textContent
	document.querySelectorAll("rect").length
	document.querySelectorAll("rect.bad").length
	document.querySelector(".warnings li").textContent
	document.querySelector("rect.good").dispatchEvent(new Event("click"))
	document.querySelector("aside h2").textContent
	@shot report.png
	X
	cat out
	grep -q '"Vault local"' out
	[ "$(sed -n 2,3p out)" = $'2\n1' ]
	grep -q "^\"$broken: invalid" out
	[ "$(tail -1 out)" = "\"$(jq -r '.snapshots[1].label' <<<"$output")\"" ]
}

@test "a vault as a page says what retention will do, as prune --dry-run does" {
	cp "$P/backstay.yaml" backstay.yaml
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	run --separate-stderr restore report -o json
	[ "$(jq -c '[.snapshots[] | has("retention")] | unique' <<<"$output")" = '[false]' ]
	echo 'retention: {keep_last: 1, keep_min: 1}' >>backstay.yaml
	run --separate-stderr restore report -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	jq -c '.snapshots[] | [.label, .retention.outcome, .retention.reason]' <<<"$output" | sort >said
	[ "$(jq -r '.[1]' said | sort | tr '\n' ' ')" = 'dropped kept ' ]
	agent prune --dry-run -o json | jq -c '.vaults[].snapshots[] | [.label, .outcome, .reason]' | sort | diff said -
	restore report >report.html
	has_browser || skip "no chromium"
	browse report.html >out <<-'X'
	[...document.querySelectorAll("section.column h2")].map((h) => h.textContent).join("; ")
	document.querySelector("header .facts").textContent
	X
	cat out
	grep -q 'retention will drop 1; snapshots 2' out
	grep -q 'retention 1 to be dropped by the next prune' out
}

@test "a plan as a graph: Graphviz reads it, with every node and every need" {
	restore plan latest --offline -o dot >plan.dot
	restore plan latest --offline -o json >plan.json
	[ "$(grep -c 'tooltip="level ' plan.dot)" -eq "$(jq '.nodes | length' plan.json)" ]
	grep -qF '<img src=x onerror' plan.dot
	command -v dot || skip "no Graphviz"
	dot -Tjson plan.dot >graph.json
	[ "$(jq '[.objects[] | select(.tooltip // "" | startswith("level "))] | length' graph.json)" -eq "$(jq '.nodes | length' plan.json)" ]
	[ "$(jq '.edges | length' graph.json)" -ge "$(jq '[.nodes[].needs[]] | length' plan.json)" ]
}

@test "what is no page or graph is refused" {
	run --separate-stderr restore plan latest --server -o html
	echo "$stderr"
	[ "$status" -eq 2 ]
	run --separate-stderr restore list -o html
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q 'takes one of: table, json' <<<"$stderr"
	run --separate-stderr restore diff a b -o dot
	[ "$status" -eq 2 ]
}
