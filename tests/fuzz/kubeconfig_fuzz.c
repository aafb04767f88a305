/* Any text is a context, or an error; and so is what a plugin printed. */
#include "storage/base/cleanup.h"
#include "storage/kube/identity.h"
#include "storage/kube/kubeconfig.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct kube_exec_result result = {.token = NULL};
	struct err err = ERR_INIT;
	/* By the length, so that both are tried of the same text. */
	const struct kube_access_options options = {
	    .allow_insecure = size % 2 == 0, .context = size % 5 ? NULL : "d"};
	cleanup(kube_access_freep) struct kube_access *a =
	    kube_access_parse(text, size, "/dir", "fuzz", &options, &err);

	if (!a && err.code != ERR_FORMAT && err.code != ERR_USAGE &&
	    err.code != ERR_NOT_FOUND)
		__builtin_trap();
	if (a && a->insecure_skip_verify && !options.allow_insecure)
		__builtin_trap();
	if (a && (!a->server || strncmp(a->server, "http", 4) != 0 ||
		     (a->exec && !a->exec->command)))
		__builtin_trap();
	if (kube_exec_parse(text, size, "client.authentication.k8s.io/v1",
		&result, &err) == 0 &&
	    !result.token && !result.key_pem)
		__builtin_trap();
	kube_exec_result_done(&result);
	return 0;
}
