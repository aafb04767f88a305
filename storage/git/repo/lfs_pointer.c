#include "storage/git/repo/lfs_pointer.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NOTES = 256 * 1024 * 1024, HEX = 64 };

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

static int parse_oid(const char *text, char out[65])
{
	static const char kind[] = "sha256:";

	return str_starts(text, kind) ? parse_id(text + strlen(kind), out) : -1;
}

static bool is_version(const char *text)
{
	static const char *const known[] = {"http://git-media.io/v/2",
	    "https://hawser.github.com/spec/v1",
	    "https://git-lfs.github.com/spec/v1"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(text, known[i]))
			return true;
	return false;
}

/* "ext-<priority>-<name>", each priority once: which, or -1. */
static int extension(const char *key)
{
	static const char begin[] = "ext-";
	const char *at = key + strlen(begin);

	if (!str_starts(key, begin) || *at < '0' || *at > '9' || at[1] != '-' ||
	    !(isalnum((unsigned char)at[2]) || at[2] == '_'))
		return -1;
	return *at - '0';
}

/* What was read of a pointer so far. */
struct pointer_lines {
	size_t known; /* of version, oid and size, which come in that order */
	bool extended[10];
	struct lfs_object *out;
};

static int parse_known(struct pointer_lines *p, const char *value)
{
	switch (p->known++) {
	case 0:
		return is_version(value) ? 0 : -1;
	case 1:
		return parse_oid(value, p->out->sha256);
	default:
		return str_parse_u64(value, INT64_MAX, &p->out->bytes);
	}
}

static int parse_line(struct pointer_lines *p, char *line)
{
	static const char *const keys[] = {"version", "oid", "size"};
	char *value = strchr(line, ' ');
	char ignored[65];

	if (!value || p->known == sizeof(keys) / sizeof(*keys))
		return -1;
	*value++ = '\0';
	if (str_eq(line, keys[p->known]))
		return parse_known(p, value);
	int which = extension(line);
	if (which < 0 || p->extended[which] || parse_oid(value, ignored))
		return -1;
	p->extended[which] = true;
	return 0;
}

static bool is_space(char c)
{
	return c && strchr(" \t\n\v\f\r", c);
}

/* Accepted as git-lfs accepts them, whatever it writes itself: white space
 * around the text, empty lines, and a carriage return at the end of each line
 * are ignored. */
int lfs_pointer_parse(const void *data, size_t len, struct lfs_object *out)
{
	const char *from = data;
	struct pointer_lines p = {.out = out};

	if (len >= LFS_POINTER_MAX || !len || memchr(data, '\0', len))
		return -1;
	while (len && is_space(*from)) {
		from++;
		len--;
	}
	while (len && is_space(from[len - 1]))
		len--;
	/* Most small blobs are not pointers, and are not copied. */
	if (len < HEX || (*from != 'v' && *from != 'e'))
		return -1;
	autofree char *text = str_ndup(from, len);
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		size_t n = strlen(line);
		if (n && line[n - 1] == '\r')
			line[--n] = '\0';
		if (n && parse_line(&p, line))
			return -1;
	}
	return p.known == 3 ? 0 : -1;
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
	/* What a reader would not get past must not hide what is behind it. */
	if (!text.len || text.data[text.len - 1] != '\n' ||
	    strlen(buf_str(&text)) != text.len)
		return err_set(err, ERR_FORMAT, "%s is damaged", path);
	char *rest = text.data;
	char *first = strsep(&rest, "\n");
	bool yes = str_eq(first, "filter yes");
	if (!yes && !str_eq(first, "filter no"))
		return err_set(err, ERR_FORMAT, "%s is damaged", path);
	s->filter = s->filter || yes;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && load_line(s, line))
			return err_set(err, ERR_FORMAT, "%s is damaged", path);
	return 0;
}
