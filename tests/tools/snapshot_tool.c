/*
 * Makes a snapshot in a directory of the objects that lie in a folder, as a
 * backup of a cluster would, without a cluster. For scripts/bench.d/look.
 *     snapshot_tool VAULTDIR NAME SIGNING_KEY RECIPIENT FOLDER
 * Each file NAME.json of FOLDER becomes the config map NAME in the namespace
 * "bench" of the cluster "production".
 */
#include "storage/archive/lane.h"
#include "storage/archive/layout.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json_text.h"
#include "storage/base/relay.h"
#include "storage/crypto/age.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/snapshot.h"
#include "storage/vault/vault_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECT_MAX = 4 << 20 };

static int add_object(struct archive_lane *lane, const char *folder,
    const char *file_name, struct err *err)
{
	cleanup(buf_done) struct buf path = BUF_INIT, facts = BUF_INIT;
	cleanup(buf_done) struct buf content = BUF_INIT;
	autofree char *file = file_join(folder, file_name);
	autofree char *name =
	    str_ndup(file_name, strlen(file_name) - strlen(".json"));

	if (file_read(file, OBJECT_MAX, &content, err))
		return -1;
	layout_object_path("production", "configmaps", "bench", name, &path);
	json_text_object(&facts, NULL);
	json_text_str(&facts, "apiVersion", "v1");
	json_text_str(&facts, "kind", "ConfigMap");
	json_text_str(&facts, "name", name);
	json_text_str(&facts, "namespace", "bench");
	json_text_str(&facts, "resource", "configmaps");
	json_text_str(&facts, "uid", "00000000-0000-0000-0000-000000000000");
	json_text_object_end(&facts);
	const struct archive_entry e = {.path = buf_str(&path),
	    .source = "https://production.example.com",
	    .facts = buf_str(&facts)};
	return archive_lane_add(lane, &e, content.data, content.len, err);
}

static int add_objects(
    struct archive_writer *w, const char *folder, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	if (file_list_dir(folder, &names, err))
		return -1;
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	int failed = 0;
	for (size_t i = 0; !failed && i < names.len; i++)
		failed = add_object(lane, folder, names.items[i], err);
	if (!failed)
		failed = archive_lane_commit(lane, err);
	archive_lane_free(lane);
	for (int r = 0; r < RANK_COUNT; r++)
		archive_writer_rank_done(w, (enum archive_rank)r);
	return failed;
}

static int write_archive(struct snapshot_writer *s, const char *recipient,
    const char *folder, struct manifest *m, struct err *err)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	struct archive_totals totals;
	const struct archive_options o = {
	    .compression = ARCHIVE_ZSTD, .scratch = "/tmp", .mtime = 1};

	strvec_add(&to, recipient);
	struct sink *sink = snapshot_writer_sink(s, err);
	if (sink)
		sink = age_encrypt(&to, random_system(), sink, err);
	if (!sink)
		return -1;
	cleanup(archive_writer_freep) struct archive_writer *w =
	    archive_writer_new(&o, relay_sink(sink, RELAY_AHEAD), err);
	if (!w || add_objects(w, folder, err) ||
	    archive_writer_finish(w, &totals, err))
		return -1;
	m->archive.entries = totals.entries;
	m->archive.content_bytes = totals.bytes;
	m->archive.has_index = true;
	m->archive.index = archive_writer_index(w);
	return 0;
}

static int make(char **argv, struct err *err)
{
	cleanup(vault_freep) struct vault *vault =
	    vault_dir_open(argv[1], true, err);
	cleanup(minisign_key_freep) struct minisign_key *key =
	    vault ? minisign_key_read(argv[3], NULL, err) : NULL;
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};
	struct manifest m;

	if (!key)
		return -1;
	*vec_add(&trust.keys) = *minisign_key_public(key);
	const struct snapshot_options o = {.name = argv[2],
	    .encryption = ARCHIVE_AGE,
	    .clock = clock_system(),
	    .trust = &trust};
	cleanup(snapshot_writer_freep) struct snapshot_writer *s =
	    snapshot_begin(&vault, 1, &o, err);
	if (!s)
		return -1;
	manifest_init(&m);
	int failed = write_archive(s, argv[4], argv[5], &m, err) ||
		     snapshot_commit(s, &m, key, err);
	manifest_done(&m);
	return failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 6) {
		fprintf(stderr, "usage: snapshot_tool VAULTDIR NAME "
				"SIGNING_KEY RECIPIENT FOLDER\n");
		return 2;
	}
	if (make(argv, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.message);
	return 1;
}
