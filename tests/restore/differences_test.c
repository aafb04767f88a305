#include "restore/differences.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct differences d;
	struct buf text;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->d = (struct differences){.into = &f->text};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->text);
	free(f);
	return 0;
}

/* An object that is only its value x; NULL: one that a restore leaves out. */
static struct version object(const char *thing, const char *x)
{
	autofree char *text = x ? str_printf("{\"x\":%s}", x) : NULL;

	return (struct version){.kind = x ? VERSION_OBJECT : VERSION_NONE,
	    .thing = str_dup(thing),
	    .object = text ? test_json(text) : NULL};
}

static void print(struct fixture *f, struct version *from, struct version *to,
    const char *to_label)
{
	struct err err = ERR_INIT;

	assert_ok(
	    differences_print(&f->d, from, "prod-1", to, to_label, NULL, &err),
	    err);
	if (from)
		version_done(from);
	if (to)
		version_done(to);
}

#define COMMAND(LABEL, REST)                                                   \
	"         restore: backstay-restore apply " LABEL " --only " REST "\n"

static void what_changed_is_restored_from_the_first(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", "1");
	struct version b = object("kubernetes:a", "2");

	print(f, &a, &b, "prod-2");
	assert_string_equal(buf_str(&f->text),
	    "changed  kubernetes:a\n         x: 1 -> 2\n" COMMAND(
		"prod-1", "'kubernetes:a' --existing update"));
	assert_int_equal(f->d.changed, 1);
	assert_int_equal(differences_count(&f->d), 1);
}

/* An update takes nothing away that somebody else has added. */
static void what_was_added_to_it_stays(void **state)
{
	static const char *const kinds[] = {"ConfigMap", "Namespace"};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct version a = object("kubernetes:a", "1");
		struct version b = object("kubernetes:a", "1");

		json_set_str(a.object, "kind", kinds[i]);
		json_set_str(b.object, "kind", kinds[i]);
		json_set_str(b.object, "y", "z");
		buf_clear(&f->text);
		print(f, &a, &b, NULL);
		assert_contains(buf_str(&f->text),
		    "update --same-cluster\n         (what others added to it "
		    "stays there");
		assert_int_equal(
		    strstr(buf_str(&f->text), "; with recreate") != NULL,
		    i == 0);
	}
}

static void what_is_equal_is_not_printed(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", "1");
	struct version b = object("kubernetes:a", "1");

	print(f, &a, &b, "prod-2");
	assert_int_equal(f->text.len, 0);
	assert_int_equal(differences_count(&f->d), 0);
}

static void what_is_gone_is_restored_from_the_first(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", "1");
	struct version out = object("kubernetes:a", NULL);

	print(f, &a, &out, "prod-2");
	assert_string_equal(buf_str(&f->text),
	    "removed  kubernetes:a\n" COMMAND("prod-1", "'kubernetes:a'"));
	assert_int_equal(f->d.removed, 1);
}

static void what_is_new_is_restored_from_the_second(void **state)
{
	struct fixture *f = *state;
	struct version b = object("kubernetes:a", "1");

	print(f, NULL, &b, "prod-2");
	assert_string_equal(buf_str(&f->text),
	    "added    kubernetes:a\n" COMMAND("prod-2", "'kubernetes:a'"));
	assert_int_equal(f->d.added, 1);
}

/* What lives is in no snapshot: nothing restores it, and a restore over it goes
 * to its own cluster. */
static void what_lives_has_no_snapshot(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", "1");
	struct version b = object("kubernetes:a", "2");

	print(f, &a, &b, NULL);
	assert_contains(buf_str(&f->text),
	    COMMAND(
		"prod-1", "'kubernetes:a' --existing update --same-cluster"));
	buf_clear(&f->text);
	b = object("kubernetes:b", "2");
	print(f, NULL, &b, NULL);
	assert_string_equal(buf_str(&f->text), "added    kubernetes:b\n");
}

static void what_is_left_out_of_both_is_counted(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", NULL);
	struct version b = object("kubernetes:a", NULL);

	print(f, &a, &b, "prod-2");
	assert_int_equal(f->d.left_out, 1);
	assert_int_equal(differences_count(&f->d), 0);
	assert_int_equal(f->text.len, 0);
}

static void commands_may_be_left_out(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", "1");

	f->d.without_commands = true;
	print(f, &a, NULL, "prod-2");
	assert_string_equal(buf_str(&f->text), "removed  kubernetes:a\n");
}

/* Nothing that a terminal would obey. */
static void no_control_characters_are_printed(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:\033[2J", "1");
	struct version b = object("kubernetes:\033[2J", "\"\\u001b[2J\"");

	print(f, &a, &b, "prod-2");
	assert_null(strchr(buf_str(&f->text), '\033'));
}

static void as_json_they_are_items_of_a_list(void **state)
{
	struct fixture *f = *state;
	struct version a = object("kubernetes:a", "1");
	struct version b = object("kubernetes:b", "1");
	struct version c = object("kubernetes:b", "{\"y\":2}");

	f->d.json = true;
	print(f, &a, NULL, "prod-2");
	print(f, &b, &c, "prod-2");
	autofree char *list = str_printf("[%s]", buf_str(&f->text));
	cleanup(json_freep) struct json_object *j = test_json(list);
	assert_int_equal(json_len(j), 2);
	assert_json(json_at(j, 0),
	    "{\"what\":\"removed\",\"thing\":\"kubernetes:a\",\"fields\":[],"
	    "\"restore\":\"backstay-restore apply prod-1 --only "
	    "'kubernetes:a'\"}");
	assert_string_equal(json_get_str(json_at(j, 1), "what"), "changed");
	assert_true(json_len(json_get(json_at(j, 1), "fields")) > 0);
}

static int add_note(
    void *ctx, const struct version *from, struct changes *c, struct err *err)
{
	assert_string_equal(from->thing, "kubernetes:a");
	if (!ctx)
		return err_set(err, ERR_NETWORK, "not now");
	c->items[0].note = str_dup(ctx);
	return 0;
}

static void a_change_may_have_a_note(void **state)
{
	struct fixture *f = *state;
	static char text[] = "by kubectl";
	struct differences_notes notes = {.add = add_note, .ctx = text};
	struct version a = object("kubernetes:a", "1");
	struct version b = object("kubernetes:a", "2");
	struct err err = ERR_INIT;

	assert_ok(
	    differences_print(&f->d, &a, "prod-1", &b, "prod-2", &notes, &err),
	    err);
	assert_contains(buf_str(&f->text), "x: 1 -> 2 (by kubectl)\n");
	notes.ctx = NULL;
	assert_fails(
	    differences_print(&f->d, &a, "prod-1", &b, "prod-2", &notes, &err),
	    err, ERR_NETWORK);
	assert_int_equal(f->d.changed, 1);
	version_done(&a);
	version_done(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_changed_is_restored_from_the_first),
	    TEST(what_was_added_to_it_stays),
	    TEST(what_is_equal_is_not_printed),
	    TEST(what_is_gone_is_restored_from_the_first),
	    TEST(what_is_new_is_restored_from_the_second),
	    TEST(what_lives_has_no_snapshot),
	    TEST(what_is_left_out_of_both_is_counted),
	    TEST(commands_may_be_left_out),
	    TEST(no_control_characters_are_printed),
	    TEST(as_json_they_are_items_of_a_list),
	    TEST(a_change_may_have_a_note),
	};

	return cmocka_run_group_tests_name("differences", tests, NULL, NULL);
}
