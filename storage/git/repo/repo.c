#include "storage/git/repo/repo.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/git/repo/layout.h"
#include "storage/git/repo/objects.h"
#include "storage/git/repo/ref_update.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TAG_DEPTH = 100, CONFIG_MAX_BYTES = 64 * 1024 };

struct repo {
	struct layout at;
	enum git_hash hash;
	bool bare;
	bool reftable;
	struct objects *objects;
	struct ref_update *refs; /* only if refs are set */
};

/* No user's or machine's configuration of Git may change what is captured, or
 * prevent it. The check of a repository's owner is switched off: it protects
 * from programs that a repository's configuration names, and nothing runs
 * those. */
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

/* ---- opening ---- */

/* Extensions of a repository that change how it is read (git's own list:
 * gitrepository-layout(5), repository-version). */
struct format {
	const char *dir;
	int version;
	int bare; /* -1: not said */
	enum git_hash hash;
	bool reftable;
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
    struct format *f, const char *name, const char *value)
{
	static const char *const harmless[] = {"noop", "noop-v1",
	    "preciousobjects", "relativeworktrees", "worktreeconfig"};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (str_eq(name, harmless[i]))
			return 0;
	if (str_eq(name, "objectformat"))
		return git_id_hash_of(value, &f->hash) == 0
			   ? 0
			   : refuse(f, "the object format", value,
				 "only sha1 and sha256 are known");
	if (str_eq(name, "refstorage")) {
		f->reftable = str_eq(value, "reftable");
		return f->reftable || str_eq(value, "files")
			   ? 0
			   : refuse(f, "the ref storage", value,
				 "only 'files' and 'reftable' can be read; "
				 "give its URL on a server, or convert it (git "
				 "refs migrate --ref-format=files)");
	}
	if (str_eq(name, "partialclone"))
		return refuse(f, "a partial clone of", value,
		    "objects are left at its origin; back that up, or "
		    "complete it (git fetch --refetch --no-filter)");
	return f->version
		   ? refuse(f, "the extension", name, "it is not known here")
		   : 0;
}

static int copy_entry(const git_config_entry *e, void *ctx)
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
	init_once();
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
	else if ((code = git_config_foreach(config, copy_entry, f)) &&
		 f->err->code == ERR_NONE)
		failed(f->err, code, "read", path);
	git_config_free(config);
	return code ? -1 : 0;
}

static int check_format(struct repo *r, struct err *err)
{
	struct format f = {.dir = r->at.common, .bare = -1, .err = err};
	autofree char *shared = file_join(r->at.common, "config");
	/* If extensions.worktreeConfig is set, core.bare may be in that file.
	 */
	autofree char *own = file_join(r->at.own, "config.worktree");

	struct err ignored = ERR_INIT;

	/* A mirror's need not be parsed: starting the library takes 5 ms. */
	if (!file_exists(own) &&
	    repo_config_hash(r->at.common, &r->hash, &ignored) == 0) {
		r->bare = true;
		return 0;
	}
	if (read_config(&f, shared) || read_config(&f, own))
		return -1;
	r->bare = f.bare < 0 ? !r->at.below : f.bare;
	r->hash = f.hash;
	r->reftable = f.reftable;
	return 0;
}

static int open_objects(struct repo *r, struct err *err)
{
	r->objects = objects_open(r->at.common, r->hash, err);
	return r->objects ? 0 : -1;
}

struct repo *repo_open(const char *dir, struct err *err)
{
	cleanup(repo_freep) struct repo *r = mem_new(struct repo);
	if (layout_find(dir, &r->at, err) || check_format(r, err) ||
	    open_objects(r, err))
		return NULL;
	return steal(r);
}

struct repo *repo_open_unborn(
    const char *dir, enum git_hash hash, struct err *err)
{
	cleanup(repo_freep) struct repo *r = mem_new(struct repo);
	r->at = (struct layout){.own = str_dup(dir), .common = str_dup(dir)};
	r->bare = true;
	r->hash = hash;
	return open_objects(r, err) ? NULL : steal(r);
}

