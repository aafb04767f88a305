#include "agent/init/text.h"

#include "config/example.h"
#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define RECIPIENT                                                              \
	"age1rmm44gv4xf682ht9ncylm6q6x66gk6z9pvla9wqwgnkwjlnvw3msn7907s"

struct sample {
	struct answers answers;
	struct strvec recipients;
};

static void sample_init(struct sample *s)
{
	*s = (struct sample){.answers = {.config = str_dup("/etc/b.yaml"),
				 .name = str_dup("first"),
				 .state_dir = str_dup("/state"),
				 .snapshots = str_dup("/vault"),
				 .keys = str_dup("/usb"),
				 .agent_keys = str_dup("/etc/keys")}};
	strvec_add(&s->recipients, RECIPIENT);
}

static void sample_done(struct sample *s)
{
	answers_done(&s->answers);
	strvec_done(&s->recipients);
}

static void write_sample(const struct sample *s, const struct found *f,
    const struct strvec *left_out, bool for_restore, struct buf *out)
{
	const struct text_input in = {.answers = &s->answers,
	    .recipients = &s->recipients,
	    .found = f,
	    .left_out = left_out,
	    .example = example_text,
	    .for_restore = for_restore};

	text_write(&in, out);
}

static struct settings *read_back(const struct buf *text)
{
	struct err err = ERR_INIT;
	struct settings *s =
	    settings_parse(buf_str(text), text->len, "/etc/b.yaml", &err);

	if (!s)
		print_message("%s\n%s\n", err.message, buf_str(text));
	assert_non_null(s);
	return s;
}

static void a_small_one_reads_back_with_comments(void **state)
{
	cleanup(sample_done) struct sample sample;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	sample_init(&sample);
	strvec_add(&sample.answers.repositories, "https://h/a.git");
	write_sample(&sample, NULL, NULL, false, &text);
	cleanup(settings_freep) struct settings *s = read_back(&text);
	assert_string_equal(s->name, "first");
	assert_string_equal(s->state_dir, "/state");
	assert_string_equal(s->vaults.items[0].directory, "/vault");
	assert_string_equal(s->encryption.recipients.items[0], RECIPIENT);
	assert_int_equal(s->encryption.identity_files.len, 0);
	assert_string_equal(
	    s->git.repositories.items[0].url, "https://h/a.git");
	assert_true(s->has_retention);
	assert_int_equal(s->kubernetes.clusters.len, 0);
	assert_int_equal(s->terraform.buckets.len, 0);
	/* The words are the example's. */
	assert_contains(buf_str(&text), "# Snapshots are called <name>-");
	assert_contains(buf_str(&text), "\n# Who can read the snapshots: age ");
	assert_contains(buf_str(&text), "\n# Every ref that a host offers");
	/* Sections are apart by one empty line, and none is at an end. */
	assert_null(strstr(buf_str(&text), "\n\n\n"));
	assert_true(text.len > 2 && text.data[text.len - 1] == '\n' &&
		    text.data[text.len - 2] != '\n');
}

static void one_of_all_sources_reads_back(void **state)
{
	cleanup(sample_done) struct sample sample;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	sample_init(&sample);
	free(sample.answers.snapshots);
	sample.answers.snapshots = str_dup("s3://snapshots/a/b/");
	sample.answers.region = str_dup("eu-west-1");
	sample.answers.endpoint = str_dup("https://s3.example.com");
	sample.answers.git_token_file = str_dup("/etc/token");
	sample.answers.cluster = str_dup("production");
	sample.answers.kubeconfig = str_dup("/etc/kubeconfig");
	sample.answers.from_cluster = true;
	strvec_add(&sample.answers.repositories, "/srv/git/local.git");
	strvec_add(&sample.answers.repositories, "https://h/a.git");
	strvec_add(&sample.answers.states, "s3://one/x");
	strvec_add(&sample.answers.states, "s3://two");
	strvec_add(&sample.answers.states, "s3://one/y/");
	strvec_add(&sample.answers.states, "s3://two/z");
	write_sample(&sample, NULL, NULL, false, &text);
	cleanup(settings_freep) struct settings *s = read_back(&text);
	assert_string_equal(s->vaults.items[0].s3.bucket, "snapshots");
	assert_string_equal(s->vaults.items[0].s3_prefix, "a/b");
	assert_string_equal(s->vaults.items[0].s3.region, "eu-west-1");
	assert_int_equal(s->git.credentials.len, 1);
	assert_string_equal(s->git.credentials.items[0].url, "https://h/");
	assert_string_equal(s->kubernetes.clusters.items[0].access.kubeconfig,
	    "/etc/kubeconfig");
	assert_true(s->kubernetes.clusters.items[0].discover);
	/* A bucket is one entry, with all of its prefixes, or whole. */
	assert_int_equal(s->terraform.buckets.len, 2);
	assert_int_equal(s->terraform.buckets.items[0].prefixes.len, 2);
	assert_string_equal(
	    s->terraform.buckets.items[0].prefixes.items[1], "y/");
	assert_int_equal(s->terraform.buckets.items[1].prefixes.len, 0);
}

