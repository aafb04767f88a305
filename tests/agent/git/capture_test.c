/*
 * In which order repositories are fetched and archived; what is captured of one
 * is in tests/e2e/git.bats.
 */
#include "agent/git/capture.h"

#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"
#include "tests/support/packs.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* More than are fetched at once. */
enum { REPOSITORIES = 9, PARALLEL = 2, PATIENCE_S = 120 };

struct fixture {
	char *dir;
	struct buf out;
	struct archive_writer *writer;
	struct capture_git_repository repositories[REPOSITORIES];
	struct strvec texts; /* names and URLs of these */
	struct strvec sources;
	struct capture_git_options o;
	struct capture_env env;
	struct capture_report report;
	struct err err;
	int status;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t mirrored;
};

static void on_mirrored(
    void *ctx, const char *name, const char *url, const char *dir)
{
	struct fixture *f = ctx;

	(void)name;
	(void)url;
	(void)dir;
	pthread_mutex_lock(&f->lock);
	f->mirrored++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void make_repository(const char *dir)
{
	autofree char *config = file_join(dir, "config");
	autofree char *below = file_join(dir, "refs");
	const char *text = repo_config_text(GIT_SHA1);
	struct git_refvec refs = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(below, &err), err);
	test_repository(dir);
	struct git_id id = test_commit(dir, "one", NULL, 0);
	git_refvec_add(&refs, "refs/heads/main", id.bytes);
	assert_ok(file_write_durably(config, text, strlen(text), &err), err);
	assert_ok(ref_files_write(dir, GIT_SHA1, &refs, &err), err);
	assert_ok(ref_files_write_head(dir, "refs/heads/main", &err), err);
	git_refvec_done(&refs);
}

static void add_repository(struct fixture *f, size_t i, bool there)
{
	char *name = str_printf("r%zu", i);
	char *url = str_printf("%s/from/%s.git", f->dir, name);

	if (there)
		make_repository(url);
	*vec_add(&f->texts) = name;
	*vec_add(&f->texts) = url;
	strvec_add(&f->sources, url);
	f->repositories[i] =
	    (struct capture_git_repository){.name = name, .url = url};
}

static int setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	const struct archive_options o = {.compression = ARCHIVE_GZIP};

	f->dir = test_dir_make();
	f->writer = archive_writer_new(&o, test_sink(&f->out), &f->err);
	if (!f->writer)
		fail_msg("%s", f->err.message);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	f->o = (struct capture_git_options){.repositories = f->repositories,
	    .count = REPOSITORIES,
	    .sources = &f->sources,
	    .parallel = PARALLEL};
	f->env = (struct capture_env){.writer = f->writer,
	    .state_dir = f->dir,
	    .name = "t",
	    .scratch = f->dir,
	    .clock = clock_system(),
	    .random = random_system(),
	    .mirrored = on_mirrored,
	    .note_ctx = f};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	archive_writer_free(f->writer);
	capture_report_done(&f->report);
	strvec_done(&f->texts);
	strvec_done(&f->sources);
	buf_done(&f->out);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void *run(void *arg)
{
	struct fixture *f = arg;

	f->status = capture_git(&f->o, &f->env, &f->report, &f->err);
	archive_writer_rank_done(f->writer, RANK_GIT);
	return NULL;
}

static void start(struct fixture *f)
{
	assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
}

/* How many were told of, once they are so many or will not be. */
static size_t await_mirrored(struct fixture *f, size_t count)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&f->lock);
	while (f->mirrored < count &&
	       !pthread_cond_timedwait(&f->changed, &f->lock, &until))
		;
	size_t n = f->mirrored;
	pthread_mutex_unlock(&f->lock);
	return n;
}

/* Their turn comes; all of them are archived. */
static uint64_t end(struct fixture *f)
{
	struct archive_totals totals = {0};

	archive_writer_rank_done(f->writer, RANK_KUBERNETES);
	archive_writer_rank_done(f->writer, RANK_TERRAFORM);
	pthread_join(f->thread, NULL);
	assert_ok(f->status, f->err);
	assert_ok(archive_writer_finish(f->writer, &totals, &f->err), f->err);
	return totals.entries;
}

/* Clusters and states come first in the archive, and may take long. */
static void all_are_fetched_before_the_archive_takes_the_first(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < REPOSITORIES; i++)
		add_repository(f, i, true);
	start(f);
	size_t fetched = await_mirrored(f, REPOSITORIES);
	assert_int_equal(archive_writer_progress(f->writer).entries, 0);
	uint64_t entries = end(f);
	assert_int_equal(fetched, REPOSITORIES);
	assert_int_equal(f->report.items, REPOSITORIES);
	assert_int_equal(f->report.missing.len, 0);
	/* HEAD, config, objects/info/packs, a pack, its index, packed-refs and
	 * what keeps refs/. */
	assert_int_equal(entries, REPOSITORIES * 7);
}

static void one_that_cannot_be_fetched_is_missing_alone(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < REPOSITORIES; i++)
		add_repository(f, i, i != 0 && i != 4);
	start(f);
	size_t fetched = await_mirrored(f, REPOSITORIES - 2);
	uint64_t entries = end(f);
	assert_int_equal(fetched, REPOSITORIES - 2);
	assert_int_equal(f->mirrored, REPOSITORIES - 2);
	assert_int_equal(f->report.items, REPOSITORIES - 2);
	assert_int_equal(f->report.missing.len, 2);
	assert_int_equal(entries, (REPOSITORIES - 2) * 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_are_fetched_before_the_archive_takes_the_first),
	    TEST(one_that_cannot_be_fetched_is_missing_alone),
	};

	return cmocka_run_group_tests_name("git capture", tests, NULL, NULL);
}
