#include "storage/kube/item.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

#define PORTS                                                                  \
	"\"spec\":{\"healthCheckNodePort\":31000,\"ports\":["                  \
	"{\"port\":80,\"protocol\":\"TCP\",\"nodePort\":30080},"               \
	"{\"port\":80,\"protocol\":\"UDP\",\"nodePort\":30081},"               \
	"{\"port\":443,\"nodePort\":30443}]}"
#define SENT(FIELDS) "{\"fieldsV1\":{\"f:spec\":{" FIELDS "}}}"

static void check_chosen(const char *managed, const char *expected)
{
	autofree char *text =
	    str_printf("{\"metadata\":{\"name\":\"s\"%s%s}," PORTS "}",
		managed ? ",\"managedFields\":" : "", managed ? managed : "");
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	assert_ok(
	    kube_item_read(&item, text, strlen(text), NULL, NULL, &err), err);
	cleanup(json_freep) struct json_object *ports =
	    kube_item_chosen_ports(&item);
	if (ports)
		json_write(&out, ports, JSON_COMPACT);
	assert_string_equal(buf_str(&out), expected);
	kube_item_done(&item);
}

static void tells_chosen_ports_from_made_ones(void **state)
{
	(void)state;
	check_chosen(NULL, "");
	check_chosen("null", "");
	check_chosen("[]", "[]");
	check_chosen(
	    "[" SENT("\"f:ports\":{"
		     "\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\""
		     ":{\"f:port\":{},\"f:nodePort\":{}}}") "]",
	    "[30080]");
	/* Several managers; one that sent the port and left its number out. */
	check_chosen(
	    "[" SENT(
		"\"f:ports\":{\".\":{},"
		"\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"UDP\\\"}\""
		":{\"f:nodePort\":{}},"
		"\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\""
		":{\"f:port\":{}}}") "," SENT("\"f:healthCheckNodePort\":{},"
					      "\"f:ports\":{"
					      "\"k:{\\\"port\\\":443,"
					      "\\\"protocol\\\":\\\"TCP\\\"}\""
					      ":{\"f:nodePort\":{}}}") "]",
	    "[30081,30443,31000]");
	/* No list, no keys: nothing that anybody chose. */
	check_chosen("[1,{\"fieldsV1\":{\"f:spec\":{\"f:ports\":{\"k:{\":"
		     "{\"f:nodePort\":{}},\"\":{\"f:nodePort\":{}}}}}}]",
	    "[]");
}

static void check_address(
    const char *spec, const char *managed, const char *expected)
{
	autofree char *text = str_printf(
	    "{\"metadata\":{\"name\":\"s\"%s%s},\"spec\":{%s}}",
	    managed ? ",\"managedFields\":" : "", managed ? managed : "", spec);
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;

	assert_ok(
	    kube_item_read(&item, text, strlen(text), NULL, NULL, &err), err);
	cleanup(json_freep) struct json_object *address =
	    kube_item_chosen_address(&item);
	if (expected)
		assert_string_equal(json_str(address), expected);
	else
		assert_null(address);
	kube_item_done(&item);
}

static void tells_a_chosen_address_from_a_made_one(void **state)
{
	static const char ip[] = "\"clusterIP\":\"10.96.0.7\"";
	static const char chosen[] = "[" SENT("\"f:clusterIP\":{}") "]";

	(void)state;
	check_address(ip, chosen, "10.96.0.7");
	/* Whichever of the managers sent it. */
	check_address(ip,
	    "[" SENT("\"f:type\":{}") "," SENT("\"f:clusterIP\":{}") "]",
	    "10.96.0.7");
	check_address("\"clusterIP\":\"fd00::7\"", chosen, "fd00::7");
	/* It is not known who chose it, or the server did. */
	check_address(ip, NULL, NULL);
	check_address(ip, "[" SENT("\"f:type\":{}") "]", NULL);
	check_address(ip, "[" SENT("\"f:clusterIPs\":{}") "]", NULL);
	/* The text occurs, but not as a field of the spec. */
	check_address(ip,
	    "[{\"fieldsV1\":{\"f:metadata\":{\"f:annotations\":{"
	    "\"f:clusterIP\":{}}}}}]",
	    NULL);
	/* There is no address to keep. */
	check_address("\"clusterIP\":\"None\"", chosen, NULL);
	check_address("\"clusterIP\":\"\"", chosen, NULL);
	check_address("\"clusterIP\":7", chosen, NULL);
	check_address("\"type\":\"ExternalName\"", chosen, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_chosen_ports_from_made_ones),
	    cmocka_unit_test(tells_a_chosen_address_from_a_made_one),
	};

	return cmocka_run_group_tests_name(
	    "kube/item_ports", tests, NULL, NULL);
}
