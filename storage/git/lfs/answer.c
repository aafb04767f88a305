#include "storage/git/lfs/answer.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

void lfs_action_done(struct lfs_action *a)
{
	VEC_EACH (&a->headers, h)
		mem_wipe(*h, strlen(*h));
	strvec_done(&a->headers);
	free(a->href);
	*a = (struct lfs_action){.href = NULL};
}

void lfs_answervec_done(struct lfs_answervec *v)
{
	VEC_EACH (v, a) {
		free(a->oid);
		free(a->refusal);
		lfs_action_done(&a->download);
		lfs_action_done(&a->upload);
		lfs_action_done(&a->verify);
	}
	vec_done(v);
}

static bool is_header(const char *name, const char *value)
{
	return *name && !strpbrk(name, "\r\n: ") && value &&
	       !strpbrk(value, "\r\n");
}

static int read_action(
    const struct json_object *j, struct lfs_action *out, struct err *err)
{
	const char *href = json_get_str(j, "href");

	if (!href)
		return err_set(
		    err, ERR_FORMAT, "the server does not say where ('href')");
	out->href = str_dup(href);
	for (struct json_iter it = json_iter(json_get(j, "header"));
	     json_next(&it);) {
		const char *value = json_str(it.value);
		if (!is_header(it.key, value))
			return err_set(err, ERR_FORMAT,
			    "the server asks for a header that is not valid");
		*vec_add(&out->headers) = str_printf("%s: %s", it.key, value);
		if (strcasecmp(it.key, "Authorization") == 0)
			out->authorized = true;
	}
	return 0;
}

static int read_actions(
    const struct json_object *j, struct lfs_answer *out, struct err *err)
{
	const struct {
		const char *name;
		struct lfs_action *to;
	} known[] = {{"download", &out->download}, {"upload", &out->upload},
	    {"verify", &out->verify}};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const struct json_object *action = json_get(j, known[i].name);
		if (action && read_action(action, known[i].to, err))
			return -1;
	}
	return 0;
}

static char *refusal_of(const struct json_object *j)
{
	const char *message = json_get_str(j, "message");
	struct buf shown = BUF_INIT;

	buf_printf(&shown, "the server says %lld ",
	    (long long)json_get_int(j, "code", 0));
	if (message)
		str_add_printable(&shown, message, strnlen(message, 200));
	return buf_steal(&shown);
}

/* An error of one object does not stop the others. */
static void read_object(const struct json_object *j, struct lfs_answervec *out)
{
	const char *oid = json_get_str(j, "oid");
	const struct json_object *failure = json_get(j, "error");
	struct err why = ERR_INIT;

	if (!oid)
		return;
	struct lfs_answer *a = vec_add(out);
	a->oid = str_dup(oid);
	if (failure)
		a->refusal = refusal_of(failure);
	else if (read_actions(json_get(j, "actions"), a, &why))
		a->refusal = str_dup(why.message);
}

int lfs_answer_parse(
    const char *text, size_t len, struct lfs_answervec *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);
	cleanup(buf_done) struct buf shown = BUF_INIT;

	if (!j)
		return -1;
	const char *transfer = json_get_str(j, "transfer");
	if (transfer && !str_eq(transfer, "basic")) {
		str_add_printable(&shown, transfer, strnlen(transfer, 40));
		return err_set(err, ERR_FORMAT,
		    "the server chose a transfer '%s' that was not offered",
		    buf_str(&shown));
	}
	const struct json_object *objects = json_get(j, "objects");
	if (json_kind(objects) != JSON_ARRAY)
		return err_set(err, ERR_FORMAT,
		    "the server's answer has no list of 'objects'");
	for (size_t i = 0; i < json_len(objects); i++)
		read_object(json_at(objects, i), out);
	return 0;
}

const struct lfs_answer *lfs_answer_find(
    const struct lfs_answervec *v, const char *oid)
{
	VEC_EACH (v, a) {
		if (str_eq(a->oid, oid))
			return a;
	}
	return NULL;
}

int lfs_answer_parse_authenticate(
    const char *text, size_t len, struct lfs_action *out, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);

	if (!j || read_action(j, out, err)) {
		lfs_action_done(out);
		return err_wrap(err, "git-lfs-authenticate");
	}
	return 0;
}
