# shellcheck shell=bash
# Requests to the API server below $P/kube that need no credentials, and Thing, a
# kind whose objects may have any fields. Sourced after lib.

kube_post() { # PATH < OBJECT
	curl -sf -o /dev/null -X POST -H 'Content-Type: application/json' --data-binary @- \
	    "$(server_of "$P/kube/kubeconfig")/$1"
}

kube_delete() { # PATH
	curl -sf -o /dev/null -X DELETE "$(server_of "$P/kube/kubeconfig")/$1"
}

# A kind is served a moment after its definition was made.
things_define() {
	kube_post apis/apiextensions.k8s.io/v1/customresourcedefinitions <<-'X'
	{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
	 "metadata": {"name": "things.example.com"},
	 "spec": {"group": "example.com", "scope": "Namespaced",
	  "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
	  "versions": [{"name": "v1", "served": true, "storage": true, "schema":
	   {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}
	X
	curl -sf -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors \
	    "$(server_of "$P/kube/kubeconfig")/apis/example.com/v1/namespaces/staging/things"
}
