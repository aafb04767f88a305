#include "config/exposed.h"

#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
	char *dir;
	struct settings *s;
	struct strvec texts;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	settings_free(f->s);
	strvec_done(&f->texts);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void write_file(struct fixture *f, const char *name, mode_t mode)
{
	autofree char *path = file_join(f->dir, name);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, "x", 1, &err), err);
	assert_int_equal(chmod(path, mode), 0);
}

/* Paths stand beside the file of the configuration. */
static void look_for(struct fixture *f, const char *config)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	autofree char *file = file_join(f->dir, "c.yaml");
	struct err err = ERR_INIT;

	f->s = settings_parse(text, strlen(text), file, &err);
	if (!f->s)
		fail_msg("%s", err.message);
	exposed_files(&settings_section, f->s, &f->texts);
}

static void only_its_owner_may_read_a_secret(void **state)
{
	static const struct {
		mode_t mode;
		bool exposed;
	} cases[] = {{0600, false}, {0400, false}, {0700, false}, {0640, true},
	    {0604, true}, {0644, true}, {0610, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		set_up(&own);
		struct fixture *f = own;
		write_file(f, "pw", cases[i].mode);
		look_for(f,
		    "git: {repositories: [{url: /a/b}], credentials: [{url: "
		    "'https://h/', token_file: pw}]}\n");
		if ((f->texts.len == 1) != cases[i].exposed)
			fail_msg("%o", cases[i].mode);
		tear_down(&own);
	}
}

static void a_text_says_what_to_do(void **state)
{
	struct fixture *f = *state;

	write_file(f, "pw", 0644);
	look_for(f, "git: {repositories: [{url: /a/b}], credentials: [{url: "
		    "'https://h/', token_file: pw}]}\n");
	autofree char *expected = str_printf(
	    "token_file: '%s/pw' holds a secret and is open to others (mode "
	    "0644); run: chmod 600 '%s/pw'",
	    f->dir, f->dir);
	assert_int_equal(f->texts.len, 1);
	assert_string_equal(f->texts.items[0], expected);
}

/* One file of several uses is named once; what is not there is for who reads
 * it. */
static void one_file_is_named_once(void **state)
{
	struct fixture *f = *state;

	write_file(f, "pw", 0644);
	look_for(f,
	    "git: {repositories: [{url: /a/b}], credentials: [{url: "
	    "'https://h/', token_file: pw}, {url: 'https://i/', token_file: "
	    "pw}, {url: 'https://j/', token_file: gone}, {url: 'https://k/', "
	    "token_file: '.'}]}\n");
	assert_int_equal(f->texts.len, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_its_owner_may_read_a_secret),
	    TEST(a_text_says_what_to_do),
	    TEST(one_file_is_named_once),
	};

	return cmocka_run_group_tests_name("config/exposed", tests, NULL, NULL);
}
