#include "storage/archive/layout.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/hex.h"
#include "storage/base/percent.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_NAME_BYTES = 253,
	MAX_FILE_NAME_BYTES = 255,
	CUT_NAME_BYTES = 200,
	CUT_DIGEST_BYTES = 16,
};

#define SUFFIX ".json"
#define REPOSITORY ".git/"
#define GIT "git/"
#define KUBERNETES "kubernetes/"
#define TERRAFORM "terraform/"
#define KEPT ":@+,="

enum layout_kind layout_kind_of(const char *path)
{
	if (str_starts(path, GIT))
		return LAYOUT_GIT;
	if (str_starts(path, KUBERNETES))
		return LAYOUT_KUBERNETES;
	return str_starts(path, TERRAFORM) ? LAYOUT_TERRAFORM : LAYOUT_OTHER;
}

/* ---- to a path ---- */

void layout_git_path(const char *repository, const char *file, struct buf *out)
{
	buf_printf(out, GIT "%s" REPOSITORY "%s", repository, file);
}

void layout_state_path(const char *bucket, const char *key,
    const char *version_id, struct key_paths *paths, struct buf *out)
{
	buf_printf(out, TERRAFORM "%s/", bucket);
	if (!version_id) {
		key_path_add(paths, out, key);
		return;
	}
	/* Encoding never writes a '%' without two hex digits after it. */
	buf_add_str(out, "%versions/");
	key_path_add(NULL, out, key);
	buf_add_char(out, '/');
	key_path_add(NULL, out, version_id);
}

static void add_file_name(struct buf *out, const char *name)
{
	cleanup(buf_done) struct buf encoded = BUF_INIT;
	uint8_t digest[DIGEST_SHA256_LEN];

	/* '~' needs no encoding in a URL, but here it marks a name that was
	 * cut. */
	for (const char *at = name; *at;) {
		size_t n = strcspn(at, "~");
		percent_add(&encoded, at, n, KEPT);
		at += n;
		if (*at && at++)
			buf_add_str(&encoded, "%7E");
	}
	if (encoded.len + strlen(SUFFIX) <= MAX_FILE_NAME_BYTES) {
		buf_printf(out, "%s" SUFFIX, buf_str(&encoded));
		return;
	}
	digest_of(DIGEST_SHA256, name, strlen(name), digest);
	buf_add(out, encoded.data, CUT_NAME_BYTES);
	buf_add_char(out, '~');
	hex_add(out, digest, CUT_DIGEST_BYTES);
	buf_add_str(out, SUFFIX);
}

void layout_object_path(const char *cluster, const char *resource_key,
    const char *ns, const char *name, struct buf *out)
{
	buf_printf(out, KUBERNETES "%s/", cluster);
	if (ns && *ns) {
		buf_add_str(out, "namespaces/");
		percent_add(out, ns, strlen(ns), KEPT);
	} else {
		buf_add_str(out, "cluster");
	}
	buf_printf(out, "/%s/", resource_key);
	add_file_name(out, name);
}

/* ---- from a path ---- */

void layout_git_done(struct layout_git *g)
{
	free(g->repository);
	free(g->dir);
}

int layout_git_split(const char *path, struct layout_git *out, struct err *err)
{
	const char *name = path + strlen(GIT);
	const char *end =
	    str_starts(path, GIT) ? strstr(name, REPOSITORY) : NULL;

	if (!end || end == name)
		return err_set(err, ERR_FORMAT,
		    "'%s' is in no repository git/<name>.git", path);
	*out = (struct layout_git){
	    .repository = str_ndup(name, (size_t)(end - name)),
	    .dir =
		str_ndup(path, (size_t)(end - path) + strlen(REPOSITORY) - 1),
	    .file = end + strlen(REPOSITORY),
	};
	return 0;
}

void layout_object_done(struct layout_object *o)
{
	free(o->cluster);
	free(o->ns);
	free(o->resource);
}

int layout_object_split(
    const char *path, struct layout_object *out, struct err *err)
{
	enum { CLUSTER = 1, SCOPE = 2, MOST = 6 };
	const char *parts[MOST] = {NULL};
	size_t lens[MOST] = {0};
	size_t count = 0;
	const char *p = path;

	for (; *p && count < MOST; p += *p == '/') {
		parts[count] = p;
		lens[count] = strcspn(p, "/");
		p += lens[count++];
	}
	bool spaced = count == MOST && str_starts(parts[SCOPE], "namespaces/");
	bool wide = count == MOST - 1 && str_starts(parts[SCOPE], "cluster/");
	if (*p || !str_starts(path, KUBERNETES) || (!spaced && !wide))
		return err_set(err, ERR_FORMAT,
		    "'%s' is not a path of a Kubernetes object", path);
	*out = (struct layout_object){
	    .cluster = str_ndup(parts[CLUSTER], lens[CLUSTER]),
	    .ns = spaced ? str_ndup(parts[SCOPE + 1], lens[SCOPE + 1]) : NULL,
	    .resource = str_ndup(parts[count - 2], lens[count - 2]),
	};
	return 0;
}

void layout_state_done(struct layout_state *s)
{
	free(s->bucket);
}

int layout_state_split(
    const char *path, struct layout_state *out, struct err *err)
{
	const char *bucket = path + strlen(TERRAFORM);
	const char *slash =
	    str_starts(path, TERRAFORM) ? strchr(bucket, '/') : NULL;

	if (!slash)
		return err_set(err, ERR_FORMAT,
		    "'%s' is not terraform/<bucket>/<key>", path);
	*out = (struct layout_state){
	    .bucket = str_ndup(bucket, (size_t)(slash - bucket)),
	    .key = slash + 1,
	};
	return 0;
}

int layout_check_name(const char *name, size_t len, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;
	const char *wrong = NULL;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			wrong = "it has a control character";
	if (!len)
		return err_set(err, ERR_FORMAT, "an object without a name");
	if (memchr(name, '/', len) || memchr(name, '%', len))
		wrong = "it has a '/' or '%' in it";
	else if ((len == 1 && *name == '.') ||
		 (len == 2 && memcmp(name, "..", 2) == 0))
		wrong = "it would leave its folder";
	else if (len > MAX_NAME_BYTES)
		wrong = "it is longer than 253 bytes";
	else if (!str_utf8_valid(name, len))
		wrong = "it is not UTF-8";
	if (!wrong)
		return 0;
	str_add_printable(
	    &shown, name, len < MAX_NAME_BYTES ? len : MAX_NAME_BYTES);
	return err_set(err, ERR_FORMAT, "the name '%s' cannot be kept: %s",
	    buf_str(&shown), wrong);
}
