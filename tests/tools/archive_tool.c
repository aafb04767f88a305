/*
 * Packs the files of a directory as a backup would: tar, zstd, age, SHA-256.
 * For scripts/bench.d/archive.
 *     archive_tool DIR OUTDIR NAME RECIPIENT LEVEL
 */
#include "storage/archive/lane.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/relay.h"
#include "storage/crypto/age.h"
#include "storage/vault/vault_dir.h"

#include <stdio.h>
#include <stdlib.h>

static int add_files(
    struct archive_lane *lane, const char *dir, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	if (file_list_dir(dir, &names, err))
		return -1;
	VEC_EACH (&names, name) {
		autofree char *file = file_join(dir, *name);
		const struct archive_entry e = {.path = *name, .source = file};
		if (archive_lane_add_file(lane, &e, file, err))
			return -1;
	}
	return archive_lane_commit(lane, err);
}

static int pack(struct vault *vault, const char *dir, const char *name,
    const char *recipient, int level, struct err *err)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t bytes;
	const struct archive_options o = {.compression = ARCHIVE_ZSTD,
	    .level = level,
	    .scratch = "/tmp",
	    .mtime = 1};
	struct archive_totals totals;

	strvec_add(&to, recipient);
	struct sink *out = vault_put(vault, name, err);
	if (!out)
		return -1;
	out = age_encrypt(
	    &to, random_system(), sink_digest(out, sha256, &bytes), err);
	if (!out)
		return -1;
	/* As backup.c does. */
	out = relay_sink(out, RELAY_AHEAD);
	cleanup(archive_writer_freep) struct archive_writer *w =
	    archive_writer_new(&o, out, err);
	if (!w)
		return -1;
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	int result = add_files(lane, dir, err);
	archive_lane_free(lane);
	for (int r = 0; r < RANK_COUNT; r++)
		archive_writer_rank_done(w, (enum archive_rank)r);
	return result ? -1 : archive_writer_finish(w, &totals, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 6) {
		fprintf(stderr, "usage: archive_tool DIR OUTDIR NAME "
				"RECIPIENT LEVEL\n");
		return 2;
	}
	cleanup(vault_freep) struct vault *vault =
	    vault_dir_open(argv[2], true, &err);
	if (!vault ||
	    pack(vault, argv[1], argv[3], argv[4], atoi(argv[5]), &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 3;
	}
	return 0;
}