void repo_free(struct repo *r)
{
	if (!r)
		return;
	objects_free(r->objects);
	ref_update_free(r->refs);
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

enum git_hash repo_hash(const struct repo *r)
{
	return r->hash;
}

bool repo_has_reftable(const struct repo *r)
{
	return r->reftable;
}

int repo_read(struct repo *r, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct buf *out, struct err *err)
{
	return objects_read(r->objects, id, type, out, err);
}

int repo_type(struct repo *r, const uint8_t id[GIT_ID_LEN],
    enum object_type *type, struct err *err)
{
	uint64_t size;

	return objects_info(r->objects, id, type, &size, err);
}

int repo_read_small_blob(struct repo *r, const uint8_t id[GIT_ID_LEN],
    size_t max, struct buf *out, struct err *err)
{
	enum object_type type;
	uint64_t size;

	if (objects_info(r->objects, id, &type, &size, err))
		return -1;
	if (type != OBJECT_BLOB || size >= max)
		return 0;
	return repo_read(r, id, &type, out, err) ? -1 : 1;
}

int repo_peel(struct repo *r, const uint8_t id[GIT_ID_LEN],
    uint8_t out[GIT_ID_LEN], enum object_type *type, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	char hex[GIT_ID_HEX];

	memcpy(out, id, GIT_ID_LEN);
	for (int i = 0; i < MAX_TAG_DEPTH; i++) {
		if (repo_type(r, out, type, err))
			return -1;
		if (*type != OBJECT_TAG)
			return 0;
		if (repo_read(r, out, type, &data, err))
			return -1;
		git_id_hex(r->hash, out, hex);
		if (!str_starts(buf_str(&data), "object ") ||
		    git_id_parse(r->hash, data.data + 7, out))
			return err_set(
			    err, ERR_FORMAT, "tag %s is malformed", hex);
	}
	return err_set(err, ERR_FORMAT, "tags of tags have no end");
}

static int open_refs(struct repo *r, struct err *err)
{
	if (!r->refs)
		r->refs = ref_update_new(r->at.common, r->hash, err);
	return r->refs ? 0 : -1;
}

int repo_set_ref(struct repo *r, const char *name, const uint8_t id[GIT_ID_LEN],
    struct err *err)
{
	return open_refs(r, err) ? -1 : ref_update_set(r->refs, name, id, err);
}

int repo_delete_ref(struct repo *r, const char *name, struct err *err)
{
	return open_refs(r, err) ? -1 : ref_update_delete(r->refs, name, err);
}

const char *repo_config_text(enum git_hash hash)
{
	return hash == GIT_SHA256 ? "[core]\n"
				    "\trepositoryformatversion = 1\n"
				    "\tfilemode = true\n"
				    "\tbare = true\n"
				    "[extensions]\n"
				    "\tobjectformat = sha256\n"
				  : "[core]\n"
				    "\trepositoryformatversion = 0\n"
				    "\tfilemode = true\n"
				    "\tbare = true\n";
}

int repo_config_hash(const char *dir, enum git_hash *hash, struct err *err)
{
	autofree char *path = file_join(dir, "config");
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (file_read(path, CONFIG_MAX_BYTES, &text, err))
		return -1;
	for (*hash = GIT_SHA1; *hash <= GIT_SHA256; ++*hash)
		if (str_eq(buf_str(&text), repo_config_text(*hash)))
			return 0;
	return err_set(err, ERR_FORMAT,
	    "the config of %s is not the one that a mirror has", dir);
}

/* Added to what libgit2 wrote, which knows only SHA-1. */
static int set_format(const char *dir, enum git_hash hash, struct err *err)
{
	autofree char *path = file_join(dir, "config");
	const char *text = repo_config_text(hash);
	autoclose int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return err_system(err, errno, "cannot open %s", path);
	return file_write_all(fd, text, strlen(text), path, err);
}

int repo_init_bare(const char *dir, enum git_hash hash, struct err *err)
{
	git_repository_init_options o;
	git_repository *git = NULL;

	init_once();
	git_repository_init_options_init(
	    &o, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	o.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
	int code = git_repository_init_ext(&git, dir, &o);
	git_repository_free(git);
	if (code)
		return failed(err, code, "make the repository", dir);
	return hash == GIT_SHA1 ? 0 : set_format(dir, hash, err);
}
