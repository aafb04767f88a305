/* A CONTENTS.json from outside: each entry that is accepted has a safe path,
 * of which is known where it belongs, or that it belongs nowhere. And a line
 * that is read in place says what it says to a JSON parser. */
#include "storage/archive/contents_line.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What a path was split into, joined, is that path. */
static void split(const char *path)
{
	struct err err = ERR_INIT;
	struct layout_git git;
	struct layout_object object;
	struct layout_state state;

	if (layout_git_split(path, &git, &err) == 0) {
		autofree char *joined = str_printf("%s/%s", git.dir, git.file);
		must(layout_kind_of(path) == LAYOUT_GIT);
		must(*git.repository && str_eq(joined, path));
		layout_git_done(&git);
	}
	if (layout_object_split(path, &object, &err) == 0) {
		autofree char *cluster =
		    str_printf("kubernetes/%s/", object.cluster);
		must(layout_kind_of(path) == LAYOUT_KUBERNETES);
		must(str_starts(path, cluster));
		must(strstr(path, object.resource) != NULL);
		must(!object.ns || strstr(path, object.ns));
		layout_object_done(&object);
	}
	if (layout_state_split(path, &state, &err) == 0) {
		autofree char *joined =
		    str_printf("terraform/%s/%s", state.bucket, state.key);
		must(layout_kind_of(path) == LAYOUT_TERRAFORM);
		must(*state.bucket && str_eq(joined, path));
		layout_state_done(&state);
	}
}

static int entry(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)ctx;
	(void)err;
	must(file_path_is_safe(e->path));
	split(e->path);
	return 0;
}

enum { ARCHIVE_BYTES = 300, ARCHIVES = 3 };

static int placed(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)ctx;
	(void)err;
	must(!e->located || e->position.offset <= INT64_MAX - e->bytes);
	return 0;
}

/* Of one archive, or of a list. NULL: the fast way. */
static void located(const uint8_t *data, size_t len, size_t count,
    int (*fn)(void *ctx, const struct contents_entry *e, struct err *err))
{
	const uint64_t ends[] = {ARCHIVE_BYTES, ARCHIVE_BYTES, ARCHIVE_BYTES};
	struct frames frames[ARCHIVES] = {VEC_INIT};
	const struct contents_archives archives = {
	    .count = count, .ends = ends + ARCHIVES - count, .frames = frames};
	struct source *from = source_from_memory(data, len);
	struct err err = ERR_INIT;

	if (!contents_each_located(from, fn, NULL, &archives, &err))
		must(frames_end(&frames[count - 1]) == ARCHIVE_BYTES);
	source_free(from);
	for (size_t i = 0; i < count; i++) {
		must(frames_end(&frames[i]) <= ARCHIVE_BYTES);
		vec_done(&frames[i]);
	}
}

/* ---- one line, in two ways ---- */

static bool same_bytes(const void *a, const void *b, size_t len)
{
	return memcmp(a, b, len) == 0;
}

static void must_be_same(
    const struct contents_entry *a, const struct contents_entry *b)
{
	cleanup(json_freep) struct json_object *facts_a = facts_tree(a->facts);
	cleanup(json_freep) struct json_object *facts_b = facts_tree(b->facts);
	cleanup(buf_done) struct buf text_a = BUF_INIT, text_b = BUF_INIT;

	must(str_eq(a->path, b->path) && str_eq(a->source, b->source));
	must(a->bytes == b->bytes && a->mtime == b->mtime);
	must(same_bytes(a->sha256, b->sha256, sizeof a->sha256));
	must(a->archive == b->archive && a->has_attrs == b->has_attrs);
	must(same_bytes(a->attrs, b->attrs, sizeof a->attrs));
	must(a->located == b->located &&
	     a->position.frame == b->position.frame &&
	     a->position.offset == b->position.offset);
	must(!facts_a == !facts_b);
	json_write(&text_a, facts_a, JSON_COMPACT);
	json_write(&text_b, facts_b, JSON_COMPACT);
	must(str_eq(buf_str(&text_a), buf_str(&text_b)));
}

/* With white space before it, a line is none that is read in place. */
static void both_ways(const uint8_t *data, size_t len, int version)
{
	cleanup(contents_line_done) struct contents_line a = CONTENTS_LINE_INIT;
	cleanup(contents_line_done) struct contents_line b = CONTENTS_LINE_INIT;
	autofree char *text = str_printf("%.*s,", (int)len, (const char *)data);
	autofree char *spaced = str_printf(" %s", text);
	struct err err_a = ERR_INIT, err_b = ERR_INIT;

	len = strlen(text) - 1;
	int failed = contents_line_read(&a, version, text, len, &err_a);
	must(
	    failed == contents_line_read(&b, version, spaced, len + 1, &err_b));
	must(b.tree || failed);
	if (!failed)
		must_be_same(&a.entry, &b.entry);
	else
		must(err_a.code == err_b.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (int version = 1; version <= 3; version++)
		both_ways(data, len, version);
	struct source *from = source_from_memory(data, len);
	struct err err = ERR_INIT;

	(void)contents_each(from, entry, NULL, &err);
	source_free(from);
	for (size_t count = 1; count <= ARCHIVES; count++) {
		located(data, len, count, placed);
		located(data, len, count, NULL);
	}
	return 0;
}
