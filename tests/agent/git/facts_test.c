/* What is recorded of a captured repository. */
#include "agent/git/facts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

static const struct capture_git_repository web = {
    .name = "web", .url = "https://h/team/web.git"};

static void assert_taken(struct json_object *j, const char *want)
{
	assert_json(j, want);
	json_free(j);
}

static void add(struct strvec *to, const char *one, const char *two)
{
	strvec_add(to, one);
	strvec_add(to, two);
}

/* Those of other machines' parts count, by whichever URL. */
static void a_submodule_is_covered_by_any_source_of_the_snapshot(void **state)
{
	cleanup(mirror_state_done) struct mirror_state s = MIRROR_STATE_INIT;
	cleanup(strvec_done) struct strvec sources = VEC_INIT;
	cleanup(strvec_done) struct strvec uncovered = VEC_INIT;
	const struct capture_git_options o = {
	    .repositories = &web, .count = 1, .sources = &sources};
	const struct git_captured t = {.r = &web, .state = &s};

	(void)state;
	add(&sources, web.url, "ssh://git@h/team/lib.git");
	add(&s.submodules, "../lib.git", "../other.git");
	strvec_add(&s.submodules, "https://h/lib");
	git_facts_uncovered(&o, &t, &uncovered);
	assert_int_equal(uncovered.len, 2);
	assert_string_equal(uncovered.items[0], "../other.git");
	assert_string_equal(uncovered.items[1], "https://h/lib");
}

static void facts_name_what_is_not_covered(void **state)
{
	cleanup(mirror_state_done) struct mirror_state s = MIRROR_STATE_INIT;
	cleanup(strvec_done) struct strvec uncovered = VEC_INIT;
	const struct git_captured t = {
	    .r = &web, .state = &s, .refs = 7, .dir = "/nowhere"};
	struct lfs_object *o = vec_add(&s.lfs);

	(void)state;
	*o = (struct lfs_object){.sha256 = "00", .bytes = 5};
	s.head = str_dup("refs/heads/caf\xe9");
	strvec_add(&uncovered, "../other.git");
	assert_taken(git_facts_json(&t, &uncovered),
	    "{\"url\":\"https://h/team/web.git\",\"head\":"
	    "\"refs/heads/caf\\\\xe9\",\"head_unborn\":false,"
	    "\"refs_count\":7,\"refs\":{},\"lfs\":{\"objects\":1,\"bytes\":5,"
	    "\"stored\":0,\"missing\":1},\"submodules\":[\"../other.git\"]}");
	s.head_unknown = true;
	assert_taken(git_facts_summary(&t, 9),
	    "{\"name\":\"web\",\"url\":\"https://h/team/web.git\",\"head\":"
	    "null,\"refs\":7,\"bytes\":9,\"received_bytes\":0,\"lfs\":"
	    "{\"objects\":1,\"bytes\":5,\"stored\":0,\"missing\":1}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_submodule_is_covered_by_any_source_of_the_snapshot),
	    cmocka_unit_test(facts_name_what_is_not_covered),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
