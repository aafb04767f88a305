#include "restore/run/progress.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD                                                                   \
	"{\"backstay\":\"restore\",\"version\":1,\"snapshot\":\"s\","          \
	"\"digest\":\"d\"}\n"
#define LAYERS                                                                 \
	"{\"layers\":[{\"name\":\"one\",\"nodes\":[[0,1]]},"                   \
	"{\"name\":\"two\",\"nodes\":[[3,3]]},"                                \
	"{\"name\":\"unassigned\",\"nodes\":[]}]}\n"
#define STARTS(LAYER) "{\"layer\":" LAYER ",\"starts\":true,\"at\":100}\n"
#define WAITS(LAYER) "{\"layer\":" LAYER ",\"waits\":true,\"at\":200}\n"
#define BEGIN(NODE) "{\"n\":" NODE ",\"begin\":\"\",\"at\":101}\n"
#define END(NODE, HOW) "{\"n\":" NODE ",\"end\":\"" HOW "\",\"at\":102}\n"

/* The journal that the text is. The caller closes it. */
static struct journal *journal_of(const char *text)
{
	char path[] = "/tmp/backstay-progress-XXXXXX";
	int fd = mkstemp(path);
	struct err err = ERR_INIT;
	bool at_work;

	assert_true(fd >= 0);
	assert_ok(file_write_all(fd, text, strlen(text), path, &err), err);
	struct journal *j = journal_inspect(path, &at_work, &err);
	assert_int_equal(unlink(path), 0);
	close(fd);
	if (!j)
		fail_msg("%s", err.message);
	assert_false(at_work);
	return j;
}

static void the_states_of_layers_are_those_of_their_nodes(void **state)
{
	(void)state;
	static const struct {
		const char *lines;
		bool at_work;
		enum progress_state one, two, all;
	} cases[] = {
	    {"", true, PROGRESS_PENDING, PROGRESS_PENDING, PROGRESS_RESTORING},
	    {STARTS("0") BEGIN("0"), true, PROGRESS_RESTORING, PROGRESS_PENDING,
		PROGRESS_RESTORING},
	    {STARTS("0") BEGIN("0"), false, PROGRESS_STOPPED, PROGRESS_PENDING,
		PROGRESS_STOPPED},
	    {WAITS("0"), false, PROGRESS_WAITING, PROGRESS_PENDING,
		PROGRESS_WAITING},
	    {STARTS("0") END("0", "created") END("1", "skipped") STARTS("1"),
		true, PROGRESS_RESTORED, PROGRESS_RESTORING,
		PROGRESS_RESTORING},
	    {STARTS("0") END("0", "failed") END("1", "created")
		    END("3", "held"),
		false, PROGRESS_FAILED, PROGRESS_HELD, PROGRESS_FAILED},
	    {STARTS("0") END("0", "created") END("1", "created") STARTS("1")
		    END("3", "unchanged") "{\"done\":true}\n",
		false, PROGRESS_RESTORED, PROGRESS_RESTORED, PROGRESS_RESTORED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text =
		    str_printf("%s%s%s", HEAD, LAYERS, cases[i].lines);
		cleanup(journal_closep) struct journal *j = journal_of(text);
		cleanup(progress_done) struct progress p;

		progress_init(&p, j, cases[i].at_work);
		assert_int_equal(p.layers.len, 2); /* one has no nodes */
		assert_int_equal(p.nodes, 3);
		if (p.layers.items[0].state != cases[i].one ||
		    p.layers.items[1].state != cases[i].two ||
		    p.state != cases[i].all)
			fail_msg("case %zu: %d, %d, %d", i,
			    (int)p.layers.items[0].state,
			    (int)p.layers.items[1].state, (int)p.state);
	}
}

static void what_is_printed_counts_and_has_times(void **state)
{
	(void)state;
	cleanup(journal_closep) struct journal *j = journal_of(
	    HEAD LAYERS STARTS("0") END("0", "created") END("1", "failed")
		WAITS("1") "{\"n\":0,\"pause\":{\"cluster\":\"c\",\"path\":\"/"
			   "a\","
			   "\"pointer\":\"/spec/suspend\"}}\n");
	cleanup(buf_done) struct buf table = BUF_INIT, json = BUF_INIT;
	cleanup(progress_done) struct progress p;

	progress_init(&p, j, false);
	progress_print_table(&p, &table);
	assert_string_equal(buf_str(&table),
	    "restore of s: failed, 1 of 3\n"
	    "layer one: failed, 1 of 2, 1 failed, from 1970-01-01T00:01:40Z to "
	    "1970-01-01T00:01:42Z\n"
	    "layer two: waiting for approval, 0 of 1, since "
	    "1970-01-01T00:03:20Z\n"
	    "1 object is paused, to be released\n");
	progress_print_json(&p, "status", &json);
	assert_contains(buf_str(&json), "\"snapshot\":\"s\"");
	assert_contains(buf_str(&json), "\"paused\":1");
	assert_contains(buf_str(&json), "\"newest\":\"1970-01-01T00:03:20Z\"");
}

static void a_journal_without_layers_has_one(void **state)
{
	(void)state;
	cleanup(journal_closep) struct journal *j =
	    journal_of(HEAD "{\"layers\":[{\"name\":\"unassigned\",\"nodes\":[["
			    "0,1]]}]}\n" BEGIN("0"));
	cleanup(buf_done) struct buf table = BUF_INIT;
	cleanup(progress_done) struct progress p;

	progress_init(&p, j, true);
	assert_int_equal(p.layers.items[0].state, PROGRESS_RESTORING);
	progress_print_table(&p, &table);
	assert_string_equal(buf_str(&table),
	    "restore of s: restoring, 0 of 2; a run is at work\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_states_of_layers_are_those_of_their_nodes),
	    cmocka_unit_test(what_is_printed_counts_and_has_times),
	    cmocka_unit_test(a_journal_without_layers_has_one),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
