#include "storage/kube/key_search.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

/* A store, in the order of its keys; those that begin with '!' cannot be shown.
 */
struct store {
	const char *const *keys;
	int questions;
	int broken_at; /* the question that gets no answer; 0: none */
};

static int compare(const char *stored, const char *key)
{
	return strcmp(stored + (*stored == '!'), key);
}

/* Whether the first object from that key on cannot be shown. */
static int ask(void *ctx, const char *key, bool *fails, struct err *err)
{
	struct store *s = ctx;
	const char *const *at = s->keys;

	if (++s->questions == s->broken_at)
		return err_set(err, ERR_NETWORK, "no answer");
	assert_true(*key != '\0' && key[strlen(key) - 1] != '/');
	while (*at && compare(*at, key) < 0)
		at++;
	*fails = *at && **at == '!';
	return 0;
}

static void the_key_is_found(void **state)
{
	static const struct {
		const char *keys[6];
		const char *after, *key;
	} cases[] = {
	    {{"!a"}, "", "a"},
	    {{"!z"}, "", "z"},
	    {{"!0"}, "", "0"},
	    {{"a", "!b", "c"}, "a", "b"},
	    {{"ns/a", "!ns/bad-one", "ns/c"}, "ns/a", "ns/bad-one"},
	    {{"ns/a", "!ns/a-b", "ns/a.b", "ns/ab"}, "ns/a", "ns/a-b"},
	    {{"ns/a", "!ns/a.b", "ns/ab"}, "ns/a", "ns/a.b"},
	    {{"ns-0/z", "!ns/0"}, "ns-0/z", "ns/0"},
	    {{"ns/z", "!ns0/a"}, "ns/z", "ns0/a"},
	    {{"!ns/a", "ns/ab"}, "", "ns/a"},
	    /* the last of those in a row */
	    {{"a", "!b", "!c", "!d", "e"}, "a", "d"},
	    /* those behind the next that can be shown do not count */
	    {{"a", "!b", "c", "!d"}, "a", "b"},
	    {{"a", "!b", "c", "!d"}, "c", "d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store s = {.keys = cases[i].keys};
		cleanup(buf_done) struct buf key = BUF_INIT;
		struct err err = ERR_INIT;
		print_message("%s\n", cases[i].key);
		assert_ok(
		    kube_key_search(cases[i].after, ask, &s, &key, &err), err);
		assert_string_equal(buf_str(&key), cases[i].key);
		assert_in_range(s.questions, 1, 7 * (key.len + 1));
	}
}

/* A server that fails whatever is asked, or nothing. */
static int always(void *ctx, const char *key, bool *fails, struct err *err)
{
	(void)key;
	(void)err;
	*fails = *(const bool *)ctx;
	return 0;
}

static void answers_that_fit_no_key_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		bool fails = i != 0;
		cleanup(buf_done) struct buf key = BUF_INIT;
		struct err err = ERR_INIT;
		assert_fails(kube_key_search("a/b", always, &fails, &key, &err),
		    err, ERR_FORMAT);
	}
}

static void a_question_without_answer_ends_it(void **state)
{
	const char *keys[] = {"a", "!b", "c", NULL};
	struct store s = {.keys = keys, .broken_at = 3};
	cleanup(buf_done) struct buf key = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(
	    kube_key_search("a", ask, &s, &key, &err), err, ERR_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_key_is_found),
	    cmocka_unit_test(answers_that_fit_no_key_are_refused),
	    cmocka_unit_test(a_question_without_answer_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
