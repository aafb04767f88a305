/* Modes of tree entries as git reads them: canon_mode() of its cache.h. */
#include "storage/git/repo/object_links.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static uint32_t mode_of(const char *text)
{
	cleanup(buf_done) struct buf tree = BUF_INIT;
	struct tree_entry e = {.mode = 1};

	buf_printf(&tree, "%s name", text);
	buf_add_char(&tree, '\0');
	for (int i = 0; i < DIGEST_SHA1_LEN; i++)
		buf_add_char(&tree, (char)(i + 1));
	const uint8_t *at = (const uint8_t *)tree.data;
	return tree_next(GIT_SHA1, &at, at + tree.len, &e) == 0 ? e.mode : 0;
}

static void modes_are_read_as_git_reads_them(void **state)
{
	static const struct {
		const char *text;
		uint32_t mode;
	} cases[] = {
	    {"40000", MODE_TREE},
	    {"040000", MODE_TREE},
	    {"00000040000", MODE_TREE},
	    {"40755", MODE_TREE},
	    {"47777", MODE_TREE},
	    {"100644", 0100644},
	    {"100664", 0100644},
	    {"100600", 0100644},
	    {"100755", 0100755},
	    {"100700", 0100755},
	    {"120000", 0120000},
	    {"120777", 0120000},
	    {"160000", MODE_SUBMODULE},
	    {"160755", MODE_SUBMODULE},
	    {"0", MODE_SUBMODULE},
	    {"644", MODE_SUBMODULE},
	    {"20000", MODE_SUBMODULE},
	    {"7000000100644", 0100644},
	    /* None at all. */
	    {"", 0},
	    {"8", 0},
	    {"-1", 0},
	    {"100644x", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(mode_of(cases[i].text), cases[i].mode);
}

static void what_counts_as_a_submodule_names_nothing(void **state)
{
	cleanup(object_links_done) struct object_links links =
	    OBJECT_LINKS_INIT;
	cleanup(buf_done) struct buf tree = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	static const char *const modes[] = {"160755", "40755", "0", "100664"};
	for (int m = 0; m < 4; m++) {
		buf_printf(&tree, "%s %d", modes[m], m);
		buf_add_char(&tree, '\0');
		for (int i = 0; i < DIGEST_SHA1_LEN; i++)
			buf_add_char(&tree, (char)(m * 32 + i + 1));
	}
	assert_int_equal(object_links_of(GIT_SHA1, OBJECT_TREE, tree.data,
			     tree.len, &links, &err),
	    0);
	assert_int_equal(links.len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modes_are_read_as_git_reads_them),
	    cmocka_unit_test(what_counts_as_a_submodule_names_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
