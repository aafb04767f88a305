#include "storage/git/lfs_impl.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/git/auth.h"
#include "storage/git/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char media_type[] = "application/vnd.git-lfs+json";

/* git-lfs-authenticate's answer: {"href": ..., "header": {...}}. */
static int take_authenticate(
    struct lfs *l, const struct buf *text, struct err *err)
{
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, err);
	const char *href = json_get_str(j, "href");

	if (!j)
		return err_wrap(err, "git-lfs-authenticate");
	if (!href)
		return err_set(err, ERR_FORMAT,
		    "git-lfs-authenticate names no place ('href')");
	l->endpoint = str_dup(href);
	for (struct json_iter it = json_iter(json_get(j, "header"));
	     json_next(&it);)
		*vec_add(&l->headers) =
		    str_printf("%s: %s", it.key, json_str(it.value));
	return 0;
}

static int find_endpoint(struct lfs *l, const char *operation, struct err *err)
{
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (l->where.kind == LOCATION_SSH) {
		cleanup(buf_wipe) struct buf out = BUF_INIT;
		autofree char *path = link_shell_quote(l->where.path);
		autofree char *command =
		    str_printf("git-lfs-authenticate %s %s", path, operation);
		if (link_ssh_output(
			&l->where, &l->access, command, &out, err) ||
		    take_authenticate(l, &out, err))
			return -1;
	} else {
		l->endpoint = str_printf("%s%s/info/lfs", l->where.url,
		    str_ends(l->where.url, ".git") ? "" : ".git");
	}
	if (http_url_host(l->endpoint, &host))
		return err_set(err, ERR_FORMAT,
		    "'%s' is no place of LFS objects", l->endpoint);
	l->host = buf_steal(&host);
	return 0;
}

int lfs_open(struct lfs *l, const char *operation, struct err *err)
{
	l->http = auth_http_new(&l->access, err);
	return l->http ? find_endpoint(l, operation, err) : -1;
}

/* Credentials go to the host they are for, and never unencrypted where the
 * place of the API was encrypted. */
static void add_credentials(
    struct lfs *l, struct http_request *r, const char *url)
{
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (http_url_host(url, &host) || !str_eq(buf_str(&host), l->host) ||
	    (str_starts(l->endpoint, "https:") && !str_starts(url, "https:")))
		return;
	VEC_EACH (&l->headers, h)
		http_request_header(r, "%s", *h);
	if (!l->headers.len && l->where.kind == LOCATION_HTTP)
		auth_add_basic(r, &l->access);
}

static int check_answer(
    const char *what, const struct http_response *r, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (r->status >= 200 && r->status <= 299)
		return 0;
	http_describe(r, &text);
	enum err_code code = r->status == 401 || r->status == 403 ? ERR_DENIED
			     : r->status == 404 ? ERR_NOT_FOUND
						: ERR_NETWORK;
	return err_set(err, code, "%s: %s", what, buf_str(&text));
}

/* --- the batch */

struct batch {
	struct lfs *l;
	const char *url;
	const struct buf *body;
};

static int prepare_batch(
    void *ctx, int attempt, struct http_request *r, struct err *err)
{
	const struct batch *b = ctx;

	(void)attempt;
	(void)err;
	r->method = "POST";
	r->url = b->url;
	r->body = b->body->data;
	r->body_len = b->body->len;
	http_request_header(r, "Accept: %s", media_type);
	http_request_header(r, "Content-Type: %s", media_type);
	add_credentials(b->l, r, b->url);
	return 0;
}

static void add_objects(
    struct json_object *request, const struct lfs_object *objects, size_t count)
{
	struct json_object *array = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json_object *j = json_new_object();
		json_set_str(j, "oid", objects[i].sha256);
		json_set_int(j, "size", (int64_t)objects[i].bytes);
		json_append(array, j);
	}
	json_set(request, "objects", array);
}

