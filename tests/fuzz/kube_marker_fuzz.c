/* The marker of a restore from a cluster: what is accepted says the same when
 * it is written again. */
#include "restore/kube/marker.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = ERR_INIT;
	struct marker read, again;
	cleanup(json_freep) struct json_object *object =
	    json_parse((const char *)data, len, &err);

	if (object && marker_parse(object, &read, &err) == 0) {
		cleanup(json_freep) struct json_object *written =
		    marker_write(&read);

		if (marker_parse(written, &again, &err) ||
		    !str_eq(read.snapshot, again.snapshot) ||
		    read.state != again.state)
			abort();
		marker_done(&again);
	}
	if (object)
		marker_done(&read);
	return 0;
}
