#include "storage/kube/token.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static enum kube_token_maker maker(const char *text)
{
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(text, strlen(text), &err);

	return kube_token_made_by(j);
}

#define BY(manager)                                                            \
	"\"metadata\":{\"managedFields\":[{\"manager\":\"" manager             \
	"\",\"fieldsV1\":{\"f:type\":{}}}]}"
#define TYPE "\"type\":\"kubernetes.io/service-account-token\""

static void who_wrote_its_type_made_it(void **state)
{
	(void)state;
	assert_int_equal(maker("{" TYPE "," BY("kube-controller-manager") "}"),
	    KUBE_TOKEN_CONTROLLER);
	assert_int_equal(
	    maker("{" TYPE "," BY("kubectl") "}"), KUBE_TOKEN_HAND);
	assert_int_equal(maker("{" TYPE "}"), KUBE_TOKEN_UNKNOWN);
	assert_int_equal(maker("{\"type\":\"Opaque\"," BY("kubectl") "}"),
	    KUBE_TOKEN_UNKNOWN);
	assert_int_equal(maker("{" TYPE ",\"metadata\":{\"managedFields\":"
			       "[{\"manager\":\"m\"},7]}}"),
	    KUBE_TOKEN_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_wrote_its_type_made_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
