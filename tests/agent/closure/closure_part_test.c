/*
 * What the parts of a snapshot point to, judged together; mirrors are in
 * tests/e2e/closure.bats.
 */
#include "agent/closure/closure_part.h"

#include "agent/closure/closure_room.h"
#include "storage/base/cleanup.h"
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

static void assert_lacks(struct closure *c, const char *want)
{
	cleanup(closure_lacks_done) struct closure_lacks lacks = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	closure_judge(c, &lacks);
	VEC_EACH (&lacks, l)
		buf_printf(&out, "%s: %s\n", l->outside ? "outside" : "missing",
		    l->what);
	assert_string_equal(buf_str(&out), want);
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
	assert_lacks(all,
	    "missing: Secret 'n/a', which cluster 'c': serviceaccounts n/s "
	    "names, was not captured\n");
}

static void keep_lines(struct closure *c, const char *by, const char *text)
{
	closure_keep_lines(&c->documents, text, strlen(text), by);
}

#define AGE(key) "sops_age__list_0__map_recipient=" key "\nsops_mac=x\n"
#define FINGERPRINT "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"
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
	assert_true(openpgp_key_parse(FINGERPRINT, vec_add(&keys->pgp)));
	hand_on(all, mirrors, 0);
	hand_on(all, keys, 0);
	assert_lacks(all,
	    "missing: b.env is encrypted by SOPS, and no key for it was "
	    "captured: age age1b\n"
	    "missing: d.env is encrypted by SOPS, and no key for it was "
	    "captured: pgp F\n");
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
	    (struct closure_part_mirror){str_dup("h/b"), 1};
	*vec_add(&two->mirrors) =
	    (struct closure_part_mirror){str_dup("h/a"), 1};
	hand_on(all, one, CLOSURE_PART_ID);
	hand_on(all, two, CLOSURE_PART_ID);
	spool_init(&ids, "/tmp", 64);
	assert_ok(spool_add(&ids, some, 2 * CLOSURE_PART_ID, &err), err);
	assert_ok(closure_part_find(all, &ids, &err), err);
	spool_done(&ids);
	assert_lacks(all,
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
	assert_lacks(all,
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
	const char keys[] = "{\"version\":1,\"sealing\":2}";

	(void)state;
	add_sealed(mirrors, "s");
	add_sealed(mirrors, "t");
	hand_on(none, mirrors, 0);
	assert_lacks(none,
	    "missing: a.yaml: SealedSecret 's': none of the 0 sealing keys "
	    "that were captured opens it\n"
	    "missing: a.yaml: SealedSecret 't': none of the 0 sealing keys "
	    "that were captured opens it\n");
	hand_on(all, mirrors, 0);
	assert_ok(closure_part_read(all, keys, strlen(keys), 0, &err), err);
	assert_lacks(all,
	    "missing: of 2 SealedSecrets (the first is 's', a.yaml) it is not "
	    "known whether a captured key opens them: the sealing keys are in "
	    "another part than the repository\n");
}

static void what_is_not_of_this_form_is_refused(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"version\":1}",
	    "{\"version\":2,\"sealing\":0}", "{\"version\":1,\"sealing\":-1}",
	    "{\"version\":1,\"sealing\":0,\"lacks\":[{}]}",
	    "{\"version\":1,\"sealing\":0,\"revisions\":[{\"url\":\"u\","
	    "\"by\":\"b\",\"id\":\"0123\"}]}",
	    "{\"version\":1,\"sealing\":0,\"documents\":[{\"by\":\"b\"}]}",
	    "{\"version\":1,\"sealing\":0,\"documents\":[{\"by\":\"b\","
	    "\"needed\":1,\"keys\":[{\"kind\":\"other\",\"id\":\"i\","
	    "\"group\":0}]}]}",
	    "{\"version\":1,\"sealing\":0,\"sealed\":[{\"by\":\"b\"}]}",
	    "{\"version\":1,\"sealing\":0,\"mirrors\":[{\"repository\":\"r\","
	    "\"objects\":1}]}",
	    "{\"version\":1,\"sealing\":0,\"mirrors\":[{\"repository\":\"r\","
	    "\"objects\":2305843009213693953}]}"};

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
	const char none[] = "{\"version\":1,\"sealing\":0}";
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
	    cmocka_unit_test(what_is_not_of_this_form_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
