#include "storage/gitops/module_source.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

static void the_repository_of_a_source(void **state)
{
	static const char *const sources[][2] = {
	    {"git::https://host/a.git//vpc?ref=v1", "https://host/a.git"},
	    {"git::ssh://git@host/a.git?ref=v1", "ssh://git@host/a.git"},
	    {"git::git@host:a/b.git//x", "git@host:a/b.git"},
	    {"git@github.com:a/b.git", "git@github.com:a/b.git"},
	    {"github.com/a/b//modules/x?ref=1", "https://github.com/a/b"},
	    {"bitbucket.org/a/b", "https://bitbucket.org/a/b"},
	    {"github.com/a", NULL},
	    {"github.com/a/", NULL},
	    {"hashicorp/consul/aws", NULL},
	    {"./local", NULL},
	    {"https://example.com/vpc-module.zip", NULL},
	    {"s3::https://s3.amazonaws.com/a/b.zip", NULL},
	    {"git::", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		autofree char *url = module_source_repository(sources[i][0]);
		if (!str_eq(url, sources[i][1]))
			fail_msg("%s: %s", sources[i][0], url ? url : "NULL");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_repository_of_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
