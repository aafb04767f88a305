#include "storage/git/push/push_target.h"

#include "storage/base/cleanup.h"
#include "storage/git/repo/repo.h"
#include "storage/git/wire/remote.h"

static int find_file(const char *path, struct push_target *out, struct err *err)
{
	struct err why = ERR_INIT;
	cleanup(repo_freep) struct repo *repo = repo_open(path, &why);

	out->missing = !repo && why.code == ERR_NOT_FOUND;
	if (repo || out->missing)
		return 0;
	*err = why;
	return -1;
}

static int find_server(const char *url, const struct git_access *access,
    struct push_target *out, struct err *err)
{
	struct err why = ERR_INIT;
	cleanup(remote_freep) struct remote *r =
	    remote_open(url, access, "git-receive-pack", &why);

	out->missing = !r && why.code == ERR_NOT_FOUND;
	if (r || out->missing)
		return 0;
	*err = why;
	return -1;
}

int push_target_find(const char *url, const struct git_access *access,
    struct push_target *out, struct err *err)
{
	struct location where = LOCATION_INIT;

	*out = (struct push_target){.missing = false};
	if (location_parse(url, &where, err))
		return -1;
	out->unmakeable = where.kind == LOCATION_HTTP;
	int failed = where.kind == LOCATION_FILE
			 ? find_file(where.path, out, err)
			 : find_server(url, access, out, err);
	location_done(&where);
	return failed;
}
