/*
 * What the parts of a snapshot point to, judged together; mirrors are in
 * tests/e2e/closure.bats.
 */
#include "agent/closure/closure_part.h"

#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
#include "tests/support/lacks.h"
#include "tests/support/test.h"

#define COMMIT "0123456789abcdef012345678901234567890123"
#define OTHER "0123456789abcdee012345678901234567890123"

static void hand_on(struct closure *to, struct closure *from, uint64_t ids)
{
	const struct closure_lacks none = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	closure_part_write(from, &none, &text);
	assert_ok(
	    closure_part_read(to, buf_str(&text), text.len, ids, &err), err);
}

static void note(
    struct closure *c, const char *key, const char *name, const char *text)
{
	closure_note_object(c, "c", key, "n", name, text, strlen(text));
}

static void what_one_part_tells_alone_is_judged_there(void **state)
{
	cleanup(closure_freep) struct closure *part = closure_new();
	cleanup(closure_freep) struct closure *all = closure_new();

	(void)state;
	note(part, "secrets", "there", "{}");
	note(part, "serviceaccounts", "s",
	    "{\"imagePullSecrets\":[{\"name\":\"there\"},{\"name\":\"a\"}]}");
	hand_on(all, part, 0);
	test_assert_lacks(all,
	    "missing: Secret 'n/a', which cluster 'c': serviceaccounts n/s "
	    "names, was not captured\n");
}

static void keep_lines(struct closure *c, const char *by, const char *text)
{
	closure_keep_lines(&c->documents, text, strlen(text), by);
}

#define AGE(key) "sops_age__list_0__map_recipient=" key "\nsops_mac=x\n"
#define FINGERPRINT "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"
#define UNKNOWN "3EBFB3DA0373D835BE6532D0EFDCB76118AFFC54"
#define PGP(key) "sops_pgp__list_0__map_fp=" key "\nsops_mac=x\n"

static void keys_of_one_part_read_documents_of_another(void **state)
{
	cleanup(closure_freep) struct closure *mirrors = closure_new();
	cleanup(closure_freep) struct closure *keys = closure_new();
	cleanup(closure_freep) struct closure *all = closure_new();

	(void)state;
	keep_lines(mirrors, "a.env", AGE("age1a"));
	keep_lines(mirrors, "b.env", AGE("age1b"));
	keep_lines(mirrors, "c.env", PGP(FINGERPRINT));
	keep_lines(mirrors, "d.env", PGP("F"));
	strvec_add(&keys->age, "age1a");
	keep_lines(mirrors, "e.env", PGP(UNKNOWN));
	assert_true(openpgp_key_parse(FINGERPRINT, vec_add(&keys->pgp)));
	assert_true(openpgp_key_parse(UNKNOWN, vec_add(&keys->pgp)));
	keys->pgp.items[1].unknown = 99;
	hand_on(all, mirrors, 0);
	hand_on(all, keys, 0);
	test_assert_lacks(all,
	    "missing: b.env is encrypted by SOPS, and no key for it was "
	    "captured: age age1b\n"
	    "missing: d.env is encrypted by SOPS, and no key for it was "
	    "captured: pgp F\n"
	    "missing: e.env is encrypted by SOPS, and it is not known whether "
	    "a captured key opens it: pgp " UNKNOWN " (captured, but of "
	    "public-key algorithm 99, which is not known)\n");
}

static void add_revision(struct closure *c, const char *id, const char *by)
{
	assert_true(closure_revision(c, "https://h/a.git", id, by));
}

/* The ids of the mirrors follow one another. */
static void commits_are_looked_for_in_the_mirrors_of_all(void **state)
{
	static const uint8_t some[] = "12345678"
				      "\x01\x23\x45\x67\x89\xab\xcd\xef";
	cleanup(closure_freep) struct closure *one = closure_new();
	cleanup(closure_freep) struct closure *two = closure_new();
	cleanup(closure_freep) struct closure *all = closure_new();
	struct err err = ERR_INIT;
	struct spool ids;

	(void)state;
	add_revision(one, COMMIT, "one");
	add_revision(one, COMMIT, "the same");
	add_revision(one, OTHER, "two");
	assert_true(closure_revision(one, "https://h/none.git", OTHER, "no"));
	*vec_add(&one->mirrors) =
	    (struct closure_part_mirror){str_dup("h/b"), 1, 0};
	*vec_add(&two->mirrors) =
	    (struct closure_part_mirror){str_dup("h/a"), 1, 0};
	hand_on(all, one, CLOSURE_PART_ID);
	hand_on(all, two, CLOSURE_PART_ID);
	spool_init(&ids, "/tmp", 64);
	assert_ok(spool_add(&ids, some, 2 * CLOSURE_PART_ID, &err), err);
	assert_ok(closure_part_find(all, &ids, &err), err);
	spool_done(&ids);
	test_assert_lacks(all,
	    "missing: commit " OTHER " of 'https://h/a.git', which two runs, "
	    "is not in the mirror\n");
}

