#include "restore/objects/dropped.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_dropped(
    const char *sent, const char *answer, const char *expected)
{
	cleanup(json_freep) struct json_object *a = test_json(sent);
	cleanup(json_freep) struct json_object *b = test_json(answer);
	cleanup(strvec_done) struct strvec paths = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	dropped_find(a, b, &paths);
	VEC_EACH (&paths, path)
		buf_printf(&text, "%s ", *path);
	assert_string_equal(buf_str(&text), expected);
}

static void what_the_server_left_out_is_named(void **state)
{
	(void)state;
	assert_dropped("{\"spec\":{\"timeZone\":\"UTC\",\"schedule\":\"x\"}}",
	    "{\"spec\":{\"schedule\":\"y\",\"suspend\":false}}",
	    "spec.timeZone ");
	assert_dropped("{\"spec\":{\"init\":[{\"name\":\"a\",\"restartPolicy\":"
		       "\"Always\"},{\"name\":\"b\",\"restartPolicy\":"
		       "\"Always\"}]}}",
	    "{\"spec\":{\"init\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}",
	    "spec.init[].restartPolicy ");
	assert_dropped("{\"data\":{\"a\":\"b\"},\"x\":{\"a\":[1]}}",
	    "{\"data\":{\"a\":\"b\"}}", "x ");
}

/* Each of these is what it was: an answer has other words for it. */
static void what_says_nothing_is_no_loss(void **state)
{
	(void)state;
	assert_dropped(
	    "{\"spec\":{\"a\":null,\"b\":false,\"c\":0,\"d\":\"\",\"e\":[],"
	    "\"f\":{\"g\":{},\"h\":null}}}",
	    "{\"spec\":{}}", "");
	assert_dropped("{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"status\":{"
		       "\"a\":1},\"stringData\":{\"a\":\"b\"}}",
	    "{\"metadata\":{}}", "");
	assert_dropped("{\"spec\":{\"a\":{\"b\":1},\"c\":[{\"d\":1}]}}",
	    "{\"spec\":{\"a\":3,\"c\":[]}}", "");
	assert_dropped("{\"spec\":{\"internalTrafficPolicy\":\"Cluster\","
		       "\"ipFamilyPolicy\":\"SingleStack\",\"ipFamilies\":["
		       "\"IPv4\"]}}",
	    "{\"spec\":{}}", "");
	assert_dropped("{\"spec\":{\"internalTrafficPolicy\":\"Local\","
		       "\"ipFamilyPolicy\":\"PreferDualStack\"}}",
	    "{\"spec\":{}}", "spec.internalTrafficPolicy spec.ipFamilyPolicy ");
	assert_dropped("[]", "{}", "");
	assert_dropped("{\"spec\":0.5}", "{\"spec\":0.5}", "");
}

/* As a server of 1.36 writes them into what says nothing of it. */
static void defaults_of_newer_servers_are_no_loss(void **state)
{
	(void)state;
	assert_dropped("{\"spec\":{\"allocateLoadBalancerNodePorts\":true,"
		       "\"persistentVolumeClaimRetentionPolicy\":{"
		       "\"whenDeleted\":\"Retain\",\"whenScaled\":\"Retain\"},"
		       "\"completionMode\":\"NonIndexed\","
		       "\"podReplacementPolicy\":\"TerminatingOrFailed\"}}",
	    "{\"spec\":{}}", "");
	assert_dropped("{\"spec\":{\"allocateLoadBalancerNodePorts\":false,"
		       "\"persistentVolumeClaimRetentionPolicy\":{"
		       "\"whenDeleted\":\"Delete\",\"whenScaled\":\"Retain\"},"
		       "\"completionMode\":\"Indexed\",\"suspend\":true}}",
	    "{\"spec\":{}}",
	    "spec.persistentVolumeClaimRetentionPolicy spec.completionMode "
	    "spec.suspend ");
	assert_dropped("{\"spec\":{\"clusterIP\":\"None\",\"ipFamilies\":["
		       "\"IPv4\",\"IPv6\"],\"ipFamilyPolicy\":"
		       "\"RequireDualStack\"}}",
	    "{\"spec\":{\"clusterIP\":\"None\"}}", "");
	assert_dropped("{\"spec\":{\"clusterIP\":\"None\",\"selector\":{\"a\":"
		       "\"b\"},\"ipFamilies\":[\"IPv4\",\"IPv6\"],"
		       "\"ipFamilyPolicy\":\"RequireDualStack\"}}",
	    "{\"spec\":{\"clusterIP\":\"None\",\"selector\":{\"a\":\"b\"}}}",
	    "spec.ipFamilies spec.ipFamilyPolicy ");
	assert_dropped("{\"spec\":{\"dataSource\":{\"kind\":\"K\",\"name\":"
		       "\"a\"},\"dataSourceRef\":{\"kind\":\"K\",\"name\":"
		       "\"a\"}}}",
	    "{\"spec\":{\"dataSource\":{\"kind\":\"K\",\"name\":\"a\"}}}", "");
	assert_dropped("{\"spec\":{\"dataSourceRef\":{\"kind\":\"K\",\"name\":"
		       "\"a\"}}}",
	    "{\"spec\":{}}", "spec.dataSourceRef ");
	assert_dropped("{\"spec\":{\"containers\":[{\"resizePolicy\":[{"
		       "\"restartPolicy\":\"NotRequired\"}]}]}}",
	    "{\"spec\":{\"containers\":[{}]}}", "");
	assert_dropped("{\"spec\":{\"containers\":[{\"resizePolicy\":[{"
		       "\"restartPolicy\":\"RestartContainer\"}]}]}}",
	    "{\"spec\":{\"containers\":[{}]}}",
	    "spec.containers[].resizePolicy ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_server_left_out_is_named),
	    cmocka_unit_test(what_says_nothing_is_no_loss),
	    cmocka_unit_test(defaults_of_newer_servers_are_no_loss),
	};

	return cmocka_run_group_tests_name("dropped", tests, NULL, NULL);
}
