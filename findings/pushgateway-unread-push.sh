#!/bin/bash
# Pushgateway 1.5.1 (Debian 12, prometheus-pushgateway 1.5.1-2+b5) keeps
# push_failure_time_seconds for each group, so that an alert can tell that pushes
# are refused. It is set only where a text was read and contradicts what is there.
# A text that cannot be read is answered 400 as well and leaves no trace: the
# group keeps its old values, and its failure time stays 0.
#
# Seen:
#	a push: 200
#	a text without its last line end: 400
#	push_failure_time_seconds: 0
#	what the group says: 1
#	another type: 400
#	push_failure_time_seconds is now: set
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian prometheus-pushgateway=1.5.1-2+b5
cd "$W"

url=http://127.0.0.1:$(free_port)
background prometheus-pushgateway --web.listen-address="${url#http://}"
until_true curl -sS "$url"
push() { # GROUP < TEXT
	curl -sS -o body -w '%{http_code}' -X PUT --data-binary @- "$url/metrics/job/$1"
}
value() { # METRIC GROUP
	curl -sS "$url/metrics" | sed -n "s/^$1{.*job=\"$2\".*} //p"
}

expect 'a push' "$(printf '# TYPE ok gauge\nok 1\n' | push one)" 200
expect 'a text without its last line end' "$(printf '# TYPE ok gauge\nok 0' | push one)" 400
expect 'push_failure_time_seconds' "$(value push_failure_time_seconds one)" 0
expect 'what the group says' "$(value ok one)" 1
expect 'another type' "$(printf '# TYPE ok counter\nok 0\n' | push two)" 400
failed=$(value push_failure_time_seconds two)
[ "$failed" = 0 ] || failed='set'
expect 'push_failure_time_seconds is now' "$failed" set
