#include "storage/git/repo/ancestry.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/git/repo/objects.h"

#include <string.h>

enum { TAGS_MAX = 16 /* one that names another one, and so on */ };

/* The id behind "word " at the start of a line; false where it is none. */
static bool read_id(enum git_hash hash, const char *line, const char *word,
    uint8_t id[GIT_ID_LEN])
{
	return str_starts(line, word) &&
	       git_id_parse(hash, line + strlen(word), id) == 0;
}

static int read_commit(struct objects *objects, enum git_hash hash,
    struct git_id *id, struct buf *text, struct err *err)
{
	enum object_type type;

	for (int i = 0; i < TAGS_MAX; i++) {
		if (objects_read(objects, id->bytes, &type, text, err))
			return -1;
		if (type == OBJECT_COMMIT)
			return 0;
		if (type != OBJECT_TAG ||
		    !read_id(hash, buf_str(text), "object ", id->bytes))
			break;
	}
	return err_set(err, ERR_FORMAT,
	    "a ref names something else than a "
	    "commit");
}

/* "tree …", then a line for each parent. */
static void add_parents(
    enum git_hash hash, const char *text, struct git_idvec *out)
{
	const char *line = strchr(text, '\n');
	struct git_id parent = {.bytes = {0}};

	while (line && read_id(hash, line + 1, "parent ", parent.bytes)) {
		*vec_add(out) = parent;
		line = strchr(line + 1, '\n');
	}
}

/* All commits that are reached from one. */
static int collect(struct objects *objects, enum git_hash hash,
    const uint8_t from[GIT_ID_LEN], struct object_links *seen, struct err *err)
{
	struct git_idvec left = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	int failed = 0;

	memcpy(vec_add(&left)->bytes, from, GIT_ID_LEN);
	while (!failed && left.len) {
		struct git_id id = left.items[--left.len];
		if (object_links_has(seen, id.bytes))
			continue;
		failed = read_commit(objects, hash, &id, &text, err);
		if (failed || object_links_has(seen, id.bytes))
			continue;
		object_links_add(seen, id.bytes);
		add_parents(hash, buf_str(&text), &left);
	}
	vec_done(&left);
	return failed;
}

static uint64_t count_missing(
    const struct object_links *of, const struct object_links *in)
{
	uint8_t id[GIT_ID_LEN];
	uint64_t missing = 0;

	for (size_t at = 0; object_links_next(of, &at, id);)
		missing += !object_links_has(in, id);
	return missing;
}

int ancestry_compare(const char *git_dir, enum git_hash hash,
    const uint8_t from[GIT_ID_LEN], const uint8_t to[GIT_ID_LEN],
    struct ancestry *out, struct err *err)
{
	cleanup(object_links_done) struct object_links a = OBJECT_LINKS_INIT;
	cleanup(object_links_done) struct object_links b = OBJECT_LINKS_INIT;
	struct objects *objects = objects_open(git_dir, hash, err);

	if (!objects)
		return -1;
	int failed = collect(objects, hash, from, &a, err) ||
		     collect(objects, hash, to, &b, err);
	objects_free(objects);
	if (failed)
		return -1;
	*out = (struct ancestry){
	    .ahead = count_missing(&b, &a), .behind = count_missing(&a, &b)};
	return 0;
}
