/* The lock of a restore from a cluster: what nobody holds is dead, and what was
 * accepted can be written over. */
#include "restore/kube/lease.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse((const char *)data, len, &err);

	if (!object)
		return 0;
	cleanup(lease_info_done) struct lease_info info = {.holder = NULL};
	if (lease_parse(object, 1767225600, &info, &err) == 0 &&
	    (!info.version || (!*info.holder && !info.dead)))
		abort();
	return 0;
}
