#include "storage/git/reach.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/vec.h"
#include "storage/git/links.h"
#include "storage/git/repo.h"

#include <string.h>

static int check_object(struct repo *repo, const uint8_t *id,
    struct linkset *links, struct buf *data, struct err *err)
{
	enum object_type type;
	struct err why = ERR_INIT;
	char hex[GIT_ID_HEX];

	/* A blob names nothing, and may be large: that it is there is enough.
	 */
	if (repo_type(repo, id, &type, &why) == 0 &&
	    (type == OBJECT_BLOB ||
		(repo_read(repo, id, &type, data, &why) == 0 &&
		    links_of(type, buf_str(data), data->len, links, &why) ==
			0)))
		return 0;
	git_id_hex(id, hex);
	if (why.code == ERR_NOT_FOUND)
		return err_set(err, ERR_INTEGRITY, "object %s is missing", hex);
	return err_set(err, ERR_INTEGRITY, "object %s: %s", hex, why.message);
}

/* All that one ref reaches and no ref before it did. */
static int check_ref(struct repo *repo, const struct git_ref *ref,
    struct linkset *seen, const struct cancel *cancel, struct err *err)
{
	struct git_idvec todo = VEC_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	int result = 0;

	memcpy(vec_add(&todo)->bytes, ref->id, GIT_ID_LEN);
	while (todo.len && result == 0) {
		struct git_id id = todo.items[--todo.len];
		cleanup(linkset_done) struct linkset links = LINKSET_INIT;
		if (linkset_has(seen, id.bytes))
			continue;
		linkset_add(seen, id.bytes);
		result = cancel_check(cancel, err) ||
			 check_object(repo, id.bytes, &links, &data, err);
		const uint8_t *link;
		for (size_t at = 0; (link = linkset_next(&links, &at));)
			if (!linkset_has(seen, link))
				memcpy(vec_add(&todo)->bytes, link, GIT_ID_LEN);
	}
	vec_done(&todo);
	return result ? err_wrap(err, "%s", ref->name) : 0;
}

int reach_check(const char *dir, const struct git_refvec *refs,
    const struct cancel *cancel, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);
	cleanup(linkset_done) struct linkset seen = LINKSET_INIT;

	if (!repo)
		return -1;
	VEC_EACH (refs, ref) {
		if (check_ref(repo, ref, &seen, cancel, err))
			return -1;
	}
	return 0;
}
