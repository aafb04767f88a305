#include "storage/git/repo/submodules.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 1024 * 1024 };

/* Unquoted, a value ends at a comment. */
static char *value_of(const char *line)
{
	size_t len = strcspn(line, *line == '"' ? "\r" : "\r#;");

	while (len && strchr(" \t", line[len - 1]))
		len--;
	if (len >= 2 && line[0] == '"' && line[len - 1] == '"')
		return str_ndup(line + 1, len - 2);
	return str_ndup(line, len);
}

/* A password does not belong in such a URL, but may be there, and what is
 * reported of submodules goes into the manifest and the log. */
static void drop_password(char *url)
{
	char *authority = strstr(url, "://");

	if (!authority)
		return;
	authority += 3;
	char *end = authority + strcspn(authority, "/?#");
	char *at = memrchr(authority, '@', (size_t)(end - authority));
	char *colon =
	    at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (at && strncasecmp(url, "http", 4) == 0)
		memmove(authority, at + 1, strlen(at + 1) + 1);
	else if (colon)
		memmove(colon, at, strlen(at) + 1);
}

static void submodule_done(struct submodule *s)
{
	free(s->name);
	free(s->path);
	free(s->url);
}

void submodules_done(struct submodulevec *v)
{
	VEC_EACH (v, s)
		submodule_done(s);
	vec_done(v);
}

/* Sections of one name are one. */
static struct submodule *of_name(
    struct submodulevec *all, const char *name, size_t len)
{
	VEC_EACH (all, s)
		if (strlen(s->name) == len && memcmp(s->name, name, len) == 0)
			return s;
	struct submodule *s = vec_add(all);
	*s = (struct submodule){.name = str_ndup(name, len),
	    .path = str_dup(""),
	    .url = str_dup("")};
	return s;
}

/* Of a section's head, what follows it on its line; *of is what the section is
 * about, or NULL. */
static const char *read_head(
    struct submodulevec *all, const char *line, struct submodule **of)
{
	bool ours = strncasecmp(line, "[submodule", 10) == 0;
	const char *name = line + strcspn(line, "\"]");
	size_t len = 0;

	if (*name == '"') {
		name++;
		while (name[len] && name[len] != '"')
			len += name[len] == '\\' && name[len + 1] ? 2 : 1;
	}
	line = name + len;
	line += strcspn(line, "]");
	*of = ours ? of_name(all, name, len) : NULL;
	return *line ? line + 1 + strspn(line + 1, " \t") : line;
}

/* The value of a line that sets it; NULL: it sets something else. */
static char *read_key(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncasecmp(line, key, len) != 0)
		return NULL;
	line += len + strspn(line + len, " \t");
	return *line == '=' ? value_of(line + 1 + strspn(line + 1, " \t"))
			    : NULL;
}

static void set(char **to, char *value)
{
	if (!value)
		return;
	free(*to);
	*to = value;
}

void submodules_parse(const char *text, struct submodulevec *out)
{
	struct submodulevec all = VEC_INIT;
	autofree char *copy = str_dup(text);
	struct submodule *of = NULL;
	char *rest = copy;

	for (const char *line; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t");
		if (*line == '[')
			line = read_head(&all, line, &of);
		if (!of)
			continue;
		set(&of->path, read_key(line, "path"));
		set(&of->url, read_key(line, "url"));
	}
	VEC_EACH (&all, s) {
		drop_password(s->url);
		if (*s->url)
			*vec_add(out) = *s;
		else
			submodule_done(s);
	}
	vec_done(&all);
}

/* Removes one part at the end, but not the scheme and host. */
static void drop_last_part(char *url)
{
	char *host = strstr(url, "://");
	char *slash = strrchr(host ? host + 3 : url, '/');

	if (!slash && !host)
		slash = strrchr(url, ':') ? strrchr(url, ':') + 1 : NULL;
	if (slash)
		*slash = '\0';
}

