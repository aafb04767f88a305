#include "config/watch/publish.h"

#include "config/watch/series.h"
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_STATE_BYTES = 16 << 20, PUSH_TIMEOUT_MS = 10000 };

struct publication {
	const struct settings *s;
	const char *program;
	const struct connect_env *env;
};

bool publish_is_wanted(const struct settings *s)
{
	return s->metrics.textfile_directory || s->metrics.pushgateway.url;
}

static void close_http(struct http **http)
{
	http_free(*http);
}

int publish_check(const struct settings *s, struct err *err)
{
	cleanup(secret_freep) struct secret *password = NULL;
	const char *dir = s->metrics.textfile_directory;

	if (dir && access(dir, W_OK | X_OK))
		return err_system(err, errno,
		    "metrics.textfile_directory: writing to '%s'", dir);
	return secret_ref_read(
	    &s->metrics.pushgateway.password, &password, err);
}

static char *state_path(const struct publication *p, const char *suffix)
{
	return str_printf("%s/metrics-%s-%s.%s", p->s->state_dir, p->program,
	    p->s->name, suffix);
}

static int lock(const struct publication *p, struct err *err)
{
	autofree char *path = state_path(p, "lock");

	if (file_mkdirs(p->s->state_dir, err))
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_system(err, errno, "opening '%s'", path);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			err_system(err, errno, "locking '%s'", path);
			close(fd);
			return -1;
		}
	return fd;
}

/* Metrics that cannot be read start again at zero, which Prometheus treats as a
 * reset of the counters. */
static void load(const struct publication *p, struct metrics *all)
{
	autofree char *path = state_path(p, "json");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(path, MAX_STATE_BYTES, &text, &err) == 0 &&
	    metrics_load(all, buf_str(&text), text.len, &err) == 0)
		return;
	if (err.code != ERR_NOT_FOUND)
		log_warn("metrics: '%s' cannot be read and is begun anew: %s",
		    path, err.message);
}

static int save(
    const struct publication *p, const struct metrics *all, struct err *err)
{
	autofree char *path = state_path(p, "json");
	cleanup(buf_done) struct buf text = BUF_INIT;

	metrics_save(all, &text);
	return file_write_durably(path, text.data, text.len, err);
}

static int write_textfile(
    const struct publication *p, const struct buf *text, struct err *err)
{
	const char *dir = p->s->metrics.textfile_directory;

	if (!dir)
		return 0;
	autofree char *path =
	    str_printf("%s/%s-%s.prom", dir, p->program, p->s->name);
	return file_publish(path, buf_str(text), text->len, err)
		   ? err_wrap(err, "metrics.textfile_directory")
		   : 0;
}

static int add_password(const struct settings_pushgateway *g,
    struct http_request *request, struct err *err)
{
	cleanup(secret_freep) struct secret *password = NULL;

	if (!g->username)
		return 0;
	if (secret_ref_read(&g->password, &password, err))
		return -1;
	autofree char *pair =
	    str_printf("%s:%s", g->username, secret_reveal(password));
	cleanup(buf_done) struct buf encoded = BUF_INIT;
	base64_add(&encoded, pair, strlen(pair), true);
	http_request_header(
	    request, "Authorization: Basic %s", buf_str(&encoded));
	mem_wipe(pair, strlen(pair));
	mem_wipe(encoded.data, encoded.len);
	return 0;
}

/* Not cancelled with the run: a stopped run still reports how it ended. */
static int push(
    const struct publication *p, const struct buf *text, struct err *err)
{
	const struct settings_pushgateway *g = &p->s->metrics.pushgateway;
	const struct http_options o = {.ca_file = g->ca_file,
	    .proxy = g->proxy,
	    .clock = p->env->clock,
	    .random = p->env->random};
	size_t len = strlen(g->url);

	while (len && g->url[len - 1] == '/')
		len--;
	autofree char *url = str_printf("%.*s/metrics/job/%s/name/%s", (int)len,
	    g->url, p->program, p->s->name);
	cleanup(close_http) struct http *http = http_new(&o, err);
	cleanup(http_request_done) struct http_request request = {
	    .method = "PUT",
	    .url = url,
	    .body = buf_str(text),
	    .body_len = text->len,
	    .total_timeout_ms = PUSH_TIMEOUT_MS,
	    .even_if_stopped = true};
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	if (!http || add_password(g, &request, err))
		return -1;
	http_request_header(
	    &request, "Content-Type: text/plain; version=0.0.4");
	if (http_send(http, &request, &response, err))
		return -1;
	if (response.status >= 200 && response.status <= 299)
		return 0;
	cleanup(buf_done) struct buf answer = BUF_INIT;
	http_describe(&response, &answer);
	return err_set(err, ERR_NETWORK, "PUT %s: %s", url, buf_str(&answer));
}

static void warn(const struct err *err)
{
	log_warn("metrics could not be published, which changes nothing else: "
		 "%s",
	    err->message);
}

void publish_change(const struct settings *s, const char *program,
    const struct connect_env *env,
    void (*change)(void *ctx, struct metrics *all), void *ctx)
{
	const struct publication p = {.s = s, .program = program, .env = env};
	cleanup(metrics_freep) struct metrics *all =
	    metrics_new(series_families);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int fd = lock(&p, &err);

	if (fd < 0) {
		warn(&err);
		return;
	}
	load(&p, all);
	change(ctx, all);
	metrics_write(all, &text);
	if (save(&p, all, &err) || write_textfile(&p, &text, &err))
		warn(&err);
	close(fd);
	struct err failed = ERR_INIT;
	if (s->metrics.pushgateway.url && push(&p, &text, &failed))
		warn(&failed);
}
