#include "storage/kube/unreadable.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

static const char BEFORE_KEY[] = "unable to transform key ";
static const char BEFORE_KIND[] = "conversion webhook for ";
static const char BEFORE_WHY[] = " failed: ";

void kube_unreadable_done(struct kube_unreadable *u)
{
	buf_done(&u->ns);
	buf_done(&u->name);
	u->unconverted = false;
	u->others = 0;
}

bool kube_unreadable_in(const char *text, size_t len)
{
	return len && memmem(text, len, BEFORE_KEY, strlen(BEFORE_KEY));
}

/* "conversion webhook for example.com/v1, Kind=Gear failed: <why>", where <why>
 * is what the webhook says, or "Post \"https://...\": <failure>". A connection
 * that ends without an answer is how a webhook fails that stumbles over one
 * object. */
bool kube_unreadable_unconverted(const char *text, size_t len)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	buf_add(&all, text, len);
	const char *kind = strstr(buf_str(&all), BEFORE_KIND);
	const char *why = kind ? strstr(kind, BEFORE_WHY) : NULL;
	if (!why)
		return false;
	why += strlen(BEFORE_WHY);
	return strncmp(why, "Post ", strlen("Post ")) != 0 ||
	       strstr(why, ": EOF");
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

/* Tokens are base64 for URLs, and nothing of one has to be escaped. */
static void add_token(const char *start, const char *suffix,
    const char *revision, struct buf *token)
{
	cleanup(buf_done) struct buf json = BUF_INIT;

	/* -1 stands for the newest revision. */
	buf_printf(&json,
	    "{\"v\":\"meta.k8s.io/v1\",\"rv\":%s,\"start\":\"%s%s\"}",
	    is_number(revision) ? revision : "-1", start, suffix);
	size_t from = token->len;
	base64_add(token, json.data, json.len, false);
	for (char *c = token->data + from; c < token->data + token->len; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
	}
}

void kube_unreadable_continue(const struct kube_unreadable *u,
    const char *revision, bool all_namespaces, struct buf *token)
{
	cleanup(buf_done) struct buf start = BUF_INIT;

	if (all_namespaces && u->ns.len)
		buf_printf(&start, "%s/", buf_str(&u->ns));
	buf_add_str(&start, buf_str(&u->name));
	/* A key with a zero byte behind it is the next possible one. */
	add_token(buf_str(&start), "\\u0000", revision, token);
}

void kube_unreadable_token(
    const char *key, const char *revision, struct buf *token)
{
	add_token(key, "", revision, token);
}

bool kube_unreadable_begin(const char *token, struct buf *key)
{
	cleanup(buf_done) struct buf plain = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	buf_clear(key);
	for (const char *c = token; *c; c++)
		buf_add_char(&plain, *c == '-' ? '+' : *c == '_' ? '/' : *c);
	if (base64_decode(buf_str(&plain), plain.len, false, &text))
		return false;
	cleanup(json_freep) struct json_object *json =
	    json_parse(buf_str(&text), text.len, &err);
	const char *start = json_get_str(json, "start");
	/* As a text it ends before its zero byte. */
	if (start)
		buf_add_str(key, start);
	return key->len != 0;
}