/* One of the own part that lacks it has been searched already. */
static void a_mirror_of_the_own_part_counts(void **state)
{
	cleanup(closure_freep) struct closure *part = closure_new();
	cleanup(closure_freep) struct closure *all = closure_new();

	(void)state;
	add_revision(part, COMMIT, "one");
	add_revision(part, OTHER, "two");
	part->revisions.items[0].searched = true;
	part->revisions.items[1].searched = true;
	part->revisions.items[1].there = true;
	hand_on(all, part, 0);
	test_assert_lacks(all,
	    "missing: commit " COMMIT " of 'https://h/a.git', which one runs, "
	    "is not in the mirror\n");
}

static void add_sealed(struct closure *c, const char *name)
{
	*vec_add(&c->documents) =
	    (struct closure_document){.by = str_dup("a.yaml"),
		.name = str_dup(name),
		.ns = str_dup("n"),
		.value = str_dup("AAAA")};
}

static void what_no_part_could_try_is_not_known(void **state)
{
	cleanup(closure_freep) struct closure *mirrors = closure_new();
	cleanup(closure_freep) struct closure *none = closure_new();
	cleanup(closure_freep) struct closure *all = closure_new();
	struct err err = ERR_INIT;
	const char keys[] = "{\"version\":2,\"sealing\":[\"a\",\"b\"]}";

	(void)state;
	closure_unasked(mirrors);
	add_sealed(mirrors, "s");
	add_sealed(mirrors, "t");
	hand_on(none, mirrors, 0);
	test_assert_lacks(none,
	    "missing: a.yaml: SealedSecret 's': none of the 0 sealing keys "
	    "that were captured opens it\n"
	    "missing: a.yaml: SealedSecret 't': none of the 0 sealing keys "
	    "that were captured opens it\n");
	hand_on(all, mirrors, 0);
	assert_ok(closure_part_read(all, keys, strlen(keys), 0, &err), err);
	test_assert_lacks(all,
	    "missing: of 2 SealedSecrets (the first is 's', a.yaml) it is not "
	    "known whether a captured key opens them: the sealing keys are in "
	    "another part than the repository, and its cluster could not be "
	    "asked for them\n");
}

/* A key of another machine's cluster that opens one counts if it was captured
 * there. */
static void a_sealing_key_counts_where_a_part_captured_it(void **state)
{
	static const char part[] =
	    "{\"version\":2,\"asked\":true,\"sealed\":["
	    "{\"by\":\"a.yaml\",\"name\":\"s\",\"key\":\"b\"},"
	    "{\"by\":\"a.yaml\",\"name\":\"t\",\"key\":\"c\"},"
	    "{\"by\":\"a.yaml\",\"name\":\"u\"}]}";
	static const char keys[] =
	    "{\"version\":2,\"asked\":true,\"sealing\":[\"a\",\"b\"]}";
	cleanup(closure_freep) struct closure *all = closure_new();
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(closure_part_read(all, part, strlen(part), 0, &err), err);
	assert_ok(closure_part_read(all, keys, strlen(keys), 0, &err), err);
	test_assert_lacks(all,
	    "missing: a.yaml: SealedSecret 't': none of the 2 sealing keys "
	    "that were captured opens it\n"
	    "missing: a.yaml: SealedSecret 'u': none of the 2 sealing keys "
	    "that were captured opens it\n");
}

static void add_id(struct spool *ids, const char *ref)
{
	uint8_t id[DIGEST_SHA256_LEN];
	struct err err = ERR_INIT;

	digest_of(DIGEST_SHA256, ref, strlen(ref), id);
	assert_ok(spool_add(ids, id, CLOSURE_PART_ID, &err), err);
}

static void name(struct closure *c, const char *revision)
{
	closure_named(c, "https://h/a.git", revision, "x");
}

/* By the name of the ref itself, or of a branch or a tag. */
static void refs_are_looked_for_in_the_mirrors_of_all(void **state)
{
	cleanup(closure_freep) struct closure *objects = closure_new();
	cleanup(closure_freep) struct closure *mirror = closure_new();
	cleanup(closure_freep) struct closure *all = closure_new();
	struct err err = ERR_INIT;
	struct spool ids;

	(void)state;
	name(objects, "refs/heads/main");
	name(objects, "main");
	name(objects, "v1");
	name(objects, "refs/tags/main");
	name(objects, "heads/main");
	closure_named(objects, "https://h/a.git", "1.*", "x")->unclear = true;
	*vec_add(&mirror->mirrors) =
	    (struct closure_part_mirror){str_dup("h/a"), 0, 2};
	hand_on(all, objects, 0);
	hand_on(all, mirror, 2 * CLOSURE_PART_ID);
	spool_init(&ids, "/tmp", 64);
	add_id(&ids, "refs/heads/main");
	add_id(&ids, "refs/tags/v1");
	assert_ok(closure_part_find(all, &ids, &err), err);
	spool_done(&ids);
	test_assert_lacks(all,
	    "missing: revision 'heads/main' of 'https://h/a.git', which x "
	    "names, is not in the mirror\n"
	    "missing: revision 'refs/tags/main' of 'https://h/a.git', which x "
	    "names, is not in the mirror\n");
}

