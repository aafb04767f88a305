/* A snapshot held against what lives: what is the same, changed, new or gone.
 */
#include "restore/meeting.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/built_in.h"
#include "tests/support/facts.h"
#include "tests/support/meetings.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_meeting t;
	struct pathset paths;
	const char *text; /* of the object that is alive */
	int loads;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_meeting_init(&f->t);
	f->paths = (struct pathset)PATHSET_INIT;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pathset_done(&f->paths);
	test_meeting_done(&f->t);
	free(f);
	return 0;
}

#define PATH(NAME) "kubernetes/prod/namespaces/ns/configmaps/" NAME ".json"
#define FACTS(NAME)                                                            \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"" NAME       \
	"\",\"namespace\":\"ns\",\"resource\":\"configmaps\"}"
#define OBJECT(NAME, META, DATA)                                               \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\"" \
	":\"" NAME "\",\"namespace\":\"ns\"" META "},\"data\":{" DATA "}}"

static void add(
    struct fixture *f, const char *path, const char *facts, const char *text)
{
	test_tree_add(&f->t.o.tree, path, facts, text);
}

/* Once all is added. */
static void start(struct fixture *f)
{
	test_meeting_open(&f->t, "");
}

static void begin(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(meeting_begin(&f->t.m, LAYOUT_KUBERNETES, NULL, &err), err);
}

static void end(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(meeting_end(&f->t.m, LAYOUT_KUBERNETES, &err), err);
}

static int load(void *ctx, const struct contents_entry *e, struct version *out,
    struct err *err)
{
	struct fixture *f = ctx;
	const struct version_rules rules = {.exclude = &f->t.m.exclude};

	f->loads++;
	return version_object(f->text, strlen(f->text), e, &rules, out, err);
}

static int try_live(struct fixture *f, const char *path, const char *facts,
    const char *text, struct err *err)
{
	cleanup(facts_done) struct facts noted = test_facts(facts);
	struct contents_entry e = {
	    .path = path, .bytes = strlen(text), .facts = &noted};
	const struct meeting_load loads = {.load = load, .ctx = f};

	digest_of(DIGEST_SHA256, text, strlen(text), e.sha256);
	f->text = text;
	*err = (struct err)ERR_INIT;
	return meeting_live(&f->t.m, &e, &loads, err);
}

static void live(
    struct fixture *f, const char *path, const char *facts, const char *text)
{
	struct err err;

	assert_ok(try_live(f, path, facts, text, &err), err);
}

/* ---- the four ways ------------------------------------------------------- */

static void what_is_the_same_is_not_even_read(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", "\"k\":\"1\""));
	start(f);
	begin(f);
	assert_true(meeting_has(&f->t.m, PATH("a")));
	assert_false(meeting_has(&f->t.m, PATH("b")));
	live(f, PATH("a"), FACTS("a"), OBJECT("a", "", "\"k\":\"1\""));
	end(f);
	assert_int_equal(f->loads, 0);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.out.len, 0);
}

static void what_changed_is_compared_once(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", "\"k\":\"1\""));
	start(f);
	begin(f);
	for (int i = 0; i < 2; i++)
		live(f, PATH("a"), FACTS("a"), OBJECT("a", "", "\"k\":\"2\""));
	end(f);
	assert_int_equal(f->loads, 1);
	assert_found(&f->t, 0, 0, 1);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/a");
	assert_contains(buf_str(&f->t.out), "data.k");
}

/* What the server added differs in its bytes, and in nothing that counts. */
static void what_only_the_server_says_is_no_difference(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", "\"k\":\"1\""));
	start(f);
	begin(f);
	live(f, PATH("a"), FACTS("a"),
	    OBJECT("a", ",\"resourceVersion\":\"77\",\"uid\":\"u\"",
		"\"k\":\"1\""));
	end(f);
	assert_int_equal(f->loads, 1);
	assert_found(&f->t, 0, 0, 0);
}

