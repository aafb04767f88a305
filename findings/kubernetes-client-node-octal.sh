#!/bin/bash
# @kubernetes/client-node 1.4.0 (npm): loadYaml() reads the mode of a mounted
# Secret in a manifest, `defaultMode: 0400`, as the number 400, which is the mode
# 0620: the owner may write the file, and so may the group. kubectl reads 256, as
# js-yaml 3 does. The API server takes both, since both are below 0777.
#
# Seen:
#	by the client: 400
#	as a mode: 620
#	by js-yaml 3.14.1: 256
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
cd "$W"
npm install --silent --no-audit --no-fund --prefix "$W" @kubernetes/client-node@1.4.0 js-yaml-3@npm:js-yaml@3.14.1 >"$W/log" 2>&1
cat >pod.yaml <<'X'
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers: [{name: app, image: example.com/app:1}]
  volumes:
  - name: key
    secret: {secretName: key, defaultMode: 0400}
X
cat >client.mjs <<'X'
import {readFileSync} from 'node:fs';
import {loadYaml} from '@kubernetes/client-node';
console.log(loadYaml(readFileSync('pod.yaml', 'utf8')).spec.volumes[0].secret.defaultMode);
X
cat >old.cjs <<'X'
const {load} = require('js-yaml-3');
console.log(load(require('fs').readFileSync('pod.yaml', 'utf8')).spec.volumes[0].secret.defaultMode);
X
mode=$(node client.mjs)
expect 'by the client' "$mode" 400
expect 'as a mode' "$(printf %o "$mode")" 620
expect 'by js-yaml 3.14.1' "$(node old.cjs)" 256