int lfs_batch(struct lfs *l, const char *operation,
    const struct lfs_object *objects, size_t count, struct json_object **answer,
    struct err *err)
{
	cleanup(json_freep) struct json_object *request = json_new_object();
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	autofree char *url = str_printf("%s/objects/batch", l->endpoint);
	struct batch b = {.l = l, .url = url, .body = &body};
	const struct http_attempts attempts = {
	    .prepare = prepare_batch, .judge = http_judge_usual, .ctx = &b};

	json_set_str(request, "operation", operation);
	struct json_object *transfers = json_new_array();
	json_append(transfers, json_new_str("basic"));
	json_set(request, "transfers", transfers);
	add_objects(request, objects, count);
	json_set_str(request, "hash_algo", "sha256");
	json_write(&body, request, JSON_COMPACT);
	if (http_send_retrying(l->http, &attempts, &response, err) ||
	    check_answer(url, &response, err))
		return -1;
	*answer = json_parse(buf_str(&response.body), response.body.len, err);
	if (!*answer)
		return err_wrap(err, "%s", url);
	const char *transfer = json_get_str(*answer, "transfer");
	if (transfer && !str_eq(transfer, "basic"))
		return err_set(err, ERR_FORMAT,
		    "%s: the server chose a transfer '%.40s' that was not "
		    "offered",
		    url, transfer);
	return 0;
}

/* --- one object */

struct transfer {
	struct lfs *l;
	const struct json_object *action; /* {"href", "header"} */
	const struct lfs_object *o;
	int fd;
	const char *path;
	struct digest *digest;
	uint64_t bytes;
	const char *text; /* what is sent; NULL: the file */
	const char *method;
	const char *content_type;
};

static int add_action(
    struct transfer *t, struct http_request *r, struct err *err)
{
	const char *href = json_get_str(t->action, "href");
	bool authorized = false;

	if (!href)
		return err_set(err, ERR_FORMAT,
		    "the server does not say where the object is ('href')");
	r->url = href;
	for (struct json_iter it = json_iter(json_get(t->action, "header"));
	     json_next(&it);) {
		const char *value = json_str(it.value);
		if (!value || strpbrk(value, "\r\n") ||
		    strpbrk(it.key, "\r\n:"))
			return err_set(err, ERR_FORMAT,
			    "the server asks for a header that is none");
		http_request_header(r, "%s: %s", it.key, value);
		authorized =
		    authorized || strcasecmp(it.key, "Authorization") == 0;
	}
	if (!authorized)
		add_credentials(t->l, r, href);
	return 0;
}

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct transfer *t = ctx;

	t->bytes += len;
	if (t->bytes > t->o->bytes)
		return err_set(err, ERR_INTEGRITY,
		    "the object is longer than its pointer says");
	digest_add(t->digest, data, len);
	return file_write_all(t->fd, data, len, t->path, err);
}

static int prepare_download(
    void *ctx, int attempt, struct http_request *r, struct err *err)
{
	struct transfer *t = ctx;
	uint8_t dropped[DIGEST_SHA256_LEN];

	(void)attempt;
	t->bytes = 0;
	digest_finish(t->digest, dropped);
	if (ftruncate(t->fd, 0) || lseek(t->fd, 0, SEEK_SET))
		return err_system(err, errno, "cannot empty %s", t->path);
	r->on_data = on_data;
	r->on_data_ctx = t;
	return add_action(t, r, err);
}

static const struct json_object *action_of(
    const struct json_object *answer, const char *name, struct err *err)
{
	const struct json_object *failure = json_get(answer, "error");
	const struct json_object *action =
	    json_get(json_get(answer, "actions"), name);

	if (failure) {
		const char *message = json_get_str(failure, "message");
		err_set(err, ERR_NOT_FOUND, "the server says %lld %.200s",
		    (long long)json_get_int(failure, "code", 0),
		    message ? message : "");
		return NULL;
	}
	if (!action)
		err_set(err, ERR_FORMAT,
		    "the server does not say where the object is");
	return action;
}

