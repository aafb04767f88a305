#include "storage/git/repo/repo.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/git/repo/layout.h"

#include <git2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TAG_DEPTH = 100 };

struct repo {
	struct layout at;
	git_odb *odb;
	git_repository *git; /* only where refs are set */
	bool bare;
};

/* Nobody's own configuration of Git says what is captured, or keeps it from
 * being so; and nothing is run that a repository of somebody else could name,
 * which is what its owner is asked for. */
static void global_init(void)
{
	/* They change nothing of what is read: see check_extension. */
	static const char *extensions[] = {"objectformat", "preciousobjects",
	    "refstorage", "relativeworktrees", "worktreeconfig"};
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA,
	    GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
	    GIT_CONFIG_LEVEL_GLOBAL};

	if (git_libgit2_init() < 0)
		abort();
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], ""))
			abort();
	if (git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) ||
	    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
		sizeof(extensions) / sizeof(*extensions)))
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

/* ---- opening ---- */

/* What is said of a repository that changes how it is read (git's own list:
 * gitrepository-layout(5), repository-version). */
struct format {
	const char *dir;
	int version;
	int bare; /* -1: not said */
	struct err *err;
};

static int refuse(const struct format *f, const char *what, const char *value,
    const char *advice)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;

	str_add_printable(&shown, value, strnlen(value, 60));
	err_set(f->err, ERR_FORMAT, "%s: %s '%s' cannot be read: %s", f->dir,
	    what, buf_str(&shown), advice);
	return -1;
}

static int check_extension(
    const struct format *f, const char *name, const char *value)
{
	static const char *const harmless[] = {"noop", "noop-v1",
	    "preciousobjects", "relativeworktrees", "worktreeconfig"};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (str_eq(name, harmless[i]))
			return 0;
	if (str_eq(name, "objectformat"))
		return str_eq(value, "sha1")
			   ? 0
			   : refuse(f, "the object format", value,
				 "only sha1 can be read; convert it, or keep "
				 "it by other means");
	if (str_eq(name, "refstorage"))
		return str_eq(value, "files")
			   ? 0
			   : refuse(f, "the ref storage", value,
				 "only 'files' can be read; give its URL on a "
				 "server, or convert it (git refs migrate "
				 "--ref-format=files)");
	if (str_eq(name, "partialclone"))
		return refuse(f, "a partial clone of", value,
		    "objects are left at its origin; back that up, or "
		    "complete it (git fetch --refetch --no-filter)");
	return f->version
		   ? refuse(f, "the extension", name, "it is not known here")
		   : 0;
}

static int take_entry(const git_config_entry *e, void *ctx)
{
	struct format *f = ctx;
	const char *value = e->value ? e->value : "true";
	int is = 0;

	if (str_eq(e->name, "core.bare") && !git_config_parse_bool(&is, value))
		f->bare = is != 0;
	if (str_starts(e->name, "extensions."))
		return check_extension(
		    f, e->name + strlen("extensions."), value);
	return 0;
}

static int read_config(struct format *f, const char *path)
{
	git_config *config = NULL;
	int32_t version = 0;

	if (!file_exists(path))
		return 0;
	int code = git_config_open_ondisk(&config, path);
	if (code)
		return failed(f->err, code, "read", path);
	if (!git_config_get_int32(
		&version, config, "core.repositoryformatversion"))
		f->version = version;
	if (f->version > 1)
		code = err_set(f->err, ERR_FORMAT,
		    "%s: its format has version %d, and at most 1 is known",
		    f->dir, f->version);
	else if ((code = git_config_foreach(config, take_entry, f)) &&
		 f->err->code == ERR_NONE)
		failed(f->err, code, "read", path);
	git_config_free(config);
	return code ? -1 : 0;
}

static int check_format(struct repo *r, struct err *err)
{
	struct format f = {.dir = r->at.common, .bare = -1, .err = err};
	autofree char *shared = file_join(r->at.common, "config");
	/* Where extensions.worktreeConfig has moved core.bare to. */
	autofree char *own = file_join(r->at.own, "config.worktree");

	if (read_config(&f, shared) || read_config(&f, own))
		return -1;
	r->bare = f.bare < 0 ? !r->at.below : f.bare;
	return 0;
}

static int open_objects(struct repo *r, struct err *err)
{
	autofree char *objects = file_join(r->at.common, "objects");
	int code = git_odb_open(&r->odb, objects);

	return code ? failed(err, code, "open the objects in", objects) : 0;
}

struct repo *repo_open(const char *dir, struct err *err)
{
	init_once();
	cleanup(repo_freep) struct repo *r = mem_new(struct repo);
	if (layout_find(dir, &r->at, err) || check_format(r, err) ||
	    open_objects(r, err))
		return NULL;
	return steal(r);
}

struct repo *repo_open_unborn(const char *dir, struct err *err)
{
	init_once();
	cleanup(repo_freep) struct repo *r = mem_new(struct repo);
	r->at = (struct layout){.own = str_dup(dir), .common = str_dup(dir)};
	r->bare = true;
	return open_objects(r, err) ? NULL : steal(r);
}

void repo_free(struct repo *r)
{
	if (!r)
		return;
	git_odb_free(r->odb);
	git_repository_free(r->git);
	layout_done(&r->at);
	free(r);
}

void repo_freep(struct repo **r)
{
	repo_free(*r);
}

const char *repo_dir(const struct repo *r)
{
	return r->at.common;
}

const char *repo_own_dir(const struct repo *r)
{
	return r->at.own;
}

bool repo_is_bare(const struct repo *r)
{
	return r->bare;
}

static git_oid oid_of(const uint8_t id[GIT_ID_LEN])
{
	git_oid oid = {{0}};

	memcpy(oid.id, id, GIT_ID_LEN);
	return oid;
}

static int read_failed(struct err *err, int code, const char *hex)
{
	return code == GIT_ENOTFOUND
		   ? err_set(err, ERR_NOT_FOUND, "object %s is missing", hex)
		   : failed(err, code, "read object", hex);
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
		return read_failed(err, code, hex);
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
		return read_failed(err, code, hex);
	}
	*type = (enum object_type)kind;
	return 0;
}

int repo_read_small_blob(struct repo *r, const uint8_t id[GIT_ID_LEN],
    size_t max, struct buf *out, struct err *err)
{
	git_oid oid = oid_of(id);
	enum object_type type;
	git_object_t kind;
	size_t len;

	int code = git_odb_read_header(&len, &kind, r->odb, &oid);
	if (code) {
		char hex[GIT_ID_HEX];
		git_id_hex(id, hex);
		return read_failed(err, code, hex);
	}
	if (kind != GIT_OBJECT_BLOB || len >= max)
		return 0;
	return repo_read(r, id, &type, out, err) ? -1 : 1;
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

static int open_refs(struct repo *r, struct err *err)
{
	int code = r->git ? 0
			  : git_repository_open_ext(&r->git, r->at.own,
				GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

	return code ? failed(err, code, "open the repository", r->at.own) : 0;
}

int repo_set_ref(struct repo *r, const char *name, const uint8_t id[GIT_ID_LEN],
    struct err *err)
{
	git_oid oid = oid_of(id);
	git_reference *ref = NULL;

	if (open_refs(r, err))
		return -1;
	int code = git_reference_create(&ref, r->git, name, &oid, 1, NULL);
	git_reference_free(ref);
	return code ? failed(err, code, "set", name) : 0;
}

int repo_delete_ref(struct repo *r, const char *name, struct err *err)
{
	if (open_refs(r, err))
		return -1;
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
