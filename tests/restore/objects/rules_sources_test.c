#include "restore/objects/rules.h"

#include "tests/support/test.h"

#include <string.h>

/* OWNER/NAME of a host, and a file of it: so each can be opened by who doubts a
 * rule. */
static void each_source_is_a_file_of_a_repository(void **state)
{
	(void)state;
	for (const struct rule_source *s = rules_sources; s->system; s++) {
		const char *slash = strchr(s->repository, '/');

		if (!rules_system_known(s->system) || !slash ||
		    slash == s->repository || !slash[1] ||
		    strchr(slash + 1, '/') || !*s->path || *s->path == '/' ||
		    strstr(s->path, "..") || !*s->release)
			fail_msg("%s %s %s", s->system, s->repository, s->path);
	}
}

static void none_stands_there_twice(void **state)
{
	(void)state;
	for (const struct rule_source *s = rules_sources; s->system; s++)
		for (const struct rule_source *o = s + 1; o->system; o++)
			if (str_eq(s->system, o->system) &&
			    str_eq(s->repository, o->repository) &&
			    str_eq(s->path, o->path))
				fail_msg("%s %s", s->repository, s->path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_source_is_a_file_of_a_repository),
	    cmocka_unit_test(none_stands_there_twice),
	};

	return cmocka_run_group_tests_name(
	    "objects/rules_sources", tests, NULL, NULL);
}
