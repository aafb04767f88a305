#!/bin/bash
# node_exporter 1.5.0 (Debian 12, prometheus-node-exporter 1.5.0-1+b6), its
# textfile collector: when two files give one metric different HELP texts, as two
# versions of one program do, the samples of the second file are left out.
# /metrics still answers 200, node_textfile_scrape_error stays 0, and
# node_textfile_mtime_seconds names both files as read. Pushgateway 1.5.1
# (prometheus-pushgateway 1.5.1-2+b5) takes the same two texts and gives both
# samples out under the first HELP.
#
# Seen:
#	one HELP, samples of node_exporter: a b
#	two HELPs, samples of node_exporter: a
#	its status: 200
#	its node_textfile_scrape_error: 0
#	its files: 2
#	two HELPs, samples of Pushgateway: a b
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian prometheus-node-exporter=1.5.0-1+b6 prometheus-pushgateway=1.5.1-2+b5
cd "$W"

metric() { # HELP VAULT
	printf '# HELP backup_ok %s\n# TYPE backup_ok gauge\nbackup_ok{vault="%s"} 1\n' "$@"
}
samples() { sed -n 's/^backup_ok{.*vault="\(.\)".*/\1/p' | paste -sd ' '; }

node=http://127.0.0.1:$(free_port) push=http://127.0.0.1:$(free_port)
mkdir text
background prometheus-node-exporter --collector.disable-defaults \
	--collector.textfile --collector.textfile.directory=text \
	--web.listen-address="${node#http://}"
background prometheus-pushgateway --web.listen-address="${push#http://}"
until_true curl -sS "$node"
until_true curl -sS "$push"

metric 'Whether it went well.' a >text/a.prom
metric 'Whether it went well.' b >text/b.prom
expect 'one HELP, samples of node_exporter' "$(curl -sS "$node/metrics" | samples)" 'a b'
metric 'Whether the last run went well.' b >text/b.prom
status=$(curl -sS -o seen -w '%{http_code}' "$node/metrics")
expect 'two HELPs, samples of node_exporter' "$(samples <seen)" a
expect 'its status' "$status" 200
expect 'its node_textfile_scrape_error' \
	"$(sed -n 's/^node_textfile_scrape_error //p' seen)" 0
expect 'its files' "$(grep -c '^node_textfile_mtime_seconds{' seen)" 2
for vault in a b; do
	curl -sSf --data-binary @"text/$vault.prom" "$push/metrics/job/backup/vault/$vault"
done
expect 'two HELPs, samples of Pushgateway' "$(curl -sS "$push/metrics" | samples)" 'a b'
