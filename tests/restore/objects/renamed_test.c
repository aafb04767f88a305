#include "restore/objects/renamed.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void look(struct renamed_vec *v, const char *text)
{
	cleanup(json_freep) struct json_object *object = test_json(text);

	renamed_check(v, object);
}

#define OBJECT(API, KIND, NAME, REST)                                          \
	"{\"apiVersion\":\"" API "\",\"kind\":\"" KIND                         \
	"\",\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"ns\"" REST "}"
#define SPEC(TEXT) "},\"spec\":{" TEXT "}"
#define FLUX "source.toolkit.fluxcd.io/v1"
#define ARGO "argoproj.io/v1alpha1"

static void check_named(
    const struct renamed_vec *v, size_t i, const char *const *expected)
{
	size_t n = 0;

	for (; expected[n]; n++) {
		assert_true(n < v->items[i].objects.len);
		assert_string_equal(v->items[i].objects.items[n], expected[n]);
	}
	assert_int_equal(v->items[i].objects.len, n);
}

static void every_place_is_looked_at(void **state)
{
	cleanup(renamed_done) struct renamed_vec v = VEC_INIT;

	(void)state;
	renamed_add(&v, "https://old/g/", "https://new/g/");
	look(&v, OBJECT(FLUX, "GitRepository", "a",
		     SPEC("\"url\":\"ssh://git@old/g/a\"")));
	look(&v, OBJECT(ARGO, "Application", "b",
		     SPEC("\"source\":{\"repoURL\":\"https://old/g/b.git\"},"
			  "\"sources\":[{\"repoURL\":\"https://else/b\"},"
			  "{\"repoURL\":\"git@old:g/c.git\"}]")));
	look(&v,
	    OBJECT(ARGO, "ApplicationSet", "c",
		SPEC("\"generators\":[{\"git\":{\"repoURL\":\"https://old/g/"
		     "x\"}},{\"matrix\":{\"generators\":[{\"git\":{"
		     "\"repoURL\":\"https://old/g/x\"}}]}}],\"template\":{"
		     "\"spec\":{\"source\":{\"repoURL\":\"https://old/g/"
		     "x\"}}}")));
	look(&v, OBJECT(ARGO, "AppProject", "d",
		     SPEC("\"sourceRepos\":[\"https://old/g/*\",\"*\"]")));
	look(&v, OBJECT("v1", "Secret", "e",
		     ",\"labels\":{\"argocd.argoproj.io/secret-type\":"
		     "\"repository\"}},\"data\":{\"url\":"
		     "\"aHR0cHM6Ly9vbGQvZy9h\"}"));
	look(&v, OBJECT(ARGO, "Application", "j",
		     SPEC("\"sourceHydrator\":{\"drySource\":{\"repoURL\":"
			  "\"https://old/g/b\"}}")));
	look(&v, OBJECT("fleet.cattle.io/v1alpha1", "GitRepo", "k",
		     SPEC("\"repo\":\"https://old/g/b\"")));
	/* No such Secret, no such kind, no such place. */
	look(&v, OBJECT("v1", "Secret", "f",
		     "},\"data\":{\"url\":\"aHR0cHM6Ly9vbGQvZy9h\"}"));
	look(&v, OBJECT("other/v1", "GitRepository", "g",
		     SPEC("\"url\":\"https://old/g/a\"")));
	look(&v, OBJECT(FLUX, "GitRepository", "h",
		     SPEC("\"url\":\"https://old/gg/a\"")));
	look(&v, OBJECT(FLUX, "GitRepository", "i", SPEC("\"url\":7")));
	check_named(&v, 0,
	    (const char *[]){
		"GitRepository.source.toolkit.fluxcd.io ns/a (/spec/url)",
		"Application.argoproj.io ns/b (/spec/source/repoURL)",
		"Application.argoproj.io ns/b (/spec/sources/*/repoURL)",
		"ApplicationSet.argoproj.io ns/c "
		"(/spec/generators/*/git/repoURL)",
		"ApplicationSet.argoproj.io ns/c "
		"(/spec/generators/*/matrix/generators/*/git/repoURL)",
		"ApplicationSet.argoproj.io ns/c "
		"(/spec/template/spec/source/repoURL)",
		"AppProject.argoproj.io ns/d (/spec/sourceRepos/*)",
		"Secret ns/e (/data/url, in base64)",
		"Application.argoproj.io ns/j "
		"(/spec/sourceHydrator/drySource/repoURL)",
		"GitRepo.fleet.cattle.io ns/k (/spec/repo)", NULL});
}

static void the_nearest_map_counts(void **state)
{
	cleanup(renamed_done) struct renamed_vec v = VEC_INIT;
	cleanup(strvec_done) struct strvec texts = VEC_INIT;

	(void)state;
	renamed_add(&v, "https://old/", "https://new/");
	renamed_add(&v, "https://old/g/", "https://newer/g/");
	renamed_add(&v, "https://old/g/one.git", "https://third/one");
	/* The same place by another way there is no other. */
	renamed_add(&v, "https://same/x.git", "ssh://git@same/x");
	assert_int_equal(v.len, 3);
	look(&v, OBJECT(FLUX, "GitRepository", "one",
		     SPEC("\"url\":\"https://old/g/one\"")));
	look(&v, OBJECT(FLUX, "GitRepository", "two",
		     SPEC("\"url\":\"https://old/g/two\"")));
	check_named(&v, 0, (const char *[]){NULL});
	check_named(&v, 1,
	    (const char *[]){
		"GitRepository.source.toolkit.fluxcd.io ns/two (/spec/url)",
		NULL});
	check_named(&v, 2,
	    (const char *[]){
		"GitRepository.source.toolkit.fluxcd.io ns/one (/spec/url)",
		NULL});
	renamed_report(&v, &texts);
	assert_int_equal(texts.len, 2);
	assert_contains(
	    texts.items[1], "sends 'https://old/g/one.git' to 'https://third");
	assert_contains(texts.items[1], "ns/one (/spec/url); where");
	/* As a patch takes it, which knows no '*'. */
	assert_contains(texts.items[1], "with an index from 0 for each '*'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_place_is_looked_at),
	    cmocka_unit_test(the_nearest_map_counts),
	};

	return cmocka_run_group_tests_name("renamed", tests, NULL, NULL);
}
