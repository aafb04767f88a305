#include "restore/kube/policy.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

/* The texts are those of 1.36.2, and of 1.20.2 for the webhook that is away. */
static void a_message_names_who_refused(void **state)
{
	static const struct {
		const char *message;
		const char *name; /* "": nobody that may be in no API */
		bool webhook;
	} cases[] = {
	    {"configmaps \"x\" is forbidden: ValidatingAdmissionPolicy "
	     "'no-x.static.k8s.io' with binding 'all.static.k8s.io' denied "
	     "request: x is not allowed",
		"no-x.static.k8s.io", false},
	    {"configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'no-x' "
	     "with binding 'all' denied request: x is not allowed",
		"", false},
	    {"Internal error occurred: failed calling webhook "
	     "\"away.example.com\": failed to call webhook: Post "
	     "\"https://127.0.0.1:9/?timeout=10s\": dial tcp 127.0.0.1:9: "
	     "connect: connection refused",
		"away.example.com", true},
	    {"Internal error occurred: failed calling webhook "
	     "\"away.example.com\": Post \"https://127.0.0.1:9/\": EOF",
		"away.example.com", true},
	    {"admission webhook \"no.example.com\" denied the request: no",
		"no.example.com", true},
	    {"admission webhook \"", "", false},
	    {"ValidatingAdmissionPolicy '' with binding '' denied request: ",
		"", false},
	    {"configmaps \"x\" already exists", "", false},
	    {"", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf name = BUF_INIT;
		bool webhook;
		print_message("%s\n", cases[i].message);
		bool found = policy_find(cases[i].message, &name, &webhook);
		assert_int_equal(found, *cases[i].name != '\0');
		assert_int_equal(webhook, cases[i].webhook);
		if (found)
			assert_string_equal(buf_str(&name), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_names_who_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
