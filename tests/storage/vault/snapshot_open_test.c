/* An archive's bytes are given out only as they were signed for. */
#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/snapshot_steps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

/* A snapshot, and how it is opened. */
struct opening {
	struct fixture *f;
	char *label, *archive, *scratch;
	struct snapshots list;
	struct cancel cancel;
	struct snapshot_open_options o;
	uint64_t done, total; /* as progress said last */
	struct buf got;
	struct err err;
};

static void progress(void *ctx, uint64_t done, uint64_t total)
{
	struct opening *op = ctx;

	assert_true(done > op->done);
	op->done = done;
	op->total = total;
}

static void begin(struct opening *op, struct fixture *f)
{
	*op = (struct opening){.f = f, .err = ERR_INIT};
	op->label = test_snapshot_make(f, "prod");
	op->archive = str_printf("%s.tar.zst.age", op->label);
	op->scratch = test_dir_make();
	assert_ok(
	    snapshot_list(f->s.t->real, "prod", &op->list, &op->err), op->err);
	op->o = (struct snapshot_open_options){.trust = &f->s.trust,
	    .scratch = op->scratch,
	    .cancel = &op->cancel,
	    .progress = progress,
	    .progress_ctx = op};
}

static void end(struct opening *op)
{
	free(op->label);
	free(op->archive);
	test_dir_remove(op->scratch);
	snapshots_done(&op->list);
	buf_done(&op->got);
}

/* Opens it and reads all, at which point `call` is called between the two. */
static int read_all(struct opening *op, void (*call)(struct opening *op))
{
	struct manifest m;
	cleanup(sink_freep) struct sink *to = test_sink(&op->got);

	buf_clear(&op->got);
	op->done = 0;
	op->err = (struct err)ERR_INIT;
	struct source *from = snapshot_open(
	    &op->f->s.t->vault, &op->list.items[0], &op->o, &m, &op->err);
	if (!from)
		return -1;
	assert_string_equal(m.label, op->label);
	if (call)
		call(op);
	int result = stream_copy(from, to, &op->err) < 0 ? -1 : 0;
	source_free(from);
	manifest_done(&m);
	return result;
}

static void replace(struct opening *op, const char *content)
{
	struct vault *v = op->f->s.t->real;

	assert_int_equal(vault_remove(v, op->archive, &op->err), 0);
	assert_int_equal(vault_put_small(v, op->archive, content,
			     strlen(content), VAULT_RETAIN_NONE, &op->err),
	    0);
}

static void what_was_written_is_read(struct fixture *f)
{
	struct opening op;
	struct manifest m;

	begin(&op, f);
	assert_int_equal(read_all(&op, NULL), 0);
	assert_string_equal(buf_str(&op.got), TEST_SNAPSHOT_CONTENT);
	assert_int_equal(op.done, strlen(TEST_SNAPSHOT_CONTENT));
	assert_int_equal(op.total, op.done);
	op.done = 0;
	assert_int_equal(snapshot_check(&f->s.t->vault, &op.list.items[0],
			     &op.o, &m, &op.err),
	    0);
	assert_int_equal(op.done, strlen(TEST_SNAPSHOT_CONTENT));
	manifest_done(&m);
	end(&op);
}

static void assert_wrong(struct opening *op, const char *read_bytes)
{
	struct manifest m;
	autofree char *says = str_printf(
	    "the archive of '%s' is not the one its manifest was signed for "
	    "(%s bytes of %zu read): it was damaged, cut off or replaced",
	    op->label, read_bytes, strlen(TEST_SNAPSHOT_CONTENT));

	assert_int_equal(read_all(op, NULL), -1);
	assert_int_equal(op->err.code, ERR_INTEGRITY);
	assert_contains(op->err.message, says);
	assert_int_equal(op->got.len, 0);
	op->done = 0;
	op->err = (struct err)ERR_INIT;
	assert_int_equal(snapshot_check(&op->f->s.t->vault, &op->list.items[0],
			     &op->o, &m, &op->err),
	    -1);
	assert_int_equal(op->err.code, ERR_INTEGRITY);
}

static void not_a_byte_of_another_is_given_out(struct fixture *f)
{
	struct opening op;

	begin(&op, f);
	f->s.t->flips = ".age";
	f->s.t->flip_at = strlen(TEST_SNAPSHOT_CONTENT) - 1;
	assert_wrong(&op, "39");
	f->s.t->flips = NULL;
	replace(&op, "cut");
	assert_wrong(&op, "3");
	replace(&op, TEST_SNAPSHOT_CONTENT "!");
	assert_wrong(&op, "40");
	replace(&op, "");
	assert_wrong(&op, "0");
	replace(&op, TEST_SNAPSHOT_CONTENT);
	assert_int_equal(read_all(&op, NULL), 0);
	end(&op);
}

