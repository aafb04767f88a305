#include "storage/git/repo/repo.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <git2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TAG_DEPTH = 100 };

struct repo {
	git_repository *git;
	git_odb *odb;
	char *dir;
};

/* Nobody's own configuration of Git says what is captured, or keeps it from
 * being so; and nothing is run that a repository of somebody else could name,
 * which is what its owner is asked for. */
static void global_init(void)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA,
	    GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
	    GIT_CONFIG_LEVEL_GLOBAL};

	if (git_libgit2_init() < 0)
		abort();
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], ""))
			abort();
	if (git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0))
		abort();
}

static void init_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_init);
}

static int failed(struct err *err, int code, const char *what, const char *on)
{
	const git_error *e = git_error_last();
	enum err_code kind = code == GIT_ENOTFOUND ? ERR_NOT_FOUND
			     : code == GIT_EEXISTS ? ERR_EXISTS
						   : ERR_FORMAT;

	return err_set(err, kind, "cannot %s %s: %s", what, on,
	    e && e->message ? e->message : "libgit2 does not say why");
}

struct repo *repo_open(const char *dir, struct err *err)
{
	init_once();
	cleanup(repo_freep) struct repo *r = mem_new(struct repo);
	int code = git_repository_open_ext(
	    &r->git, dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (code) {
		failed(err, code, "open the repository", dir);
		return NULL;
	}
	code = git_repository_odb(&r->odb, r->git);
	if (code) {
		failed(err, code, "open the objects of", dir);
		return NULL;
	}
	const char *path = git_repository_commondir(r->git);
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	r->dir = str_ndup(path, len);
	return steal(r);
}

void repo_free(struct repo *r)
{
	if (!r)
		return;
	git_odb_free(r->odb);
	git_repository_free(r->git);
	free(r->dir);
	free(r);
}

void repo_freep(struct repo **r)
{
	repo_free(*r);
}

const char *repo_dir(const struct repo *r)
{
	return r->dir;
}

bool repo_is_bare(const struct repo *r)
{
	return git_repository_is_bare(r->git) == 1;
}

static git_oid oid_of(const uint8_t id[GIT_ID_LEN])
{
	git_oid oid = {{0}};

	memcpy(oid.id, id, GIT_ID_LEN);
	return oid;
}

int repo_read(struct repo *r, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct buf *out, struct err *err)
{
	git_oid oid = oid_of(id);
	git_odb_object *object = NULL;
	char hex[GIT_ID_HEX];

	int code = git_odb_read(&object, r->odb, &oid);
	if (code) {
		git_id_hex(id, hex);
		return failed(err, code, "read object", hex);
	}
	*type = (enum object_type)git_odb_object_type(object);
	buf_clear(out);
	buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return 0;
}

int repo_type(struct repo *r, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct err *err)
{
	git_oid oid = oid_of(id);
	git_object_t kind;
	size_t len;

	int code = git_odb_read_header(&len, &kind, r->odb, &oid);
	if (code) {
		char hex[GIT_ID_HEX];
		git_id_hex(id, hex);
		return failed(err, code, "read object", hex);
	}
	*type = (enum object_type)kind;
	return 0;
}

int repo_peel(struct repo *r, const uint8_t id[GIT_ID_LEN],
    uint8_t out[GIT_ID_LEN], enum object_type *type, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;

	memcpy(out, id, GIT_ID_LEN);
	for (int i = 0; i < MAX_TAG_DEPTH; i++) {
		if (repo_type(r, out, type, err))
			return -1;
		if (*type != OBJECT_TAG)
			return 0;
		if (repo_read(r, out, type, &data, err))
			return -1;
		if (!str_starts(buf_str(&data), "object ") ||
		    git_id_parse(data.data + 7, out)) {
			char hex[GIT_ID_HEX];
			git_id_hex(out, hex);
			return err_set(
			    err, ERR_FORMAT, "tag %s is malformed", hex);
		}
	}
	return err_set(err, ERR_FORMAT, "tags of tags have no end");
}

int repo_set_ref(struct repo *r, const char *name, const uint8_t id[GIT_ID_LEN],
    struct err *err)
{
	git_oid oid = oid_of(id);
	git_reference *ref = NULL;

	int code = git_reference_create(&ref, r->git, name, &oid, 1, NULL);
	git_reference_free(ref);
	return code ? failed(err, code, "set", name) : 0;
}

int repo_delete_ref(struct repo *r, const char *name, struct err *err)
{
	int code = git_reference_remove(r->git, name);

	return code ? failed(err, code, "delete", name) : 0;
}

int repo_init_bare(const char *dir, struct err *err)
{
	git_repository_init_options o;
	git_repository *git = NULL;

	init_once();
	git_repository_init_options_init(
	    &o, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	o.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
	int code = git_repository_init_ext(&git, dir, &o);
	git_repository_free(git);
	return code ? failed(err, code, "make the repository", dir) : 0;
}
