#!/bin/bash
# kubectl 1.20.2 (Debian 12, kubernetes-client 1.20.5+really1.20.2-1.1+deb12u1)
# and PyYAML 6.0 over libyaml 0.2.5 (python3-yaml 6.0-3+b2) do not read what the
# other wrote. Strings that PyYAML writes without quotes are numbers or booleans
# for kubectl: a float without a dot, octal as YAML 1.2 has it, one letter. An
# abbreviated commit in a label or an annotation is enough. The other way round,
# kubectl writes the string "=" without quotes (an operator in many custom
# resources), and PyYAML cannot load the document.
#
# Seen:
#	PyYAML's '1234567' as kubectl reads it: "1234567"
#	PyYAML's '1234e5' as kubectl reads it: 123400000
#	PyYAML's '0o17' as kubectl reads it: 15
#	PyYAML's '08' as kubectl reads it: 8
#	PyYAML's 'y' as kubectl reads it: true
#	kubectl's '=': operator: =
#	PyYAML of it: could not determine a constructor for the tag 'tag:yaml.org,2002:value'
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian kubernetes-client=1.20.5+really1.20.2-1.1+deb12u1 python3-yaml=6.0-3+b2 \
	libyaml-0-2=0.2.5-1
export PYTHONPATH=$W/root/usr/lib/python3/dist-packages
cd "$W"
kubectl version --client --short

by_kubectl() { # FILE FORMAT: a change that needs no server, so that it is written again
	kubectl annotate --local -f "$1" seen=1 -o "$2"
}

for text in 1234567 1234e5 0o17 08 y; do
	python3 - "$text" >in.yaml <<'X'
import sys, yaml
print(yaml.dump({"apiVersion": "example.com/v1", "kind": "Release",
    "metadata": {"name": "web"}, "spec": {"revision": sys.argv[1]}},
    Dumper=yaml.CSafeDumper))
X
	case $text in
	1234567) value='"1234567"' ;;
	1234e5) value=123400000 ;;
	0o17) value=15 ;;
	08) value=8 ;;
	y) value=true ;;
	esac
	expect "PyYAML's '$text' as kubectl reads it" "$(by_kubectl in.yaml json |
		python3 -c 'import json, sys
print(json.dumps(json.load(sys.stdin)["spec"]["revision"]))')" "$value"
done

cat >in.json <<'J'
{"apiVersion": "example.com/v1", "kind": "Route", "metadata": {"name": "web"},
 "spec": {"operator": "="}}
J
by_kubectl in.json yaml >out.yaml
expect "kubectl's '='" "$(sed -n 's/^ *\(operator:.*\)/\1/p' out.yaml)" 'operator: ='
expect 'PyYAML of it' "$(python3 -c 'import sys, yaml
try:
    yaml.load(sys.stdin, yaml.CSafeLoader)
except yaml.YAMLError as e:
    print(e.problem)' <out.yaml)" \
	"could not determine a constructor for the tag 'tag:yaml.org,2002:value'"