static void an_archive_that_is_gone_is_no_snapshot(struct fixture *f)
{
	struct opening op;
	autofree char *says = NULL;

	begin(&op, f);
	says = str_printf("the archive of '%s': ", op.label);
	assert_int_equal(vault_remove(f->s.t->real, op.archive, &op.err), 0);
	assert_int_equal(read_all(&op, NULL), -1);
	assert_int_equal(op.err.code, ERR_INTEGRITY);
	assert_contains(op.err.message, says);
	end(&op);
}

static void a_store_that_does_not_answer_is_no_damage(struct fixture *f)
{
	struct opening op;

	begin(&op, f);
	f->s.t->unread = ".age";
	f->s.t->unread_code = ERR_NETWORK;
	f->s.t->unread_times = 1;
	assert_int_equal(read_all(&op, NULL), -1);
	assert_int_equal(op.err.code, ERR_NETWORK);
	assert_int_equal(read_all(&op, NULL), 0);
	end(&op);
}

/* In its place, where it is a file. */
static void swap(struct opening *op)
{
	static const char other[] = "an archive, or what passes for one THERE";
	const char *dir = op->f->s.t->dir;

	if (!dir)
		return replace(op, other);
	autofree char *path = file_join(dir, op->archive);
	assert_int_equal(chmod(path, 0600), 0);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(
	    write(fd, other, sizeof(other) - 1), sizeof(other) - 1);
}

/* Between the pass that checks and the one that gives out: a bucket's is read
 * once, a directory's is checked again. */
static void one_that_is_replaced_meanwhile_is_noticed(struct fixture *f)
{
	struct opening op;

	begin(&op, f);
	int result = read_all(&op, swap);
	if (f->s.t->dir) {
		assert_int_equal(result, -1);
		assert_int_equal(op.err.code, ERR_INTEGRITY);
	} else {
		assert_int_equal(result, 0);
		assert_string_equal(buf_str(&op.got), TEST_SNAPSHOT_CONTENT);
	}
	end(&op);
}

static void a_manifest_that_nobody_signed_opens_nothing(struct fixture *f)
{
	struct opening op;
	struct manifest m;
	autofree char *signature = NULL;

	begin(&op, f);
	signature = str_printf("%s.manifest.json.minisig", op.label);
	assert_int_equal(vault_remove(f->s.t->real, signature, &op.err), 0);
	assert_int_equal(read_all(&op, NULL), -1);
	assert_int_equal(op.err.code, ERR_INTEGRITY);
	assert_int_equal(op.done, 0);
	assert_int_equal(snapshot_check(&f->s.t->vault, &op.list.items[0],
			     &op.o, &m, &op.err),
	    -1);
	assert_int_equal(op.done, 0);
	end(&op);
}

static void a_run_that_stops_reads_no_more(struct fixture *f)
{
	struct opening op;

	begin(&op, f);
	cancel_request(&op.cancel);
	assert_int_equal(read_all(&op, NULL), -1);
	assert_int_equal(op.err.code, ERR_CANCELLED);
	assert_int_equal(op.done, 0);
	end(&op);
}

/* The error of one that another needs says who needs it. */
static void an_archive_that_is_needed_is_named_by_who_needs_it(
    struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	const struct snapshot_open_options o = {
	    .trust = &f->s.trust, .scratch = f->state_dir};
	struct err err = ERR_INIT;
	struct manifest m;

	test_snapshots_add(&f->s, test_snapshot_begin_list);
	f->s.clock.now_ms += 1000;
	test_snapshots_add(&f->s, test_snapshot_go_on);
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_int_equal(list.len, 2);
	assert_ok(
	    snapshot_check(f->s.t->real, &list.items[1], &o, &m, &err), err);
	manifest_done(&m);
	assert_ok(vault_remove(f->s.t->real, list.items[0].archive, &err), err);
	assert_fails(snapshot_check(f->s.t->real, &list.items[1], &o, &m, &err),
	    err, ERR_INTEGRITY);
	autofree char *says = str_printf(
	    "'%s' needs '%s': ", list.items[1].label, list.items[0].archive);
	assert_contains(err.message, says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(what_was_written_is_read),
	    TEST_ON_VAULTS(not_a_byte_of_another_is_given_out),
	    TEST_ON_VAULTS(an_archive_that_is_gone_is_no_snapshot),
	    TEST_ON_VAULTS(a_store_that_does_not_answer_is_no_damage),
	    TEST_ON_VAULTS(one_that_is_replaced_meanwhile_is_noticed),
	    TEST_ON_VAULTS(a_manifest_that_nobody_signed_opens_nothing),
	    TEST_ON_VAULTS(a_run_that_stops_reads_no_more),
	    TEST_ON_VAULTS(an_archive_that_is_needed_is_named_by_who_needs_it),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
