# Sourced by the benchmarks: pairs of commands timed in turn.
#
#   bench_pair LABEL BOUND 'ours' 'theirs' ['before each']
#
# runs both BENCH_RUNS times, in an order by chance, after one warm-up each, and
# prints medians, the ratio, the bound, the ratio of the quickest run of each and
# the CPU seconds of both (on a loaded machine, which only ever adds to a run, the
# steadier figures), and peak memory (the largest process) of both,
# held against the ratio BENCH_RSS_BOUND where that is set. A command that
# fails ends the benchmark: a wrong run has no time. With BENCH_OBJECTS=N it
# also prints how many of N objects a second each did.
#
#   bench_rates LABEL BOUND OURS N THEIRS M
#
# compares two files of bench_once that did N and M objects: the bound is how
# many times as many a second ours must do.

bench_dir=$(mktemp -d "${TMPDIR:-/tmp}/backstay-bench-XXXXXX")
bench_cleanup=("rm -rf $bench_dir")
bench_at_exit() { bench_cleanup=("$1" "${bench_cleanup[@]}"); }
trap 'for c in "${bench_cleanup[@]}"; do eval "$c"; done' EXIT

# Microseconds: /usr/bin/time's own clock has but hundredths of a second.
bench_once() { # FILE COMMAND: appends "seconds kilobytes cpu-seconds" to FILE
	local from=$EPOCHREALTIME to
	/usr/bin/time -o "$bench_dir/time" -f "%M %U %S" bash -c "$2" \
	    >"$bench_dir/out" 2>&1 || {
		echo "failed: $2" >&2
		tail -20 "$bench_dir/out" >&2
		return 1
	}
	to=$EPOCHREALTIME
	echo "$from $to $(tail -1 "$bench_dir/time")" |
	    awk '{printf "%.6f %d %.2f\n", $2 - $1, $3, $4 + $5}' >>"$1"
}

bench_median() { # FILE COLUMN
	awk -v c="$2" '{print $c}' "$1" | sort -n |
	    awk '{v[NR]=$1} END {print NR%2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'
}

bench_quickest() { # FILE
	sort -n "$1" | awk 'NR == 1 {print $1}'
}

# Either side may be the one that runs last, so that `before each` must leave
# alone what the other one keeps for a later row: $bench_turn tells it whose turn
# it is, ours or theirs.
bench_side() { # FILE COMMAND BEFORE ours|theirs
	# shellcheck disable=SC2034 # for BEFORE
	local bench_turn=$4
	eval "$3" >/dev/null 2>&1
	bench_once "$1" "$2"
}

bench_pair() {
	local label=$1 bound=$2 ours=$3 theirs=$4 before=${5:-true} i
	local a="$bench_dir/a" b="$bench_dir/b"
	: >"$a"
	: >"$b"
	for ((i = 0; i <= BENCH_RUNS; i++)); do
		# In an order by chance: what a server does every so often of
		# its own (collecting garbage) is not to fall upon one of them.
		if ((RANDOM % 2)); then
			bench_side "$a" "$ours" "$before" ours || return 1
			bench_side "$b" "$theirs" "$before" theirs || return 1
		else
			bench_side "$b" "$theirs" "$before" theirs || return 1
			bench_side "$a" "$ours" "$before" ours || return 1
		fi
		# The first of each warms the caches and is not counted.
		if [ "$i" -eq 0 ]; then
			: >"$a"
			: >"$b"
		fi
	done
	awk -v label="$label" -v bound="$bound" \
	    -v n="${BENCH_OBJECTS:-0}" \
	    -v ta="$(bench_median "$a" 1)" -v tb="$(bench_median "$b" 1)" \
	    -v ma="$(bench_median "$a" 2)" -v mb="$(bench_median "$b" 2)" \
	    -v ca="$(bench_median "$a" 3)" -v cb="$(bench_median "$b" 3)" \
	    -v qa="$(bench_quickest "$a")" -v qb="$(bench_quickest "$b")" \
	    -v rss="${BENCH_RSS_BOUND-}" '
	BEGIN {
		ratio = tb > 0 ? ta / tb : 0
		memory = ""
		if (rss)
			memory = sprintf(" = %.2f (bound %s)%s", ma / mb, rss,
			    ma / mb > rss + 0 ? " MISSED" : "")
		printf "%-44s %7.2f s / %7.2f s = %5.2f (bound %s)%s  quickest %.2f  CPU %.2f / %.2f s  RSS %d / %d MiB%s\n",
		    label, ta, tb, ratio, bound,
		    (bound + 0 && ratio > bound + 0) ? " MISSED" : "",
		    (qb > 0 ? qa / qb : 0), ca, cb, ma / 1024, mb / 1024, memory
		if (n)
			printf "%44s %9.0f/s %9.0f/s\n", "objects a second:", n / ta, n / tb
	}'
}

bench_rates() {
	awk -v label="$1" -v bound="$2" -v n="$4" -v m="$6" \
	    -v ta="$(bench_median "$3" 1)" -v tb="$(bench_median "$5" 1)" \
	    -v ma="$(bench_median "$3" 2)" -v mb="$(bench_median "$5" 2)" '
	BEGIN {
		times = n / ta / (m / tb)
		printf "%-44s %7.0f/s / %7.0f/s = %5.1f times (bound %s)%s  RSS %d / %d MiB  (%d and %d objects)\n",
		    label, n / ta, m / tb, times, bound,
		    times < bound + 0 ? " MISSED" : "", ma / 1024, mb / 1024, n, m
	}'
}