char *submodules_url(const char *superproject, const char *url)
{
	autofree char *base = str_dup(superproject);
	struct buf out = BUF_INIT;

	while (*base && base[strlen(base) - 1] == '/')
		base[strlen(base) - 1] = '\0';
	if (str_starts(url, "./") || str_starts(url, "../")) {
		for (;;) {
			if (str_starts(url, "./")) {
				url += 2;
			} else if (str_starts(url, "../")) {
				drop_last_part(base);
				url += 3;
			} else {
				break;
			}
		}
		buf_add_str(&out, base);
		if (out.len && out.data[out.len - 1] != ':')
			buf_add_char(&out, '/');
	}
	buf_add_str(&out, url);
	while (out.len && out.data[out.len - 1] == '/')
		buf_truncate(&out, out.len - 1);
	if (str_ends(buf_str(&out), ".git"))
		buf_truncate(&out, out.len - 4);
	return buf_steal(&out);
}

/* The entry of a tree: 1; 0 if it has none of that name, or is malformed. */
static int find_entry(struct repo *repo, const uint8_t tree[GIT_ID_LEN],
    const char *name, struct tree_entry *e, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	enum object_type type;

	if (repo_read(repo, tree, &type, &data, err))
		return -1;
	if (type != OBJECT_TREE)
		return 0;
	const uint8_t *at = (const uint8_t *)buf_str(&data);
	const uint8_t *end = at + data.len;
	while (tree_next(repo_hash(repo), &at, end, e) == 0) {
		if (str_eq(e->name, name)) {
			e->name = name;
			return 1;
		}
	}
	return 0;
}

static int find_pin(struct repo *repo, const uint8_t root[GIT_ID_LEN],
    struct submodule *s, struct err *err)
{
	struct tree_entry e = {.mode = MODE_TREE};
	autofree char *path = str_dup(s->path);
	char *rest = path;

	memcpy(e.id, root, GIT_ID_LEN);
	for (const char *part; (part = strsep(&rest, "/"));) {
		uint8_t tree[GIT_ID_LEN];
		/* "a/" and "a//b" are paths to git as well. */
		if (!*part)
			continue;
		if (e.mode != MODE_TREE)
			return 0;
		memcpy(tree, e.id, GIT_ID_LEN);
		int found = find_entry(repo, tree, part, &e, err);
		if (found <= 0)
			return found;
	}
	if (e.mode == MODE_SUBMODULE)
		git_id_hex(repo_hash(repo), e.id, s->commit);
	return 0;
}

/* The root of a commit: 1; 0 if it is none. */
static int find_root(struct repo *repo, const uint8_t id[GIT_ID_LEN],
    uint8_t root[GIT_ID_LEN], struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	uint8_t commit[GIT_ID_LEN];
	enum object_type type;

	if (repo_peel(repo, id, commit, &type, err))
		return -1;
	if (type != OBJECT_COMMIT)
		return 0;
	if (repo_read(repo, commit, &type, &data, err))
		return -1;
	return str_starts(buf_str(&data), "tree ") &&
	       git_id_parse(repo_hash(repo), data.data + 5, root) == 0;
}

int submodules_of(struct repo *repo, const uint8_t id[GIT_ID_LEN], bool pins,
    struct submodulevec *out, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	uint8_t root[GIT_ID_LEN];
	enum object_type type;
	struct tree_entry e = {.mode = 0};
	int found = find_root(repo, id, root, err);

	if (found > 0)
		found = find_entry(repo, root, ".gitmodules", &e, err);
	if (found <= 0 || (e.mode & 0170000) != 0100000)
		return found < 0 ? -1 : 0;
	if (repo_read(repo, e.id, &type, &data, err))
		return -1;
	size_t before = out->len;
	if (data.len <= MAX_TEXT)
		submodules_parse(buf_str(&data), out);
	for (size_t i = before; pins && i < out->len; i++)
		if (find_pin(repo, root, &out->items[i], err))
			return -1;
	return 0;
}
