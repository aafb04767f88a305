#include "storage/kube/client.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/http/retry.h"
#include "storage/http/url.h"
#include "storage/kube/answer.h"
#include "storage/kube/confine.h"
#include "storage/kube/identity.h"
#include "storage/kube/unreadable.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_MAX_BODY_BYTES = 64 << 20,
	/* If data arrives slower than this, the network is what delays it, not
	 * the server, and compressing helps. */
	SLOW_BYTES_PER_MS = 20 * 1000,
	ENOUGH_TO_TELL = 128 * 1024, /* servers compress nothing smaller */
};

/* The connections that were made with one certificate. They are replaced
 * together when the certificate is. */
struct link {
	struct http *http;
	struct kube_credentials credentials; /* lent to http */
	bool gzip;
	size_t users;
	bool retired;
};

struct kube_client {
	struct kube_client_options o;
	struct kube_identity *identity;
	pthread_mutex_t lock;
	struct link *link;
	bool gzip;
	atomic_bool weighs; /* whether to use gzip is not decided yet; set under
			       the lock */
	int stall_timeout_ms;
	struct pace_sum pace;
};

struct kube_client *kube_client_new(
    const struct kube_client_options *o, struct err *err)
{
	if (o->access->insecure_skip_verify && o->access->ca_pem) {
		err_set(err, ERR_USAGE,
		    "a certificate authority is named and not to be used");
		return NULL;
	}
	struct kube_client *c = mem_new(struct kube_client);
	c->o = *o;
	if (!c->o.clock)
		c->o.clock = clock_system();
	if (!c->o.random)
		c->o.random = random_system();
	c->gzip = o->gzip == KUBE_GZIP_ON;
	c->weighs = o->gzip == KUBE_GZIP_AUTO &&
		    (o->access->proxy || !http_url_is_local(o->access->server));
	c->identity = kube_identity_new(o->access, c->o.clock, o->cancel);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void transport_free(struct link *l)
{
	if (!l)
		return;
	http_free(l->http);
	kube_credentials_done(&l->credentials);
	free(l);
}

void kube_client_free(struct kube_client *c)
{
	if (!c)
		return;
	transport_free(c->link);
	kube_identity_free(c->identity);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void kube_client_freep(struct kube_client **c)
{
	kube_client_free(*c);
}

const char *kube_client_server(const struct kube_client *c)
{
	return c->o.access->server;
}

const struct cancel *kube_client_cancel(const struct kube_client *c)
{
	return c->o.cancel;
}

void kube_client_note_rate(struct kube_client *c, uint64_t bytes, int64_t ms)
{
	pthread_mutex_lock(&c->lock);
	if (c->weighs && bytes >= ENOUGH_TO_TELL) {
		c->gzip =
		    bytes / (uint64_t)(ms > 0 ? ms : 1) < SLOW_BYTES_PER_MS;
		c->weighs = false;
	}
	pthread_mutex_unlock(&c->lock);
}

bool kube_client_weighs(const struct kube_client *c)
{
	return atomic_load(&c->weighs);
}

void kube_client_set_stall_timeout(struct kube_client *c, int timeout_ms)
{
	c->stall_timeout_ms = timeout_ms;
}

void kube_client_keep_pace(struct kube_client *c, int64_t grace_ms)
{
	c->pace.grace_ms = grace_ms;
}

/* Takes over the certificate of `credentials`. */
static struct link *link_new(struct kube_client *c,
    struct kube_credentials *credentials, struct err *err)
{
	const struct kube_access *a = c->o.access;
	struct link *l = mem_new(struct link);

	l->credentials = *credentials;
	l->credentials.token = NULL;
	credentials->cert_pem = NULL;
	credentials->key_pem = NULL;
	l->gzip = c->gzip;
	struct http_options o = {.ca_file = a->ca_file,
	    .ca_pem = a->ca_pem,
	    .client_cert_pem = l->credentials.cert_pem,
	    .client_key_pem = l->credentials.key_pem,
	    .insecure_skip_verify = a->insecure_skip_verify,
	    .tls_server_name = a->tls_server_name,
	    .proxy = a->proxy,
	    .gzip = l->gzip,
	    .stall_timeout_ms = c->stall_timeout_ms,
	    .pace = &c->pace,
	    .clock = c->o.clock,
	    .random = c->o.random,
	    .cancel = c->o.cancel};
	if ((l->http = http_new(&o, err)))
		return l;
	transport_free(l);
	return NULL;
}

static void release(struct kube_client *c, struct link *l)
{
	pthread_mutex_lock(&c->lock);
	bool last = --l->users == 0 && l->retired;
	pthread_mutex_unlock(&c->lock);
	if (last)
		transport_free(l);
}

/* The transport with the current certificate; counted until release(). */
static struct link *acquire(struct kube_client *c,
    struct kube_credentials *credentials, struct err *err)
{
	pthread_mutex_lock(&c->lock);
	struct link *l = c->link;
	if (l && (l->credentials.cert_serial != credentials->cert_serial ||
		     l->gzip != c->gzip)) {
		c->link = NULL;
		l->retired = true;
		if (!l->users)
			transport_free(l);
		l = NULL;
	}
	if (!l)
		l = c->link = link_new(c, credentials, err);
	if (l)
		l->users++;
	pthread_mutex_unlock(&c->lock);
	return l;
}

/* One kube_client_send under way. */
struct call {
	struct kube_client *client;
	const struct kube_request *request;
	struct kube_credentials *credentials;
	struct buf url;
};

static void add_identity(struct http_request *to, const struct call *call)
{
	const struct kube_access *a = call->client->o.access;

	if (call->credentials->token)
		http_request_header(to, "Authorization: Bearer %s",
		    secret_reveal(call->credentials->token));
	else if (a->username) {
		cleanup(buf_wipe) struct buf plain = BUF_INIT;
		cleanup(buf_wipe) struct buf encoded = BUF_INIT;
		buf_printf(
		    &plain, "%s:%s", a->username, secret_reveal(a->password));
		base64_add(&encoded, buf_str(&plain), plain.len, true);
		http_request_header(
		    to, "Authorization: Basic %s", buf_str(&encoded));
	}
	if (a->as_user)
		http_request_header(to, "Impersonate-User: %s", a->as_user);
	if (a->as_uid)
		http_request_header(to, "Impersonate-Uid: %s", a->as_uid);
	VEC_EACH (&a->as_groups, group)
		http_request_header(to, "Impersonate-Group: %s", *group);
	VEC_EACH (&a->as_extra, extra)
		http_request_header(to, "Impersonate-Extra-%s", *extra);
}

static int prepare(
    void *ctx, int attempt, struct http_request *to, struct err *err)
{
	const struct call *call = ctx;
	const struct kube_request *r = call->request;

	(void)attempt;
	if (r->on_attempt && r->on_attempt(r->ctx, err))
		return -1;
	to->method = r->method ? r->method : "GET";
	to->url = buf_str(&call->url);
	to->body = r->body;
	to->body_len = r->body_len;
	to->even_if_stopped = r->see_through;
	to->on_data = r->on_data;
	to->on_data_ctx = r->ctx;
	to->max_body_bytes =
	    r->max_body_bytes ? r->max_body_bytes : DEFAULT_MAX_BODY_BYTES;
	http_request_header(
	    to, "Accept: %s", r->accept ? r->accept : "application/json");
	if (r->body)
		http_request_header(to, "Content-Type: %s",
		    r->content_type ? r->content_type : "application/json");
	add_identity(to, call);
	return 0;
}

/* As usual, except that what the server cannot read, or its webhook refuses to
 * convert, it cannot read the next time either. */
static enum http_retry_verdict judge(
    void *ctx, const struct http_response *response, const struct err *failure)
{
	if (!failure && response->status == 500 &&
	    (kube_unreadable_in(response->body.data, response->body.len) ||
		kube_unreadable_unconverted(
		    response->body.data, response->body.len)))
		return HTTP_RETRY_DONE;
	return http_retry_judge(ctx, response, failure);
}

static int exchange(
    struct call *call, struct http_response *response, struct err *err)
{
	struct kube_client *c = call->client;
	struct link *l = acquire(c, call->credentials, err);
	struct http_retry attempts = {
	    .max_attempts = call->request->max_attempts
				? call->request->max_attempts
				: c->o.max_attempts,
	    .prepare = prepare,
	    .judge = judge,
	    .ctx = call,
	    .cancel = call->request->cancel};

	if (!l)
		return -1;
	int result = http_retry_send(l->http, &attempts, response, err);
	release(c, l);
	return result;
}

int kube_client_send(struct kube_client *c, const struct kube_request *r,
    struct kube_answer *answer, struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	cleanup(kube_credentials_done) struct kube_credentials credentials = {
	    .token = NULL};
	cleanup(buf_done) struct buf url = BUF_INIT;

	kube_answer_done(answer);
	if (c->o.confined_to && kube_confine_check(c->o.confined_to, r, err))
		return -1;
	buf_printf(&url, "%s%s", c->o.access->server, r->path);
	if (r->query && *r->query)
		buf_printf(&url, "?%s", r->query);
	for (int round = 0;; round++) {
		kube_credentials_done(&credentials);
		if (kube_identity_get(c->identity, &credentials, err))
			return -1;
		uint64_t serial = credentials.serial;
		struct call call = {.client = c,
		    .request = r,
		    .credentials = &credentials,
		    .url = url};
		if (exchange(&call, &response, err)) {
			answer->status = response.status;
			return response.status
				   ? -1
				   : kube_answer_unverified(c->o.access, err);
		}
		if (response.status != 401 || round > 0 ||
		    !kube_identity_refused(c->identity, serial))
			break;
	}
	kube_answer_read(answer, &response);
	if (answer->status >= 200 && answer->status <= 299)
		return 0;
	return kube_answer_fail(answer, r, &response, err);
}

struct json_object *kube_client_get(
    struct kube_client *c, const char *path, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	const struct kube_request r = {.path = path};

	if (kube_client_send(c, &r, &answer, err))
		return NULL;
	struct json_object *document =
	    json_parse(buf_str(&answer.body), answer.body.len, err);
	if (!document)
		err_wrap(err, "GET %s: the answer (%s)", path,
		    answer.content_type ? answer.content_type : "of no type");
	return document;
}
