#include "agent/init/answers.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whose answers are there already; after the last there is none. */
struct script {
	const char *const *answers;
	size_t asked;
	struct buf questions;
};

static int say(void *ctx, bool yes_or_no, const char *text, struct buf *answer)
{
	struct script *s = ctx;

	buf_printf(&s->questions, "%s\n", text);
	const char *line = s->answers[s->asked];
	if (!line)
		return -1;
	s->asked++;
	if (yes_or_no)
		return !str_eq(line, "yes");
	buf_add_str(answer, line);
	return 0;
}

static int fill(struct answers *a, const struct init_options *o,
    const char *const *lines, struct script *s, struct err *err)
{
	const struct answers_person person = {.ask = say, .ctx = s};

	*s = (struct script){.answers = lines};
	return answers_fill(a, o, "/etc/b.yaml", lines ? &person : NULL, err);
}

static void options_alone_are_enough(void **state)
{
	cleanup(answers_done) struct answers a = {.config = NULL};
	struct init_options o = {.name = "n",
	    .snapshots = "/v",
	    .keys = "/k",
	    .agent_keys = "keys",
	    .kubeconfig = "./kubeconfig",
	    .cluster = "c"};
	struct script s;
	struct err err = ERR_INIT;

	(void)state;
	strvec_add(&o.repositories, "git@h:a.git");
	strvec_add(&o.repositories, "https://h/a.git");
	strvec_add(&o.repositories, "here");
	assert_ok(fill(&a, &o, NULL, &s, &err), err);
	autofree char *here = getcwd(NULL, 0);
	autofree char *keys = str_printf("%s/keys", here);
	autofree char *kubeconfig = str_printf("%s/kubeconfig", here);
	autofree char *repository = str_printf("%s/here", here);
	/* Paths start where the command is run, and URLs are none. */
	assert_string_equal(a.agent_keys, keys);
	assert_string_equal(a.kubeconfig, kubeconfig);
	assert_string_equal(a.repositories.items[0], "git@h:a.git");
	assert_string_equal(a.repositories.items[1], "https://h/a.git");
	assert_string_equal(a.repositories.items[2], repository);
	assert_string_equal(a.state_dir, "/var/lib/backstay");
	strvec_done(&o.repositories);
}

static void all_that_is_lacking_is_named_at_once(void **state)
{
	cleanup(answers_done) struct answers a = {.config = NULL};
	const struct init_options o = {.name = "n"};
	struct script s;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(fill(&a, &o, NULL, &s, &err), err, ERR_USAGE);
	assert_contains(err.message,
	    "not given: --snapshots DIR|s3://BUCKET/PREFIX; --keys DIR (or "
	    "--recipient AGE); --agent-keys DIR; --repository URL, --cluster "
	    "NAME or --state s3://BUCKET/PREFIX; nothing was written");
}

static void a_person_is_asked_for_the_rest(void **state)
{
	static const char *const lines[] = {
	    /* snapshots, its default; state_dir; keys, not beside the
	     * configuration; the agent's keys */
	    "", "/s", "", "/etc", "no", "/usb", "/etc",
	    /* repositories; the cluster */
	    "https://h/a", "", "yes", "/kubeconfig", "", "", "yes",
	    /* states; the token; the region and the endpoint */
	    "s3://b/p", "", "", "", "", NULL};
	cleanup(answers_done) struct answers a = {.config = NULL};
	const struct init_options o = {.name = "n"};
	struct script s;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(fill(&a, &o, lines, &s, &err), err);
	assert_null(lines[s.asked]);
	assert_string_equal(a.name, "n");
	assert_string_equal(a.snapshots, "/var/backups/backstay");
	assert_string_equal(a.keys, "/usb");
	assert_string_equal(a.cluster, "cluster");
	assert_null(a.context);
	assert_true(a.from_cluster);
	assert_string_equal(a.region, "us-east-1");
	assert_null(a.endpoint);
	assert_null(a.git_token_file);
	/* What the options say is not asked for. */
	assert_null(strstr(buf_str(&s.questions), "Name of the snapshots"));
	assert_contains(buf_str(&s.questions), "where the configuration is");
	buf_done(&s.questions);
}

static void who_gives_no_answer_ends_it(void **state)
{
	static const char *const lines[] = {"/v", NULL};
	cleanup(answers_done) struct answers a = {.config = NULL};
	const struct init_options o = {.name = "n"};
	struct script s;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(fill(&a, &o, lines, &s, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "nothing was written");
	buf_done(&s.questions);
}

static void the_parts_of_a_place(void **state)
{
	static const struct {
		const char *place, *bucket, *prefix;
	} cases[] = {{"s3://b", "b", NULL}, {"s3://b/", "b", NULL},
	    {"s3://b/p/q", "b", "p/q"}, {"s3://b/p/", "b", "p/"},
	    {"/srv/b", NULL, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *bucket = NULL, *prefix = NULL;
		assert_int_equal(
		    answers_bucket(cases[i].place, &bucket, &prefix),
		    cases[i].bucket != NULL);
		assert_true(bucket == cases[i].bucket ||
			    str_eq(bucket, cases[i].bucket));
		assert_true(prefix == cases[i].prefix ||
			    str_eq(prefix, cases[i].prefix));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_alone_are_enough),
	    cmocka_unit_test(all_that_is_lacking_is_named_at_once),
	    cmocka_unit_test(a_person_is_asked_for_the_rest),
	    cmocka_unit_test(who_gives_no_answer_ends_it),
	    cmocka_unit_test(the_parts_of_a_place),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