static void whatever_was_answered_stays_that(void **state)
{
	static const char *const answers[] = {"/a: b", "/#c", "/\"q\"", "/'",
	    "/${HOME}/x", "/a\nname: other", "/ \t", "/\xc3\xa4", "/$${x}"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		cleanup(sample_done) struct sample sample;
		cleanup(buf_done) struct buf text = BUF_INIT;
		sample_init(&sample);
		free(sample.answers.snapshots);
		sample.answers.snapshots = str_dup(answers[i]);
		write_sample(&sample, NULL, NULL, false, &text);
		cleanup(settings_freep) struct settings *s = read_back(&text);
		assert_string_equal(s->vaults.items[0].directory, answers[i]);
		assert_string_equal(s->name, "first");
	}
}

static void what_a_cluster_names_is_added(void **state)
{
	cleanup(found_done) struct found f = {.unclear = VEC_INIT};
	cleanup(backends_done) struct backends all = VEC_INIT;
	cleanup(strvec_done) struct strvec left_out = VEC_INIT;
	cleanup(sample_done) struct sample sample;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	sample_init(&sample);
	sample.answers.cluster = str_dup("c");
	sample.answers.from_cluster = true;
	found_add_repository(&f, "https://h/a", "by\nname: other");
	found_add_repository(&f, "https://h/b", "by");
	found_cover_repository(&f, "https://h/b");
	*vec_add(&all) = (struct backend){
	    .bucket = str_dup("state"), .region = str_dup("eu-west-1")};
	found_add_backend(&f, all.items, "by");
	strvec_add(&left_out, "evil\nname: other");
	write_sample(&sample, &f, &left_out, false, &text);
	cleanup(settings_freep) struct settings *s = read_back(&text);
	assert_string_equal(s->name, "first");
	assert_int_equal(s->git.repositories.len, 1);
	assert_string_equal(s->git.repositories.items[0].url, "https://h/a");
	assert_string_equal(s->terraform.buckets.items[0].s3.bucket, "state");
	assert_contains(buf_str(&text), "# left out: evil");
}

static void whoever_restores_gets_one_of_their_own(void **state)
{
	cleanup(sample_done) struct sample sample;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	sample_init(&sample);
	write_sample(&sample, NULL, NULL, true, &text);
	cleanup(settings_freep) struct settings *s = read_back(&text);
	/* Beside the file, wherever that is taken. */
	assert_string_equal(
	    s->encryption.identity_files.items[0], "/etc/identity.txt");
	assert_null(strstr(buf_str(&text), "secret_key_file:"));
	assert_null(strstr(buf_str(&text), "/etc/keys"));
	assert_contains(buf_str(&text), "record_key_file: \"record.key\"");
}

static void a_key_of_elsewhere_trusts_no_records(void **state)
{
	cleanup(sample_done) struct sample sample;
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	sample_init(&sample);
	free(sample.answers.keys);
	sample.answers.keys = NULL;
	write_sample(&sample, NULL, NULL, false, &text);
	settings_free(read_back(&text));
	assert_null(strstr(buf_str(&text), "record.pub"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_small_one_reads_back_with_comments),
	    cmocka_unit_test(one_of_all_sources_reads_back),
	    cmocka_unit_test(whatever_was_answered_stays_that),
	    cmocka_unit_test(what_a_cluster_names_is_added),
	    cmocka_unit_test(whoever_restores_gets_one_of_their_own),
	    cmocka_unit_test(a_key_of_elsewhere_trusts_no_records),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
