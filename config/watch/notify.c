#include "config/watch/notify.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/base/program.h"
#include "storage/http/http.h"
#include "storage/http/retry.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEMPLATE_BYTES = 256 << 10, MAX_OUTPUT_BYTES = 64 << 10 };

static void close_http(struct http **http)
{
	http_free(*http);
}

static bool is_wanted(const struct settings_notify *to, const struct notice *n)
{
	bool trouble =
	    str_eq(n->event, "partial") || str_eq(n->event, "failure");

	if (to->of.len ? !strvec_has(&to->of, n->command)
		       : !str_eq(n->command, "backup"))
		return false;
	if (to->on.len)
		return strvec_has(&to->on, n->event);
	return to->kind != SETTINGS_NOTIFY_NTFY || trouble;
}

/* The URL of the healthcheck for this event; a query stays at the end. */
static char *health_url(const char *url, const struct notice *n)
{
	size_t len = strcspn(url, "?#"), end = len;

	while (end && url[end - 1] == '/')
		end--;
	if (str_eq(n->event, "start"))
		return str_printf("%.*s/start%s", (int)end, url, url + len);
	return str_printf(
	    "%.*s/%d%s", (int)end, url, n->exit_status, url + len);
}

static void add_ntfy(
    struct http_request *r, const struct notice *n, struct buf *body)
{
	cleanup(buf_done) struct buf title = BUF_INIT;
	bool failed = str_eq(n->event, "failure");

	notice_title(n, &title);
	http_request_header(r, "Title: %s", buf_str(&title));
	http_request_header(r, "Priority: %s",
	    failed			  ? "high"
	    : str_eq(n->event, "partial") ? "default"
					  : "low");
	http_request_header(r, "Tags: %s",
	    failed			  ? "rotating_light"
	    : str_eq(n->event, "partial") ? "warning"
					  : "white_check_mark");
	if (n->error)
		buf_printf(body, "%s\n\n", n->error);
	buf_add_str(body, n->log);
}

static int add_json(const struct settings_notify *to, struct http_request *r,
    const struct notice *n, struct buf *body, struct err *err)
{
	cleanup(buf_done) struct buf template = BUF_INIT;

	http_request_header(r, "Content-Type: application/json");
	if (!to->template_file) {
		notice_json(n, body);
		return 0;
	}
	if (file_read(to->template_file, MAX_TEMPLATE_BYTES, &template, err))
		return -1;
	return notice_fill(n, buf_str(&template), template.len, body, err)
		   ? err_wrap(err, "the template '%s'", to->template_file)
		   : 0;
}

static int add_token(
    const struct settings_notify *to, struct http_request *r, struct err *err)
{
	cleanup(secret_freep) struct secret *token = NULL;

	if (secret_ref_read(&to->token, &token, err))
		return -1;
	if (!token)
		return 0;
	if (str_starts(r->url, "http://") && !http_url_is_local(r->url))
		return err_set(err, ERR_USAGE,
		    "its URL would send the token in the clear; it takes "
		    "https:// where there is one");
	http_request_header(
	    r, "Authorization: Bearer %s", secret_reveal(token));
	return 0;
}

struct posting {
	const struct http_request *request;
};

/* Each attempt is the same request. */
static int prepare(
    void *ctx, int attempt, struct http_request *request, struct err *err)
{
	const struct posting *p = ctx;

	(void)attempt;
	(void)err;
	*request = *p->request;
	request->headers = (struct strvec)VEC_INIT;
	VEC_EACH (&p->request->headers, header)
		strvec_add(&request->headers, *header);
	return 0;
}

/* Not cancelled with the run: a stopped run still reports how it ended. */
static int send_request(const struct settings_notify *to,
    const struct http_request *request, const struct connect_env *env,
    struct err *err)
{
	const struct http_options o = {.ca_file = to->ca_file,
	    .proxy = to->proxy,
	    .clock = env->clock,
	    .random = env->random};
	cleanup(close_http) struct http *http = http_new(&o, err);
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	struct posting posting = {.request = request};
	const struct http_retry attempts = {.max_attempts = 3,
	    .prepare = prepare,
	    .judge = http_retry_judge,
	    .ctx = &posting,
	    .even_if_stopped = true};