static int receive(struct transfer *t, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	const struct http_attempts attempts = {
	    .prepare = prepare_download, .judge = http_judge_usual, .ctx = t};
	uint8_t sum[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];

	if (http_send_retrying(t->l->http, &attempts, &response, err) ||
	    check_answer("download", &response, err))
		return -1;
	digest_finish(t->digest, sum);
	digest_hex(sum, sizeof(sum), hex);
	if (t->bytes != t->o->bytes || !str_eq(hex, t->o->sha256))
		return err_set(err, ERR_INTEGRITY,
		    "what the server sent is another object: %llu bytes, "
		    "SHA-256 %s",
		    (unsigned long long)t->bytes, hex);
	return 0;
}

int lfs_download(struct lfs *l, const struct lfs_object *o,
    const struct json_object *answer, struct err *err)
{
	autofree char *name = lfs_path(o->sha256);
	autofree char *path = file_join(l->o->dir, name);
	autofree char *part = str_printf("%s.part-XXXXXX", path);
	autofree char *parent =
	    str_ndup(path, (size_t)(strrchr(path, '/') - path));
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA256);
	struct transfer t = {.l = l, .o = o, .path = part, .digest = digest};

	t.action = action_of(answer, "download", err);
	if (!t.action || file_mkdirs(parent, err))
		return -1;
	autoclose int fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return err_system(err, errno, "cannot make %s", part);
	t.fd = fd;
	if (receive(&t, err)) {
		unlink(part);
		return -1;
	}
	if (rename(part, path)) {
		int e = errno;
		unlink(part);
		return err_system(err, e, "cannot name %s", path);
	}
	return 0;
}

static int read_body(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct transfer *t = ctx;

	return file_pread_all(t->fd, data, len, offset, t->path, err);
}

static int prepare_send(
    void *ctx, int attempt, struct http_request *r, struct err *err)
{
	struct transfer *t = ctx;

	(void)attempt;
	r->method = t->method;
	r->body = t->text;
	r->body_len = (size_t)t->bytes;
	if (!t->text) {
		r->body_at = read_body;
		r->body_at_ctx = t;
	}
	http_request_header(r, "Content-Type: %s", t->content_type);
	return add_action(t, r, err);
}

static int send_it(struct transfer *t, const char *what, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	const struct http_attempts attempts = {
	    .prepare = prepare_send, .judge = http_judge_usual, .ctx = t};

	if (http_send_retrying(t->l->http, &attempts, &response, err))
		return -1;
	return check_answer(what, &response, err);
}

static int verify(
    struct transfer *t, const struct json_object *answer, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct transfer v = *t;

	v.action = json_get(json_get(answer, "actions"), "verify");
	if (!v.action)
		return 0;
	buf_printf(&body, "{\"oid\":\"%s\",\"size\":%llu}", t->o->sha256,
	    (unsigned long long)t->o->bytes);
	v.method = "POST";
	v.content_type = media_type;
	v.text = body.data;
	v.bytes = body.len;
	return send_it(&v, "verify", err);
}

int lfs_upload(struct lfs *l, const struct lfs_object *o,
    const struct json_object *answer, struct err *err)
{
	autofree char *name = lfs_path(o->sha256);
	autofree char *path = file_join(l->o->dir, name);
	struct transfer t = {.l = l,
	    .o = o,
	    .path = path,
	    .method = "PUT",
	    .content_type = "application/octet-stream"};

	/* No action and no error: the server has it. */
	if (!json_get(answer, "actions") && !json_get(answer, "error"))
		return 0;
	t.action = action_of(answer, "upload", err);
	if (!t.action)
		return -1;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_system(err, errno, "cannot open %s", path);
	t.fd = fd;
	t.bytes = o->bytes;
	return send_it(&t, "upload", err) || verify(&t, answer, err) ? -1 : 0;
}
