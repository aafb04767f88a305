#include "storage/kube/unreadable.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

static const char BEFORE_KEY[] = "unable to transform key ";

void kube_unreadable_done(struct kube_unreadable *u)
{
	buf_done(&u->ns);
	buf_done(&u->name);
}

bool kube_unreadable_in(const char *text, size_t len)
{
	return len && memmem(text, len, BEFORE_KEY, strlen(BEFORE_KEY));
}

/* The last part of a path that ends at *end, which is set to the slash before
 * it. No name of Kubernetes contains what JSON or Go would escape. */
static bool last_part(const char *path, const char **end, struct buf *to)
{
	const char *from = *end;

	while (from > path && from[-1] != '/') {
		from--;
		if (*from == '\\' || (unsigned char)*from < ' ')
			return false;
	}
	if (from == path || from == *end)
		return false;
	buf_add(to, from, (size_t)(*end - from));
	*end = from - 1;
	return true;
}

/* A key is "/registry/<kind>/<namespace>/<name>", or one without a namespace;
 * the part before it is a setting of the server, and some kinds have two. */
static bool read_key(
    const char *key, size_t len, bool namespaced, struct kube_unreadable *to)
{
	const char *end = key + len;

	return last_part(key, &end, &to->name) &&
	       (!namespaced || last_part(key, &end, &to->ns)) && end > key;
}

bool kube_unreadable_read(
    const char *message, bool namespaced, struct kube_unreadable *to)
{
	const char *at = message ? strstr(message, BEFORE_KEY) : NULL;

	buf_clear(&to->ns);
	buf_clear(&to->name);
	if (!at || at[strlen(BEFORE_KEY)] != '"')
		return false;
	const char *key = at + strlen(BEFORE_KEY) + 1;
	const char *end = strchr(key, '"');
	if (end && read_key(key, (size_t)(end - key), namespaced, to))
		return true;
	buf_clear(&to->ns);
	buf_clear(&to->name);
	return false;
}

static bool is_number(const char *revision)
{
	return revision && *revision &&
	       !revision[strspn(revision, "0123456789")];
}

void kube_unreadable_continue(const struct kube_unreadable *u,
    const char *revision, bool all_namespaces, struct buf *token)
{
	cleanup(buf_done) struct buf json = BUF_INIT;

	/* -1 stands for the newest revision; a key with a zero byte behind it
	 * is the next possible one. */
	buf_printf(&json, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%s,\"start\":\"",
	    is_number(revision) ? revision : "-1");
	if (all_namespaces && u->ns.len)
		buf_printf(&json, "%s/", buf_str(&u->ns));
	buf_printf(&json, "%s\\u0000\"}", buf_str(&u->name));
	size_t from = token->len;
	base64_add(token, json.data, json.len, false);
	for (char *c = token->data + from; c < token->data + token->len; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
	}
}
