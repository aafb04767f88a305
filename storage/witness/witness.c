#include "storage/witness/witness.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"
#include "storage/crypto/checkpoint.h"
#include "storage/crypto/note.h"
#include "storage/http/retry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 2, TIMEOUT_MS = 20000 };

void witness_request(const struct witness_submission *s, struct buf *out)
{
	buf_printf(out, "old %" PRIu64 "\n", s->old);
	VEC_EACH (s->proof, hash) {
		base64_add(out, hash->bytes, sizeof(hash->bytes), true);
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
	buf_add(out, s->checkpoint->data, s->checkpoint->len);
}

int witness_conflict(const char *body, size_t len, uint64_t *size)
{
	return len < 2 || body[len - 1] != '\n'
		   ? -1
		   : checkpoint_size_parse(body, len - 1, size);
}

struct call {
	const char *method, *url;
	const struct buf *body;
};

static int prepare(
    void *ctx, int attempt, struct http_request *request, struct err *err)
{
	const struct call *c = ctx;

	(void)attempt;
	(void)err;
	*request = (struct http_request){.method = c->method,
	    .url = c->url,
	    .body = c->body ? buf_str(c->body) : NULL,
	    .body_len = c->body ? c->body->len : 0,
	    .max_body_bytes = NOTE_MAX_BYTES,
	    .total_timeout_ms = TIMEOUT_MS};
	return 0;
}

static int send_call(struct http *http, struct call *call,
    struct http_response *response, struct err *err)
{
	const struct http_retry attempts = {.max_attempts = ATTEMPTS,
	    .prepare = prepare,
	    .judge = http_retry_judge,
	    .ctx = call};

	return http_retry_send(http, &attempts, response, err);
}

static char *join(const char *url, const char *rest)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	return str_printf("%.*s/%s", (int)len, url, rest);
}

static int refuse(const struct http_response *r, struct err *err)
{
	cleanup(buf_done) struct buf answer = BUF_INIT;

	http_describe(r, &answer);
	switch (r->status) {
	case 403:
		return err_set(err, ERR_DENIED,
		    "it knows the log under another key (%s)",
		    buf_str(&answer));
	case 404:
		return err_set(err, ERR_DENIED, "it does not know the log (%s)",
		    buf_str(&answer));
	case 422:
		return err_set(err, ERR_INTEGRITY,
		    "what it co-signed before is not the beginning of the log "
		    "(%s)",
		    buf_str(&answer));
	default:
		return err_set(
		    err, ERR_NETWORK, "it answered with %s", buf_str(&answer));
	}
}

static int post(struct http *http, const char *url,
    const struct witness_submission *s, struct http_response *response,
    struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	autofree char *full = join(url, "add-checkpoint");
	struct call call = {.method = "POST", .url = full, .body = &body};

	witness_request(s, &body);
	return send_call(http, &call, response, err);
}

int witness_try(struct http *http, const char *url,
    const struct buf *checkpoint, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	const struct merkle_hashes none = VEC_INIT;
	const struct witness_submission s = {
	    .old = 1, .proof = &none, .checkpoint = checkpoint};

	if (post(http, url, &s, &response, err))
		return -1;
	switch (response.status) {
	case 400: /* the old size is larger than the new one */
	case 409: /* it co-signed another size */
	case 422:
		return 0;
	case 200:
		return err_set(err, ERR_FORMAT,
		    "it co-signed that a log became shorter: it is no witness");
	default:
		return refuse(&response, err);
	}
}

int witness_add(struct http *http, const char *url,
    const struct witness_submission *s, struct buf *lines, uint64_t *size,
    struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;

	if (post(http, url, s, &response, err))
		return -1;
	if (response.status == 200) {
		buf_add(lines, response.body.data, response.body.len);
		return WITNESS_COSIGNED;
	}
	if (response.status != 409)
		return refuse(&response, err);
	if (witness_conflict(buf_str(&response.body), response.body.len, size))
		return err_set(err, ERR_FORMAT,
		    "it has co-signed another checkpoint, and does not say of "
		    "what length");
	return WITNESS_CONFLICT;
}

int witness_latest(struct http *http, const char *url, const char *origin,
    struct buf *note, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	char sha256[DIGEST_SHA256_HEX];

	digest_sha256_hex(origin, strlen(origin), sha256);
	autofree char *rest = str_printf("%s/checkpoint", sha256);
	autofree char *full = join(url, rest);
	struct call call = {.method = "GET", .url = full};

	if (send_call(http, &call, &response, err))
		return -1;
	if (response.status == 404)
		return err_set(err, ERR_NOT_FOUND,
		    "it has co-signed no checkpoint of '%s'", origin);
	if (response.status != 200)
		return refuse(&response, err);
	buf_add(note, response.body.data, response.body.len);
	return 0;
}
