#include "storage/git/repo/lfs_reach.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/reach.h"
#include "storage/git/repo/repo.h"

#include <stdlib.h>
#include <string.h>

static int read_pointers(struct repo *repo, const struct object_links *objects,
    struct lfs_scan *scan, const struct cancel *cancel, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	uint8_t id[GIT_ID_LEN];

	for (size_t at = 0; object_links_next(objects, &at, id);) {
		int small =
		    repo_read_small_blob(repo, id, LFS_POINTER_MAX, &data, err);
		if (small < 0 || cancel_check(cancel, err))
			return -1;
		if (small)
			lfs_scan_blob(scan, buf_str(&data), data.len);
	}
	return 0;
}

int lfs_reach_find(const char *dir, const struct git_refvec *refs,
    const struct cancel *cancel, struct lfs_objectvec *found, struct err *err)
{
	cleanup(repo_freep) struct repo *repo = repo_open(dir, err);
	cleanup(object_links_done) struct object_links objects =
	    OBJECT_LINKS_INIT;
	struct git_idvec tips = VEC_INIT;
	struct lfs_scan scan;

	if (!repo)
		return -1;
	lfs_scan_init(&scan);
	GIT_REFVEC_EACH (refs, r)
		memcpy(vec_add(&tips)->bytes, r->id, GIT_ID_LEN);
	int result =
	    reach_collect(repo, &tips, NULL, NULL, &objects, cancel, err) ||
	    read_pointers(repo, &objects, &scan, cancel, err);
	if (!result) {
		lfs_scan_sort(&scan);
		*found = scan.found;
		scan.found = (struct lfs_objectvec)VEC_INIT;
	}
	vec_done(&tips);
	lfs_scan_done(&scan);
	return result ? -1 : 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, ((const struct lfs_object *)b)->sha256);
}

bool lfs_reach_has(const struct lfs_objectvec *found, const char *sha256)
{
	return found->len && bsearch(sha256, found->items, found->len,
				 sizeof(*found->items), by_id);
}
