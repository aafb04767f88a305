#include "storage/git/lfs/transfer.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json_text.h"
#include "storage/git/lfs/files.h"
#include "storage/http/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct transfer {
	struct lfs *l;
	const struct lfs_action *action;
	const struct lfs_object *o;
	int fd;
	const char *path;
	struct digest *digest;
	uint64_t bytes;
	const char *text; /* what is sent; NULL: the content of the file */
	const char *method;
	const char *content_type;
};

static void add_action(struct transfer *t, struct http_request *r)
{
	r->url = t->action->href;
	VEC_EACH (&t->action->headers, h)
		http_request_header(r, "%s", *h);
	if (!t->action->authorized)
		lfs_api_add_credentials(t->l, r, r->url);
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
	add_action(t, r);
	return 0;
}

static const struct lfs_action *usable(const struct lfs_answer *answer,
    const struct lfs_action *a, struct err *err)
{
	if (answer->refusal)
		err_set(err, ERR_NOT_FOUND, "%s", answer->refusal);
	else if (!a->href)
		err_set(err, ERR_FORMAT,
		    "the server does not say where the object is");
	else
		return a;
	return NULL;
}

static int receive(struct transfer *t, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	const struct http_retry attempts = {
	    .prepare = prepare_download, .judge = http_retry_judge, .ctx = t};
	uint8_t sum[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];

	if (http_retry_send(t->l->http, &attempts, &response, err) ||
	    lfs_api_check_status("download", &response, err))
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

int lfs_transfer_download(struct lfs *l, const struct lfs_object *o,
    const struct lfs_answer *answer, struct err *err)
{
	autofree char *name = lfs_files_path(o->sha256);
	autofree char *path = file_join(l->o->dir, name);
	autofree char *part = str_printf("%s.part-XXXXXX", path);
	autofree char *parent = file_parent(path);
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA256);
	struct transfer t = {.l = l, .o = o, .path = part, .digest = digest};

	t.action = usable(answer, &answer->download, err);
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

/* The server may ask for a type of its own, as GitLab does. */
static bool names_type(const struct lfs_action *a)
{
	static const char name[] = "Content-Type:";

	VEC_EACH (&a->headers, h)
		if (strncasecmp(*h, name, strlen(name)) == 0)
			return true;
	return false;
}

static int prepare_send(
    void *ctx, int attempt, struct http_request *r, struct err *err)
{
	struct transfer *t = ctx;

	(void)attempt;
	(void)err;
	r->method = t->method;
	r->body = t->text;
	r->body_len = (size_t)t->bytes;
	if (!t->text) {
		r->body_at = read_body;
		r->body_at_ctx = t;
	}
	if (!names_type(t->action))
		http_request_header(r, "Content-Type: %s", t->content_type);
	add_action(t, r);
	return 0;
}

static int send_it(struct transfer *t, const char *what, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	const struct http_retry attempts = {
	    .prepare = prepare_send, .judge = http_retry_judge, .ctx = t};

	if (http_retry_send(t->l->http, &attempts, &response, err))
		return -1;
	return lfs_api_check_status(what, &response, err);
}

static int verify(
    struct transfer *t, const struct lfs_answer *answer, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct transfer v = *t;

	v.action = &answer->verify;
	if (!v.action->href)
		return 0;
	json_text_object(&body, NULL);
	json_text_str(&body, "oid", t->o->sha256);
	json_text_int(&body, "size", (int64_t)t->o->bytes);
	json_text_object_end(&body);
	v.method = "POST";
	v.content_type = LFS_MEDIA_TYPE;
	v.text = body.data;
	v.bytes = body.len;
	return send_it(&v, "verify", err);
}

int lfs_transfer_upload(struct lfs *l, const struct lfs_object *o,
    const struct lfs_answer *answer, struct err *err)
{
	autofree char *name = lfs_files_path(o->sha256);
	autofree char *path = file_join(l->o->dir, name);
	struct transfer t = {.l = l,
	    .o = o,
	    .path = path,
	    .method = "PUT",
	    .content_type = "application/octet-stream"};

	/* Neither an action nor an error means that the server has it. */
	if (!answer->refusal && !answer->upload.href)
		return 0;
	t.action = usable(answer, &answer->upload, err);
	if (!t.action)
		return -1;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_system(err, errno, "cannot open %s", path);
	t.fd = fd;
	t.bytes = o->bytes;
	return send_it(&t, "upload", err) || verify(&t, answer, err) ? -1 : 0;
}
