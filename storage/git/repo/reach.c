#include "storage/git/repo/reach.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/vec.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/repo.h"

#include <string.h>

static int check_object(struct repo *repo, const uint8_t *id,
    struct object_links *links, struct buf *data, struct err *err)
{
	enum object_type type;
	struct err why = ERR_INIT;
	char hex[GIT_ID_HEX];

	/* A blob names nothing, and may be large: it is enough that it exists.
	 */
	if (repo_type(repo, id, &type, &why) == 0 &&
	    (type == OBJECT_BLOB ||
		(repo_read(repo, id, &type, data, &why) == 0 &&
		    object_links_of(repo_hash(repo), type, buf_str(data),
			data->len, links, &why) == 0)))
		return 0;
	git_id_hex(repo_hash(repo), id, hex);
	if (why.code == ERR_NOT_FOUND)
		return err_set(err, ERR_INTEGRITY, "object %s is missing", hex);
	return err_set(err, ERR_INTEGRITY, "object %s: %s", hex, why.message);
}

/* All that one ref reaches, and no ref before it did. */
static int check_ref(struct repo *repo, const struct git_ref *ref,
    struct object_links *seen, const struct cancel *cancel, struct err *err)
{
	struct git_idvec todo = VEC_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	int result = 0;

	memcpy(vec_add(&todo)->bytes, ref->id, GIT_ID_LEN);
	while (todo.len && result == 0) {
		struct git_id id = todo.items[--todo.len];
		cleanup(object_links_done) struct object_links links =
		    OBJECT_LINKS_INIT;
		if (object_links_has(seen, id.bytes))
			continue;
		object_links_add(seen, id.bytes);
		result = cancel_check(cancel, err) ||
			 check_object(repo, id.bytes, &links, &data, err);
		uint8_t link[GIT_ID_LEN];
		for (size_t at = 0; object_links_next(&links, &at, link);)
			if (!object_links_has(seen, link))
				memcpy(vec_add(&todo)->bytes, link, GIT_ID_LEN);
	}
	vec_done(&todo);
	return result ? err_wrap(err, "%s", ref->name) : 0;
}

int reach_check(const char *dir, enum git_hash hash,
    const struct git_refvec *refs, const struct cancel *cancel, struct err *err)
{
	cleanup(repo_freep) struct repo *repo =
	    repo_open_unborn(dir, hash, err);
	cleanup(object_links_done) struct object_links seen = OBJECT_LINKS_INIT;

	if (!repo)
		return -1;
	GIT_REFVEC_EACH (refs, ref) {
		if (check_ref(repo, ref, &seen, cancel, err))
			return -1;
	}
	return 0;
}

/* --- what is to be sent */

struct collect {
	struct repo *repo;
	bool (*known)(const void *ctx, const uint8_t *id);
	const void *ctx;
	struct object_links *found;
	struct git_idvec todo; /* found, and perhaps not a blob */
	struct buf data;
};

/* Whether it was not found before. */
static bool find(struct collect *c, const uint8_t *id)
{
	if (object_links_has(c->found, id) ||
	    (c->known && c->known(c->ctx, id)))
		return false;
	object_links_add(c->found, id);
	return true;
}

static void visit(struct collect *c, const uint8_t *id)
{
	if (find(c, id))
		memcpy(vec_add(&c->todo)->bytes, id, GIT_ID_LEN);
}

/* Most objects are blobs; they are not read. */
static int visit_tree(struct collect *c)
{
	const uint8_t *at = (const uint8_t *)buf_str(&c->data);
	const uint8_t *end = at + c->data.len;
	struct tree_entry e;
	int result;

	while ((result = tree_next(repo_hash(c->repo), &at, end, &e)) == 0) {
		if (e.mode == MODE_SUBMODULE)
			continue;
		if (e.mode == MODE_TREE)
			visit(c, e.id);
		else
			find(c, e.id);
	}
	return result < 0 ? -1 : 0;
}

static int visit_links(
    struct collect *c, enum object_type type, struct err *err)
{
	cleanup(object_links_done) struct object_links links =
	    OBJECT_LINKS_INIT;
	uint8_t link[GIT_ID_LEN];

	if (object_links_of(repo_hash(c->repo), type, buf_str(&c->data),
		c->data.len, &links, err))
		return -1;
	for (size_t at = 0; object_links_next(&links, &at, link);)
		visit(c, link);
	return 0;
}

static int collect_one(
    struct collect *c, const struct git_id *id, struct err *err)
{
	enum object_type type;
	char hex[GIT_ID_HEX];

	if (repo_type(c->repo, id->bytes, &type, err))
		return -1;
	if (type == OBJECT_BLOB)
		return 0;
	if (repo_read(c->repo, id->bytes, &type, &c->data, err))
		return -1;
	if (type != OBJECT_TREE ? visit_links(c, type, err) == 0
				: visit_tree(c) == 0)
		return 0;
	git_id_hex(repo_hash(c->repo), id->bytes, hex);
	return err_set(
	    err, ERR_FORMAT, "%s %s is malformed", object_type_name(type), hex);
}

int reach_collect(struct repo *repo, const struct git_idvec *from,
    bool (*known)(const void *ctx, const uint8_t *id), const void *ctx,
    struct object_links *found, const struct cancel *cancel, struct err *err)
{
	struct collect c = {
	    .repo = repo, .known = known, .ctx = ctx, .found = found};
	int result = 0;

	VEC_EACH (from, id)
		visit(&c, id->bytes);
	while (c.todo.len && !result) {
		struct git_id id = c.todo.items[--c.todo.len];
		result = cancel_check(cancel, err) || collect_one(&c, &id, err);
	}
	vec_done(&c.todo);
	buf_done(&c.data);
	return result ? -1 : 0;
}
