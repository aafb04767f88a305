#include "storage/git/repo/submodules.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 1024 * 1024 };

static char *value_of(const char *line)
{
	size_t len = strcspn(line, "\r");

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

static void add_once(struct strvec *urls, char *url)
{
	drop_password(url);
	if (*url && !strvec_has(urls, url))
		strvec_add(urls, url);
}

void submodules_parse(const char *text, struct strvec *urls)
{
	autofree char *copy = str_dup(text);
	char *rest = copy;
	bool in_submodule = false;

	for (char *line; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t");
		if (*line == '[')
			in_submodule = strncasecmp(line, "[submodule", 10) == 0;
		if (!in_submodule || strncasecmp(line, "url", 3) != 0)
			continue;
		const char *p = line + 3 + strspn(line + 3, " \t");
		if (*p != '=')
			continue;
		autofree char *url = value_of(p + 1 + strspn(p + 1, " \t"));
		add_once(urls, url);
	}
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

int submodules_of(struct repo *repo, const uint8_t id[GIT_ID_LEN],
    struct strvec *urls, struct err *err)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	uint8_t commit[GIT_ID_LEN], tree[GIT_ID_LEN];
	enum object_type type;
	struct tree_entry e;

	if (repo_peel(repo, id, commit, &type, err))
		return -1;
	if (type != OBJECT_COMMIT)
		return 0;
	if (repo_read(repo, commit, &type, &data, err))
		return -1;
	if (!str_starts(buf_str(&data), "tree ") ||
	    git_id_parse(repo_hash(repo), data.data + 5, tree))
		return 0;
	if (repo_read(repo, tree, &type, &data, err))
		return -1;
	const uint8_t *at = (const uint8_t *)data.data;
	const uint8_t *end = at + data.len;
	while (tree_next(repo_hash(repo), &at, end, &e) == 0) {
		if (!str_eq(e.name, ".gitmodules") ||
		    (e.mode & 0170000) != 0100000)
			continue;
		if (repo_read(repo, e.id, &type, &data, err))
			return -1;
		if (data.len <= MAX_TEXT)
			submodules_parse(buf_str(&data), urls);
		return 0;
	}
	return 0;
}