static void what_no_living_thing_met_is_gone(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	add(f, PATH("b"), FACTS("b"), OBJECT("b", "", ""));
	start(f);
	begin(f);
	live(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	end(f);
	assert_found(&f->t, 0, 1, 0);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/b");
}

/* A list that starts again repeats what it had. */
static void what_is_new_is_told_once(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	start(f);
	begin(f);
	for (int i = 0; i < 2; i++)
		live(f, PATH("n"), FACTS("n"), OBJECT("n", "", ""));
	live(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	end(f);
	assert_found(&f->t, 1, 0, 0);
	assert_int_equal(f->loads, 1);
}

/* ---- what is meant ------------------------------------------------------- */

static void what_was_not_asked_for_is_not_compared(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	add(f, PATH("b"), FACTS("b"), OBJECT("b", "", ""));
	strvec_add(&f->t.only, "kubernetes:prod/ns/ConfigMap/a");
	start(f);
	begin(f);
	live(f, PATH("b"), FACTS("b"), OBJECT("b", "", "\"k\":\"2\""));
	live(f, PATH("n"), FACTS("n"), OBJECT("n", "", ""));
	end(f);
	/* Only a is gone; b and n are nobody's. */
	assert_found(&f->t, 0, 1, 0);
	assert_int_equal(f->loads, 0);
}

static void paths_may_be_given_instead(void **state)
{
	struct fixture *f = *state;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	add(f, PATH("b"), FACTS("b"), OBJECT("b", "", ""));
	start(f);
	pathset_add(&f->paths, PATH("b"));
	f->t.m.paths = &f->paths;
	begin(f);
	assert_false(meeting_has(&f->t.m, PATH("a")));
	live(f, PATH("n"), FACTS("n"), OBJECT("n", "", ""));
	end(f);
	assert_found(&f->t, 0, 1, 0);
	assert_contains(buf_str(&f->t.out), "ConfigMap/b");
}

static void a_kind_of_source_is_wanted_by_its_name(void **state)
{
	static const struct {
		const char *only, *kind;
		bool wanted;
	} rows[] = {{NULL, "git", true}, {"git", "git", true},
	    {"git:web", "git", true}, {"git", "terraform", false},
	    {"kubernetes:prod/", "git", false},
	    {"kubernetes:prod/", "kubernetes", true},
	    /* A pattern of paths may mean any. */
	    {"*.json", "git", true}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct meeting m = {.only = &f->t.only};

		strvec_done(&f->t.only);
		if (rows[i].only)
			strvec_add(&f->t.only, rows[i].only);
		if (meeting_wants(&m, rows[i].kind) != rows[i].wanted)
			fail_msg("%s of %s", rows[i].kind, rows[i].only);
	}
	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	strvec_done(&f->t.only);
	start(f);
}

/* ---- what could not be seen ---------------------------------------------- */

static void what_was_not_seen_is_not_gone(void **state)
{
	static const struct {
		const char *prefix, *resource, *ns;
		uint64_t gone;
	} rows[] = {{"kubernetes/prod/", NULL, NULL, 0},
	    {"kubernetes/prod/", "configmaps", NULL, 0},
	    {"kubernetes/prod/", "configmaps", "ns", 0},
	    {"kubernetes/prod/", NULL, "ns", 0},
	    {"kubernetes/edge/", NULL, NULL, 1},
	    {"kubernetes/prod/", "secrets", NULL, 1},
	    {"kubernetes/prod/", "configmaps", "other", 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;
		struct err why = ERR_INIT;

		set_up(&one);
		struct fixture *f = one;
		add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
		start(f);
		err_set(&why, ERR_DENIED, "forbidden");
		begin(f);
		meeting_not_seen(&f->t.m, rows[i].prefix, rows[i].resource,
		    rows[i].ns, "configmaps of prod", &why);
		end(f);
		if (f->t.m.found.removed != rows[i].gone)
			fail_msg("row %zu: %llu", i,
			    (unsigned long long)f->t.m.found.removed);
		assert_string_equal(
		    f->t.m.unseen.items[0].what, "configmaps of prod");
		assert_string_equal(f->t.m.unseen.items[0].reason, "forbidden");
		tear_down(&one);
	}
}

/* ---- copies -------------------------------------------------------------- */

#define OWNED(UID)                                                             \
	",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":"               \
	"\"ConfigMap\",\"name\":\"o\",\"uid\":\"" UID "\"}]"
#define LABELLED ",\"labels\":{\"app\":\"x\"}"

/* What was made out of the snapshot has other UIDs, and copies no labels. */
static void what_a_copy_cannot_have_is_forgiven(void **state)
{
	static const struct {
		const char *was, *is;
		bool new_uids, bare;
		uint64_t changed;
	} rows[] = {
	    {OBJECT("a", OWNED("1"), ""), OBJECT("a", OWNED("2"), ""), false,
		false, 1},
	    {OBJECT("a", OWNED("1"), ""), OBJECT("a", OWNED("2"), ""), true,
		false, 0},
	    {OBJECT("a", LABELLED, ""), OBJECT("a", "", ""), true, false, 1},
	    {OBJECT("a", LABELLED, ""), OBJECT("a", "", ""), true, true, 0},
	    {OBJECT("a", LABELLED, "\"k\":\"1\""),
		OBJECT("a", "", "\"k\":\"2\""), true, true, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		add(f, PATH("a"), FACTS("a"), rows[i].was);
		start(f);
		f->t.m.new_uids = rows[i].new_uids;
		f->t.m.bare = rows[i].bare;
		begin(f);
		live(f, PATH("a"), FACTS("a"), rows[i].is);
		end(f);
		if (f->t.m.found.changed != rows[i].changed)
			fail_msg("row %zu: %s", i, buf_str(&f->t.out));
		tear_down(&one);
	}
}

/* ---- the index ----------------------------------------------------------- */

static int count(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)e;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static void others_may_look_at_each_entry_of_the_kind(void **state)
{
	struct fixture *f = *state;
	int seen = 0;
	const struct meeting_also also = {.entry = count, .ctx = &seen};
	struct err err = ERR_INIT;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	add(f, PATH("b"), FACTS("b"), OBJECT("b", "", ""));
	add(f, "terraform/b/k", NULL, "{}");
	strvec_add(&f->t.only, "kubernetes:prod/ns/ConfigMap/a");
	start(f);
	assert_ok(meeting_begin(&f->t.m, LAYOUT_KUBERNETES, &also, &err), err);
	assert_int_equal(seen, 2);
	assert_int_equal(f->t.m.known.len, 1);
	/* The next kind forgets the one before. */
	strvec_done(&f->t.only);
	assert_ok(meeting_begin(&f->t.m, LAYOUT_TERRAFORM, NULL, &err), err);
	assert_int_equal(f->t.m.known.len, 1);
	assert_true(meeting_has(&f->t.m, "terraform/b/k"));
}

static void a_stopped_run_compares_no_further(void **state)
{
	struct fixture *f = *state;
	struct err err;

	add(f, PATH("a"), FACTS("a"), OBJECT("a", "", ""));
	start(f);
	begin(f);
	cancel_request(&f->t.o.cancel);
	assert_fails(try_live(f, PATH("a"), FACTS("a"),
			 OBJECT("a", "", "\"k\":\"2\""), &err),
	    err, ERR_CANCELLED);
	assert_fails(
	    meeting_end(&f->t.m, LAYOUT_KUBERNETES, &err), err, ERR_CANCELLED);
	assert_found(&f->t, 0, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_the_same_is_not_even_read),
	    TEST(what_changed_is_compared_once),
	    TEST(what_only_the_server_says_is_no_difference),
	    TEST(what_no_living_thing_met_is_gone),
	    TEST(what_is_new_is_told_once),
	    TEST(what_was_not_asked_for_is_not_compared),
	    TEST(paths_may_be_given_instead),
	    TEST(a_kind_of_source_is_wanted_by_its_name),
	    cmocka_unit_test(what_was_not_seen_is_not_gone),
	    cmocka_unit_test(what_a_copy_cannot_have_is_forgiven),
	    TEST(others_may_look_at_each_entry_of_the_kind),
	    TEST(a_stopped_run_compares_no_further),
	};

	return cmocka_run_group_tests_name(
	    "meeting", tests, built_in_set_up, built_in_tear_down);
}