static void note_source(struct closure *c, const char *by, const char *url)
{
	found_add_repository(&c->found, url, by);
}

/* Whoever names it, it is one line; which, does not depend on the order. */
static void what_is_no_source_is_told_once(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		cleanup(closure_freep) struct closure *one = closure_new();
		cleanup(closure_freep) struct closure *two = closure_new();
		cleanup(closure_freep) struct closure *all = closure_new();
		char bucket[] = "b", key[] = "k";
		const struct backend b = {.bucket = bucket, .key = key};
		note_source(one, "c", "https://h/a.git");
		note_source(one, "b", "git@h:a.git");
		note_source(two, "a", "https://h/a");
		found_add_backend(&one->found, &b, "y");
		found_add_backend(&two->found, &b, "x");
		hand_on(all, order ? one : two, 0);
		hand_on(all, order ? two : one, 0);
		test_assert_lacks(all,
		    "outside: bucket 'b' of Terraform state, which x names, is "
		    "not a source\n"
		    "outside: repository 'git@h:a.git', which a names, is not "
		    "a source\n");
	}
}

static void a_state_outside_of_the_prefixes_is_told_once(void **state)
{
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;
	cleanup(closure_freep) struct closure *all = closure_new();

	(void)state;
	strvec_add(&prefixes, "prod/");
	for (int i = 0; i < 2; i++) {
		cleanup(closure_freep) struct closure *part = closure_new();
		char bucket[] = "b", key[] = "dev/s", there[] = "prod/s";
		const struct backend out = {.bucket = bucket, .key = key};
		const struct backend in = {.bucket = bucket, .key = there};
		found_add_backend(&part->found, &out, i ? "y" : "z");
		found_add_backend(&part->found, &in, i ? "y" : "z");
		found_cover_bucket(&part->found, "b", &prefixes);
		hand_on(all, part, 0);
	}
	test_assert_lacks(all,
	    "outside: state 'dev/s' in bucket 'b', which y names, is outside "
	    "of the prefixes\n");
}

static void what_is_not_of_this_form_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"version\":1}",
	    "{\"version\":3}",
	    "{\"version\":2,\"repositories\":[{\"url\":\"u\"}]}",
	    "{\"version\":2,\"buckets\":[{\"by\":\"u\"}]}",
	    "{\"version\":2,\"revisions\":[{\"url\":\"u\",\"by\":\"b\","
	    "\"name\":\"\"}]}",
	    "{\"version\":2,\"lacks\":[{}]}",
	    "{\"version\":2,\"revisions\":[{\"url\":\"u\","
	    "\"by\":\"b\",\"runs\":true,\"name\":\"0123\"}]}",
	    "{\"version\":2,\"documents\":[{\"by\":\"b\"}]}",
	    "{\"version\":2,\"documents\":[{\"by\":\"b\","
	    "\"needed\":1,\"keys\":[{\"kind\":\"other\",\"id\":\"i\","
	    "\"group\":0}]}]}",
	    "{\"version\":2,\"unknown\":[{\"fingerprint\":\"" FINGERPRINT
	    "\",\"algorithm\":256}]}",
	    "{\"version\":2,\"sealed\":[{\"by\":\"b\"}]}",
	    "{\"version\":2,\"mirrors\":[{\"repository\":\"r\","
	    "\"objects\":1,\"refs\":0}]}",
	    "{\"version\":2,\"mirrors\":[{\"repository\":\"r\","
	    "\"objects\":0,\"refs\":2305843009213693953}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup(closure_freep) struct closure *c = closure_new();
		struct err err = ERR_INIT;
		assert_int_equal(
		    closure_part_read(c, bad[i], strlen(bad[i]), 0, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
	/* Bytes that belong to no mirror. */
	cleanup(closure_freep) struct closure *c = closure_new();
	struct err err = ERR_INIT;
	const char none[] = "{\"version\":2}";
	assert_int_equal(
	    closure_part_read(c, none, strlen(none), CLOSURE_PART_ID, &err),
	    -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_one_part_tells_alone_is_judged_there),
	    cmocka_unit_test(keys_of_one_part_read_documents_of_another),
	    cmocka_unit_test(commits_are_looked_for_in_the_mirrors_of_all),
	    cmocka_unit_test(a_mirror_of_the_own_part_counts),
	    cmocka_unit_test(what_no_part_could_try_is_not_known),
	    cmocka_unit_test(a_sealing_key_counts_where_a_part_captured_it),
	    cmocka_unit_test(refs_are_looked_for_in_the_mirrors_of_all),
	    cmocka_unit_test(what_is_no_source_is_told_once),
	    cmocka_unit_test(a_state_outside_of_the_prefixes_is_told_once),
	    cmocka_unit_test(what_is_not_of_this_form_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
