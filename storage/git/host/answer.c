#include "storage/git/host/answer.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/git/host/location.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_REASON = 300 };

void host_repositories_done(struct host_repositories *v)
{
	VEC_EACH (v, r)
		free(r->path);
	vec_done(v);
}

int host_answer_repositories(const struct json_object *page, const char *key,
    struct host_repositories *out, struct err *err)
{
	if (json_kind(page) != JSON_ARRAY)
		return err_set(err, ERR_FORMAT,
		    "the answer is not a list of repositories");
	for (size_t i = 0; i < json_len(page); i++) {
		const struct json_object *j = json_at(page, i);
		const char *path = json_get_str(j, key);
		if (!path || !host_location_is_path(path) || !strchr(path, '/'))
			return err_set(err, ERR_FORMAT,
			    "item %zu of the list has no '%s' that is the path "
			    "of a repository",
			    i, key);
		*vec_add(out) = (struct host_repository){.path = str_dup(path),
		    .archived = json_truth(json_get(j, "archived"), false)};
	}
	return 0;
}

char *host_answer_path(const char *url, size_t len)
{
	autofree char *text = str_ndup(url, len);
	const char *authority = strstr(text, "://");

	if (!str_starts(text, "http://") && !str_starts(text, "https://"))
		return NULL;
	const char *path = authority + 3 + strcspn(authority + 3, "/?#");
	for (const char *c = path; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("#<>\"", *c))
			return NULL;
	return *path == '/' ? str_dup(path) : NULL;
}

/* Whether the parameters of a link, up to the next link, say rel="next". */
static bool is_next(const char *parameters, size_t len)
{
	autofree char *text = str_ndup(parameters, len);

	for (char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return strstr(text, "rel=\"next\"") || strstr(text, "rel=next");
}

char *host_answer_next(const char *link_header)
{
	const char *at = link_header;

	while ((at = strchr(at, '<'))) {
		const char *url = at + 1;
		size_t len = strcspn(url, ">");
		if (url[len] != '>')
			return NULL;
		const char *parameters = url + len + 1;
		size_t rest = strcspn(parameters, "<");
		if (is_next(parameters, rest))
			return host_answer_path(url, len);
		at = parameters + rest;
	}
	return NULL;
}

/* GitLab's `message` may be a text, or an object of lists of texts. */
static void add_texts(const struct json_object *j, struct buf *out)
{
	const char *text = json_str(j);

	if (text && out->len < MAX_REASON) {
		if (out->len)
			buf_add_str(out, "; ");
		str_add_printable(out, text, strnlen(text, MAX_REASON));
	}
	if (json_kind(j) == JSON_ARRAY)
		for (size_t i = 0; i < json_len(j); i++)
			add_texts(json_at(j, i), out);
	if (json_kind(j) == JSON_OBJECT)
		for (struct json_iter it = json_iter(j); json_next(&it);)
			if (!str_eq(it.key, "documentation_url") &&
			    !str_eq(it.key, "resource") &&
			    !str_eq(it.key, "code"))
				add_texts(it.value, out);
}

void host_answer_add_reason(const char *body, size_t len, struct buf *out)
{
	static const char *const keys[] = {"message", "error", "errors"};
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(body, len, &ignored);
	cleanup(buf_done) struct buf reason = BUF_INIT;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		add_texts(json_get(j, keys[i]), &reason);
	if (reason.len)
		buf_add(out, reason.data, reason.len);
}