	if (!http || http_retry_send(http, &attempts, &response, err))
		return -1;
	if (response.status >= 200 && response.status <= 299)
		return 0;
	return err_set(
	    err, ERR_NETWORK, "it answered with status %d", response.status);
}

static int post(const struct settings_notify *to, const struct notice *n,
    const struct connect_env *env, struct err *err)
{
	cleanup(secret_freep) struct secret *url = NULL;
	cleanup(buf_done) struct buf body = BUF_INIT;
	autofree char *health = NULL;

	if (secret_ref_read(&to->url, &url, err))
		return -1;
	if (to->kind == SETTINGS_NOTIFY_HEALTHCHECKS)
		health = health_url(secret_reveal(url), n);
	cleanup(http_request_done) struct http_request r = {.method = "POST",
	    .url = health ? health : secret_reveal(url),
	    .url_is_secret = true,
	    .total_timeout_ms = (int)(to->timeout / 3),
	    .even_if_stopped = true};
	if (add_token(to, &r, err))
		return -1;
	if (to->kind == SETTINGS_NOTIFY_NTFY)
		add_ntfy(&r, n, &body);
	else if (to->kind == SETTINGS_NOTIFY_JSON &&
		 add_json(to, &r, n, &body, err))
		return -1;
	else if (health)
		buf_add_str(&body, n->log);
	r.body = buf_str(&body);
	r.body_len = body.len;
	int status = send_request(to, &r, env, err);
	if (health)
		mem_wipe(health, strlen(health));
	return status;
}

static int run_command(const struct settings_notify *to, const struct notice *n,
    const struct connect_env *env, struct err *err)
{
	cleanup(strvec_done) struct strvec environment = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	const struct program p = {.args = &to->command,
	    .env = &environment,
	    .max_output_bytes = MAX_OUTPUT_BYTES,
	    .time_limit_ms = to->timeout,
	    .clock = env->clock};

	notice_environment(n, &environment);
	return program_run(&p, &out, err)
		   ? err_wrap(err, "'%s'", to->command.items[0])
		   : 0;
}

int notify_check(const struct settings_notify *to, struct err *err)
{
	const struct notice n = {.event = "failure",
	    .program = "backstay-agent",
	    .command = "backup",
	    .name = "check",
	    .host = "check",
	    .run = "check",
	    .log = ""};
	cleanup(secret_freep) struct secret *url = NULL;
	cleanup(buf_done) struct buf body = BUF_INIT;
	struct strvec none = VEC_INIT;

	if (to->kind == SETTINGS_NOTIFY_COMMAND)
		return 0;
	if (secret_ref_read(&to->url, &url, err))
		return -1;
	cleanup(http_request_done) struct http_request r = {
	    .url = secret_reveal(url), .headers = none};
	if (!str_starts(r.url, "https://") && !str_starts(r.url, "http://"))
		return err_set(err, ERR_USAGE,
		    "is not a URL; it takes http:// or https:// and a host");
	if (add_token(to, &r, err))
		return -1;
	return to->kind == SETTINGS_NOTIFY_JSON
		   ? add_json(to, &r, &n, &body, err)
		   : 0;
}

/* In a sentence: "the notice of the ...". */
static const char *event_in_words(const char *event)
{
	return str_eq(event, "partial") ? "partial result" : event;
}

void notify_all(const struct settings *s, const struct notice *n,
    const struct connect_env *env)
{
	VEC_EACH (&s->notify, to) {
		struct err err = ERR_INIT;
		if (!is_wanted(to, n))
			continue;
		int status = to->kind == SETTINGS_NOTIFY_COMMAND
				 ? run_command(to, n, env, &err)
				 : post(to, n, env, &err);
		if (status)
			log_warn("notify '%s': the notice of the %s could not "
				 "be sent, which changes nothing else: %s",
			    to->name, event_in_words(n->event), err.message);
	}
}
