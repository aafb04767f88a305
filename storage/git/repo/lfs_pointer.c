#include "storage/git/repo/lfs_pointer.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NOTES = 256 * 1024 * 1024, HEX = 64 };

static const char version_line[] = "version https://git-lfs.github.com/spec/v1";
static const char old_version_line[] = "version http://git-media.io/v/2";
static const char old_version_line_2[] =
    "version https://hawser.github.com/spec/v1";

static bool begins(const char *data, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len > n && memcmp(data, with, n) == 0 && data[n] == '\n';
}

static int parse_id(const char *text, char out[65])
{
	for (size_t i = 0; i < HEX; i++)
		if (!(text[i] >= '0' && text[i] <= '9') &&
		    !(text[i] >= 'a' && text[i] <= 'f'))
			return -1;
	if (text[HEX])
		return -1;
	memcpy(out, text, HEX + 1);
	return 0;
}

int lfs_pointer_parse(const void *data, size_t len, struct lfs_object *out)
{
	bool id = false, size = false;

	if (len >= LFS_POINTER_MAX ||
	    !(begins(data, len, version_line) ||
		begins(data, len, old_version_line) ||
		begins(data, len, old_version_line_2)) ||
	    memchr(data, '\0', len))
		return -1;
	autofree char *text = str_ndup(data, len);
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (str_starts(line, "oid sha256:"))
			id = parse_id(line + 11, out->sha256) == 0;
		if (str_starts(line, "size "))
			size = str_parse_u64(
				   line + 5, INT64_MAX, &out->bytes) == 0;
	}
	return id && size ? 0 : -1;
}

void lfs_scan_init(struct lfs_scan *s)
{
	*s = (struct lfs_scan){.filter = false};
	pthread_mutex_init(&s->lock, NULL);
}

void lfs_scan_done(struct lfs_scan *s)
{
	vec_done(&s->found);
	pthread_mutex_destroy(&s->lock);
}

void lfs_scan_blob(struct lfs_scan *s, const void *data, size_t len)
{
	static const char filter[] = "filter=lfs";
	struct lfs_object o;
	bool pointer = lfs_pointer_parse(data, len, &o) == 0;
	bool attributes =
	    !pointer && memmem(data, len, filter, sizeof(filter) - 1);

	if (!pointer && !attributes)
		return;
	pthread_mutex_lock(&s->lock);
	if (pointer)
		*vec_add(&s->found) = o;
	else
		s->filter = true;
	pthread_mutex_unlock(&s->lock);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct lfs_object *)a)->sha256,
	    ((const struct lfs_object *)b)->sha256);
}

void lfs_scan_sort(struct lfs_scan *s)
{
	size_t kept = 0;

	vec_sort(&s->found, by_id);
	for (size_t i = 0; i < s->found.len; i++)
		if (!kept ||
		    by_id(&s->found.items[kept - 1], &s->found.items[i]) != 0)
			s->found.items[kept++] = s->found.items[i];
	s->found.len = kept;
}

int lfs_scan_save(struct lfs_scan *s, const char *path, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	lfs_scan_sort(s);
	buf_printf(&text, "filter %s\n", s->filter ? "yes" : "no");
	VEC_EACH (&s->found, o)
		buf_printf(&text, "%s %llu\n", o->sha256,
		    (unsigned long long)o->bytes);
	return file_write_durably(path, text.data, text.len, err);
}

static int load_line(struct lfs_scan *s, char *line)
{
	struct lfs_object o;

	if (strlen(line) < HEX + 2 || line[HEX] != ' ')
		return -1;
	line[HEX] = '\0';
	if (parse_id(line, o.sha256) ||
	    str_parse_u64(line + HEX + 1, INT64_MAX, &o.bytes))
		return -1;
	*vec_add(&s->found) = o;
	return 0;
}

int lfs_scan_load(struct lfs_scan *s, const char *path, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (file_read(path, MAX_NOTES, &text, err))
		return -1;
	char *rest = text.data;
	char *first = rest ? strsep(&rest, "\n") : NULL;
	bool yes = str_eq(first, "filter yes");
	if (!yes && !str_eq(first, "filter no"))
		return err_set(err, ERR_FORMAT, "%s is damaged", path);
	s->filter = s->filter || yes;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && load_line(s, line))
			return err_set(err, ERR_FORMAT, "%s is damaged", path);
	return 0;
}
