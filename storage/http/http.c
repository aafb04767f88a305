#include "storage/http/exchange.h"

#include "storage/base/mem.h"

#include <pthread.h>
#include <stdlib.h>

VEC_DEFINE(handlevec, CURL *);

struct http {
	struct http_options o;
	pthread_mutex_t lock;
	struct handlevec idle; /* each keeps its connections alive */
};

static void global_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		abort();
}

struct http *http_new(const struct http_options *o, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_init);
	if (o->client_cert_pem && !o->client_key_pem) {
		err_set(err, ERR_USAGE,
		    "a client certificate needs its private key beside it");
		return NULL;
	}
	struct http *h = mem_new(struct http);
	h->o = *o;
	if (!h->o.clock)
		h->o.clock = clock_system();
	if (!h->o.random)
		h->o.random = random_system();
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	VEC_EACH (&h->idle, handle)
		curl_easy_cleanup(*handle);
	vec_done(&h->idle);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

const struct http_options *http_options_of(const struct http *h)
{
	return &h->o;
}

static CURL *borrow_handle(struct http *h)
{
	CURL *handle = NULL;

	pthread_mutex_lock(&h->lock);
	if (h->idle.len)
		handle = h->idle.items[--h->idle.len];
	pthread_mutex_unlock(&h->lock);
	if (handle)
		curl_easy_reset(handle); /* keeps the connections */
	else if (!(handle = curl_easy_init()))
		abort();
	return handle;
}

static void give_handle_back(struct http *h, CURL *handle)
{
	pthread_mutex_lock(&h->lock);
	*vec_add(&h->idle) = handle;
	pthread_mutex_unlock(&h->lock);
}

int http_send(struct http *h, const struct http_request *request,
    struct http_response *response, struct err *err)
{
	http_response_done(response);
	CURL *handle = borrow_handle(h);
	int result = exchange_perform(handle, &h->o, request, response, err);
	give_handle_back(h, handle);
	return result;
}
