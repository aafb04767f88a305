/* What a restore changes in an object of any shape so that another server takes
 * it: addresses, schemas, versions, what a target has no room for. What was
 * written once is written as it should be. */
#include "restore/objects/convert.h"
#include "restore/objects/dropped.h"
#include "restore/objects/give_way.h"
#include "restore/objects/ratchet.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ratchet_twice(struct json_object *object, int minor)
{
	cleanup(strvec_done) struct strvec notes = VEC_INIT;
	cleanup(strvec_done) struct strvec again = VEC_INIT;

	ratchet_object(object, minor, &notes);
	cleanup(json_freep) struct json_object *once = json_copy(object);
	ratchet_object(object, minor, &again);
	if (again.len || !json_equal(once, object))
		__builtin_trap();
	cleanup(strvec_done) struct strvec paths = VEC_INIT;
	dropped_find(object, once, &paths);
	if (paths.len)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const versions[] = {"networking.k8s.io/v1",
	    "policy/v1", "policy/v1beta1", "flowcontrol.apiserver.k8s.io/v1",
	    "flowcontrol.apiserver.k8s.io/v1beta1", "batch/v1"};
	static const char health[] =
	    "failed to allocate requested HealthCheck NodePort 1: provided "
	    "port is already allocated";
	static const char *const messages[] = {
	    "spec.ports[0].nodePort: provided port is already allocated",
	    health, "spec.clusterIP: bad", "spec.ipFamilies: bad"};
	struct err ignored = ERR_INIT;

	if (size < 2)
		return 0;
	cleanup(json_freep) struct json_object *object =
	    json_parse((const char *)data + 1, size - 1, &ignored);
	if (json_kind(object) != JSON_OBJECT)
		return 0;
	cleanup(json_freep) struct json_object *service = json_copy(object);
	cleanup(json_freep) struct json_object *old = json_copy(object);
	ratchet_twice(object, data[0] % 40);
	/* Each way out is taken once, so that this ends. */
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		for (int n = 0;
		     give_way(service, i == 1 ? 500 : 422, messages[i]); n++)
			if (n > 4)
				__builtin_trap();
	convert_object(
	    old, versions[data[0] % (sizeof versions / sizeof *versions)]);
	return 0;
}
