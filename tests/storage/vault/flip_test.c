/* Any byte of a snapshot that changes is found, wherever it lies, before
 * anything of the archive is handed on. */
#include "storage/vault/snapshot.h"

#include "storage/archive/lane.h"
#include "storage/archive/reader.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/crypto/age.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"
#include "tests/support/vaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, ARCHIVE_BYTES = 1 << 20, FILES = 4 };

struct fixture {
	struct test_vault *t;
	char *dir;
	struct test_clock clock;
	struct test_random random;
	struct snapshot_trust trust;
	struct age_identities *identities;
	struct snapshots list;
};

static void fill(struct fixture *f, struct archive_writer *w)
{
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	struct archive_totals totals;
	struct err err = ERR_INIT;

	for (int i = 0; i < FILES; i++) {
		autofree char *content = mem_alloc(ARCHIVE_BYTES / FILES);
		autofree char *path = str_printf("kubernetes/c/%d", i);
		const struct archive_entry e = {.path = path, .source = "t"};
		random_fill(&f->random.random, content, ARCHIVE_BYTES / FILES);
		assert_ok(archive_lane_add(
			      lane, &e, content, ARCHIVE_BYTES / FILES, &err),
		    err);
	}
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	for (int r = 0; r < RANK_COUNT; r++)
		archive_writer_rank_done(w, (enum archive_rank)r);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
}

static void write_snapshot(struct fixture *f, const struct minisign_key *key,
    const struct strvec *recipients)
{
	struct vault *v = &f->t->vault;
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->clock.clock,
	    .trust = &f->trust};
	const struct archive_options archive = {
	    .scratch = f->dir, .threads = 1, .mtime = 1};
	struct err err = ERR_INIT;
	struct manifest m;
	struct snapshot_writer *w = snapshot_begin(&v, 1, &o, &err);

	assert_non_null(w);
	struct sink *sink = age_encrypt(
	    recipients, &f->random.random, snapshot_writer_sink(w, &err), &err);
	struct archive_writer *a = archive_writer_new(&archive, sink, &err);
	assert_non_null(a);
	fill(f, a);
	archive_writer_free(a);
	manifest_init(&m);
	assert_ok(snapshot_commit(w, &m, key, &err), err);
	manifest_done(&m);
	snapshot_writer_free(w);
}

static void setup(struct fixture *f, int kind)
{
	struct err err = ERR_INIT;
	cleanup(strvec_done) struct strvec recipients = VEC_INIT;
	autofree char *recipient = NULL;

	memset(f, 0, sizeof(*f));
	f->t = test_vault_open(kind);
	f->dir = test_dir_make();
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 11);
	cleanup(minisign_key_freep) struct minisign_key *key =
	    test_key_make(&f->random);
	*vec_add(&f->trust.keys) = *minisign_key_public(key);
	cleanup(secret_freep) struct secret *identity =
	    age_keygen(&f->random.random, 0, &recipient);
	strvec_add(&recipients, recipient);
	f->identities = age_identities_new();
	assert_ok(age_identities_add(f->identities, identity, "id", &err), err);
	write_snapshot(f, key, &recipients);
	assert_ok(snapshot_list(f->t->real, "prod", &f->list, &err), err);
	assert_int_equal(f->list.len, 1);
}

static void teardown(struct fixture *f)
{
	snapshots_done(&f->list);
	age_identities_free(f->identities);
	snapshot_trust_done(&f->trust);
	test_dir_remove(f->dir);
	test_vault_free(f->t);
}

/* What opening and extracting it comes to; *unpacked counts what is there
 * after. */
static int open_and_extract(
    struct fixture *f, size_t *unpacked, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	autofree char *tree = file_join(f->dir, "tree");
	const struct snapshot_open_options o = {
	    .trust = &f->trust, .scratch = f->dir};
	struct err ignored = ERR_INIT;
	struct manifest m;
	int result = -1;

	assert_ok(file_mkdirs(tree, &ignored), ignored);
	struct source *from =
	    snapshot_open(&f->t->vault, &f->list.items[0], &o, &m, err);
	if (from) {
		const struct reader_options reader = {
		    .compression = m.archive.compression,
		    .encryption = m.archive.encryption,
		    .identities = f->identities};
		result = archive_extract(from, &reader, tree, NULL, err);
		manifest_done(&m);
	}
	assert_ok(file_list_dir(tree, &names, &ignored), ignored);
	*unpacked += names.len;
	assert_ok(file_remove_tree(tree, &ignored), ignored);
	return result;
}

static uint64_t object_bytes(struct fixture *f, const char *end)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	uint64_t bytes = 0;

	assert_ok(vault_list(f->t->real, "", &items, &err), err);
	VEC_EACH (&items, item)
		if (str_ends(item->name, end))
			bytes = item->bytes;
	return bytes;
}

/* A byte in each block of the object, from `start` on; how many. */
static void flip_each(
    struct fixture *f, const char *object, uint64_t start, uint64_t block)
{
	uint64_t bytes = object_bytes(f, object);
	size_t tried = 0, found = 0, unpacked = 0;

	assert_true(bytes > start);
	for (uint64_t at = start; at < bytes; at += block) {
		uint64_t room = bytes - at < block ? bytes - at : block;
		struct err err = ERR_INIT;
		f->t->flips = object;
		f->t->flip_at = at + random_below(&f->random.random, room);
		tried++;
		if (open_and_extract(f, &unpacked, &err) != 0 &&
		    err.code == ERR_INTEGRITY)
			found++;
		else
			print_error("%s: byte %llu: code %d: %s\n", object,
			    (unsigned long long)f->t->flip_at, err.code,
			    err.message);
	}
	f->t->flips = NULL;
	printf("# %s: %s: %zu of %zu flipped bytes found, %zu files unpacked\n",
	    f->t->kind, object, found, tried, unpacked);
	assert_int_equal(found, tried);
	assert_int_equal(unpacked, 0);
}

/* Of the signature, the first line is a comment that signs nothing. */
static uint64_t first_line(struct fixture *f)
{
	autofree char *name =
	    str_printf("%s.manifest.json.minisig", f->list.items[0].label);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(vault_read(f->t->real, name, 4096, &text, &err), err);
	return (uint64_t)strcspn(buf_str(&text), "\n") + 1;
}

static void every_flipped_byte_is_found(void **state)
{
	(void)state;
	for (int kind = 0; kind < test_vault_kinds(); kind++) {
		struct fixture f;
		struct err err = ERR_INIT;
		size_t unpacked = 0;
		setup(&f, kind);
		assert_ok(open_and_extract(&f, &unpacked, &err), err);
		assert_true(unpacked > 0);
		flip_each(&f, ".tar.zst.age", 0, BLOCK);
		flip_each(&f, ".manifest.json", 0, kind ? BLOCK : 1);
		flip_each(&f, ".minisig", first_line(&f), kind ? BLOCK : 1);
		teardown(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_flipped_byte_is_found),
	};

	return cmocka_run_group_tests_name(
	    "flip", tests, test_vaults_start, test_vaults_stop);
}
