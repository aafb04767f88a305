#include "storage/git/lfs/api.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/git/wire/auth.h"
#include "storage/git/wire/transport.h"
#include "storage/http/retry.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

static int find_endpoint(struct lfs *l, const char *operation, struct err *err)
{
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (l->where.kind == LOCATION_SSH) {
		cleanup(buf_wipe) struct buf out = BUF_INIT;
		autofree char *path = transport_shell_quote(l->where.path);
		autofree char *command =
		    str_printf("git-lfs-authenticate %s %s", path, operation);
		if (transport_ssh_output(
			&l->where, &l->access, command, &out, err) ||
		    lfs_answer_parse_authenticate(
			buf_str(&out), out.len, &l->authorized, err))
			return -1;
		l->endpoint = str_dup(l->authorized.href);
	} else {
		l->endpoint = str_printf("%s%s/info/lfs", l->where.url,
		    str_ends(l->where.url, ".git") ? "" : ".git");
	}
	if (http_url_host(l->endpoint, &host))
		return err_set(err, ERR_FORMAT,
		    "'%s' is not an endpoint of Git LFS", l->endpoint);
	l->host = buf_steal(&host);
	return 0;
}

int lfs_api_open(struct lfs *l, const char *operation, struct err *err)
{
	l->http = auth_http_new(&l->access, err);
	return l->http ? find_endpoint(l, operation, err) : -1;
}

void lfs_api_add_credentials(
    struct lfs *l, struct http_request *r, const char *url)
{
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (http_url_host(url, &host) || !str_eq(buf_str(&host), l->host) ||
	    (str_starts(l->endpoint, "https:") && !str_starts(url, "https:")))
		return;
	VEC_EACH (&l->authorized.headers, h)
		http_request_header(r, "%s", *h);
	if (!l->authorized.headers.len && l->where.kind == LOCATION_HTTP)
		auth_add_basic(r, &l->access);
}

int lfs_api_check_status(
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
	http_request_header(r, "Accept: %s", LFS_MEDIA_TYPE);
	http_request_header(r, "Content-Type: %s", LFS_MEDIA_TYPE);
	lfs_api_add_credentials(b->l, r, b->url);
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

int lfs_api_batch(struct lfs *l, const char *operation,
    const struct lfs_object *objects, size_t count,
    struct lfs_answervec *answers, struct err *err)
{
	cleanup(json_freep) struct json_object *request = json_new_object();
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	autofree char *url = str_printf("%s/objects/batch", l->endpoint);
	struct batch b = {.l = l, .url = url, .body = &body};
	const struct http_retry attempts = {
	    .prepare = prepare_batch, .judge = http_retry_judge, .ctx = &b};

	json_set_str(request, "operation", operation);
	struct json_object *transfers = json_new_array();
	json_append(transfers, json_new_str("basic"));
	json_set(request, "transfers", transfers);
	add_objects(request, objects, count);
	json_set_str(request, "hash_algo", "sha256");
	json_write(&body, request, JSON_COMPACT);
	if (http_retry_send(l->http, &attempts, &response, err) ||
	    lfs_api_check_status(url, &response, err))
		return -1;
	if (lfs_answer_parse(
		buf_str(&response.body), response.body.len, answers, err))
		return err_wrap(err, "%s", url);
	return 0;
}
