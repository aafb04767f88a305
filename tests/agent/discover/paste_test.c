#include "agent/discover/paste.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static struct backend backend_at(const char *bucket, const char *key)
{
	return (struct backend){.bucket = str_dup(bucket), .key = str_dup(key)};
}

static void what_is_printed_is_safe(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	*vec_add(&all) = backend_at("yes", NULL);
	found_add_backend(&f, all.items, "evil\nname: other");
	found_add_repository(&f, "https://h/a", "by");
	found_sort(&f);
	paste_write(&f, "b.yaml", &out);
	assert_contains(buf_str(&out), "bucket: \"yes\"\n");
	assert_null(strstr(buf_str(&out), "\nname: other"));
	found_cover_repository(&f, "https://H/a.git");
	assert_true(f.repositories.items[0].covered);
}

/* What a repository names as an endpoint could else be sent a variable of ours.
 */
static void a_name_is_not_taken_for_a_variable(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	*vec_add(&all) = backend_at("state", "k");
	all.items[0].endpoint = str_dup("https://h/${AWS_SECRET_ACCESS_KEY}");
	found_add_backend(&f, all.items, "by");
	paste_buckets(&f, &out);
	assert_string_equal(buf_str(&out),
	    "    # by\n"
	    "    - bucket: state\n"
	    "      endpoint: \"https://h/$${AWS_SECRET_ACCESS_KEY}\"\n");
}

static void what_is_lacking_can_be_pasted(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	for (int i = 0; i < 6; i++) {
		autofree char *by = str_printf("by %d", i);
		found_add_repository(&f, "https://h/a", by);
	}
	found_add_repository(&f, "https://h/b", "by");
	found_cover_repository(&f, "https://h/b");
	struct found_credentials *c =
	    found_add_credentials(&f, "https://h/a", "c", "ns", "s");
	strvec_add(&c->keys, "known_hosts");
	found_add_credentials(&f, "https://h/a", "c", "ns", "second");
	c = found_add_credentials(&f, "ssh://git@h/", "c", "ns", "t");
	strvec_add(&c->keys, "identity");
	*vec_add(&all) = backend_at("state", "k");
	found_add_backend(&f, all.items, "by");
	found_add_unclear(&f, "one thing");
	paste_write(&f, "b.yaml", &out);
	assert_string_equal(buf_str(&out),
	    "# Found: 2 repositories, 1 bucket of state.\n"
	    "git:\n"
	    "  repositories:\n"
	    "    # by 0\n    # by 1\n    # by 2\n    # by 3\n"
	    "    # and 2 more\n"
	    "    - url: \"https://h/a\"\n"
	    "  credentials:\n"
	    "    # cluster 'c': Secret ns/s\n"
	    "    - url: \"https://h/a\"\n"
	    "      # kubectl -n ns get secret s -o go-template='{{index .data "
	    "\"known_hosts\" | base64decode}}' >ns-s-known_hosts\n"
	    "      known_hosts_file: ns-s-known_hosts\n"
	    "      # It holds nothing that this program could use; make a "
	    "token "
	    "for it.\n"
	    "      token_file: git-token\n"
	    "    # cluster 'c': Secret ns/t\n"
	    "    - url: \"ssh://git@h/\"\n"
	    "      # kubectl -n ns get secret t -o go-template='{{index .data "
	    "\"identity\" | base64decode}}' >ns-t-identity\n"
	    "      ssh_key_file: ns-t-identity\n"
	    "terraform:\n  buckets:\n    # by\n    - bucket: state\n"
	    "# unclear: one thing\n");
}

static void where_nothing_lacks_there_are_comments_alone(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	*vec_add(&all) = backend_at("b", "other/k");
	found_add_backend(&f, all.items, "by");
	strvec_add(&prefixes, "some/");
	found_cover_bucket(&f, "b", &prefixes);
	found_add_credentials(&f, "https://h/", "c", "ns", "s")->covered = true;
	paste_write(&f, "b.yaml", &out);
	assert_string_equal(buf_str(&out),
	    "# Found: 0 repositories, 1 bucket of state.\n"
	    "# b.yaml names all of them.\n"
	    "# bucket 'b' is configured, but none of its prefixes holds "
	    "other/k\n");
}

static void the_same_as_json(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(backends_done) struct backends all = VEC_INIT;

	(void)state;
	found_add_repository(&f, "https://h/a", "by");
	strvec_add(
	    &found_add_credentials(&f, "https://h/a", "c", "ns", "s")->keys,
	    "password");
	*vec_add(&all) = backend_at("b", "k");
	found_add_backend(&f, all.items, "by");
	cleanup(json_freep) struct json_object *j = json_new_object();

	paste_json(&f, j);
	assert_json(j,
	    "{\"repositories\":[{\"url\":\"https://h/a\",\"named_by\":[\"by\"],"
	    "\"configured\":false}],\"credentials\":[{\"url\":\"https://h/a\","
	    "\"cluster\":\"c\",\"secret\":\"ns/s\",\"username\":null,"
	    "\"keys\":[\"password\"],\"configured\":false}],\"buckets\":[{"
	    "\"bucket\":\"b\",\"region\":null,\"dynamodb_table\":null,"
	    "\"endpoint\":null,\"keys\":[\"k\"],\"named_by\":[\"by\"],"
	    "\"configured\":false,\"outside_prefixes\":[]}],\"unclear\":[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_printed_is_safe),
	    cmocka_unit_test(a_name_is_not_taken_for_a_variable),
	    cmocka_unit_test(what_is_lacking_can_be_pasted),
	    cmocka_unit_test(where_nothing_lacks_there_are_comments_alone),
	    cmocka_unit_test(the_same_as_json),
	};

	return cmocka_run_group_tests_name("paste", tests, NULL, NULL);
}
