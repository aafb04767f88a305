#include "storage/aws/aws.h"

#include "storage/aws/credentials.h"
#include "storage/aws/session.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

/* Inside a container, packets to the instance metadata service are dropped if
 * the hop limit is one. Waiting for an answer must not take long then. */
enum { METADATA_CONNECT_MS = 1000, METADATA_STALL_MS = 2000 };
/* The parts of these uploads are what most of a run's memory is used for. */
enum { UPLOADS_AT_ONCE = 2 };

static const char *process_env(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static int check_endpoint(const char *what, const char *url, struct err *err)
{
	cleanup(buf_done) struct buf host = BUF_INIT;
	cleanup(buf_done) struct buf shown = BUF_INIT;

	if (!url || (!http_url_host(url, &host) && !strpbrk(url, "@?#")))
		return 0;
	/* Without what may be a password. */
	const char *scheme = strstr(url, "://");
	if (scheme)
		buf_add(&shown, url, (size_t)(scheme - url) + strlen("://"));
	http_url_location(url, &shown);
	return err_set(err, ERR_USAGE,
	    "%s endpoint at '%s' has to be an http(s) URL of a host, without "
	    "user, password and query",
	    what, buf_str(&shown));
}

static int check(const struct aws *a, struct err *err)
{
	const struct aws_settings *s = &a->s;

	if (!s->access_key_id != !s->secret_access_key)
		return err_set(err, ERR_USAGE,
		    "an access key id and a secret access key are given "
		    "together or not at all");
	if (s->access_key_id && s->profile)
		return err_set(err, ERR_USAGE,
		    "both an access key and a profile are given: keep one");
	/* A profile that the environment names is not needed if keys are given,
	 * so it may be missing. */
	if (a->profile_asked && !s->access_key_id &&
	    !aws_profile_exists(&a->profiles, a->profile))
		return err_set(err, ERR_USAGE,
		    "there is no profile '%s' in %s or %s", a->profile,
		    a->profiles.config_path ? a->profiles.config_path
					    : "~/.aws/config",
		    a->profiles.credentials_path ? a->profiles.credentials_path
						 : "~/.aws/credentials");
	if (check_endpoint("the S3", s->s3_endpoint, err) ||
	    check_endpoint("the DynamoDB", s->dynamodb_endpoint, err) ||
	    check_endpoint("the STS", s->sts_endpoint, err))
		return -1;
	return 0;
}

static const char *first(const char *a, const char *b)
{
	return a ? a : b;
}

/* A setting counts before the environment, and the environment before the
 * profile. */
static const char *choose(const struct aws *a, const char *setting,
    const char *variable, const char *key)
{
	const char *value = first(setting, aws_env(a, variable));

	return value || !key ? value
			     : aws_profile_get(&a->profiles, a->profile, key);
}

static void settle(struct aws *a)
{
	struct aws_settings *s = &a->s;
	const char *all = aws_env(a, "AWS_ENDPOINT_URL");

	if (!all)
		all = aws_profile_get(&a->profiles, a->profile, "endpoint_url");
	s->s3_endpoint =
	    first(choose(a, s->s3_endpoint, "AWS_ENDPOINT_URL_S3", NULL), all);
	s->dynamodb_endpoint = first(
	    choose(a, s->dynamodb_endpoint, "AWS_ENDPOINT_URL_DYNAMODB", NULL),
	    all);
	s->sts_endpoint = first(
	    choose(a, s->sts_endpoint, "AWS_ENDPOINT_URL_STS", NULL), all);
	s->ca_file = choose(a, s->ca_file, "AWS_CA_BUNDLE", "ca_bundle");
	const char *region = first(s->region, aws_env(a, "AWS_REGION"));
	region = choose(a, region, "AWS_DEFAULT_REGION", "region");
	a->region = str_dup(region ? region : "us-east-1");
}

static int open_http(struct aws *a, struct err *err)
{
	struct http_options o = {
	    .ca_file = a->s.ca_file,
	    .proxy = a->s.proxy,
	    .stall_timeout_ms = a->s.stall_timeout_ms,
	    .pace = &a->pace,
	    .clock = a->s.clock,
	    .random = a->s.random,
	    .cancel = a->s.cancel,
	};

	a->http = http_new(&o, err);
	if (!a->http)
		return -1;
	o.pace = NULL;
	o.proxy = ""; /* no profile, whatever the environment names */
	o.connect_timeout_ms = METADATA_CONNECT_MS;
	o.stall_timeout_ms = METADATA_STALL_MS;
	a->metadata = http_new(&o, err);
	return a->metadata ? 0 : -1;
}

/* If the settings have keys and region, nothing is needed from the files of
 * profiles. Then a file that cannot be read (it may be another user's) is no
 * error. */
static int load_profiles(struct aws *a, struct err *err)
{
	const struct aws_settings *s = &a->s;
	const char *region = first(s->region,
	    first(aws_env(a, "AWS_REGION"), aws_env(a, "AWS_DEFAULT_REGION")));
	struct err why = ERR_INIT;

	if (aws_profiles_load(&a->profiles, s->env, s->env_ctx, &why) == 0)
		return 0;
	if (s->access_key_id && region)
		return 0;
	*err = why;
	return err_wrap(err,
	    "AWS profiles, which a bucket with access_key_id, "
	    "secret_access_key and region of its own does without");
}

struct aws *aws_open(const struct aws_settings *s, struct err *err)
{
	struct aws *a = mem_new(struct aws);

	a->s = *s;
	a->find_keys = credentials_find;
	pthread_mutex_init(&a->lock, NULL);
	sem_init(&a->uploads, 0, UPLOADS_AT_ONCE);
	if (!a->s.env)
		a->s.env = process_env;
	if (!a->s.clock)
		a->s.clock = clock_system();
	if (!a->s.random)
		a->s.random = random_system();
	if (load_profiles(a, err)) {
		aws_close(a);
		return NULL;
	}
	const char *profile = first(s->profile, aws_env(a, "AWS_PROFILE"));
	a->profile = str_dup(profile ? profile : "default");
	a->profile_asked = profile != NULL;
	settle(a);
	if (check(a, err) || open_http(a, err)) {
		aws_close(a);
		return NULL;
	}
	return a;
}

void aws_close(struct aws *a)
{
	if (!a)
		return;
	http_free(a->http);
	http_free(a->metadata);
	aws_profiles_done(&a->profiles);
	aws_keys_done(&a->keys);
	free(a->profile);
	free(a->region);
	free(a->origin);
	pthread_mutex_destroy(&a->lock);
	sem_destroy(&a->uploads);
	free(a);
}

void aws_keep_pace(struct aws *a, int64_t grace_ms)
{
	a->pace.grace_ms = grace_ms;
}

void aws_closep(struct aws **a)
{
	aws_close(*a);
}

void aws_cleanup_begin(struct aws *a)
{
	atomic_fetch_add(&a->cleaning, 1);
}

void aws_cleanup_end(struct aws *a)
{
	atomic_fetch_sub(&a->cleaning, 1);
}

int64_t aws_skew_ms(const struct aws *a)
{
	int64_t skew = atomic_load(&a->skew_ms);

	return skew > -1000 && skew < 1000 ? 0 : skew;
}

char *aws_credentials_origin(struct aws *a, struct err *err)
{
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	uint64_t serial = 0;

	if (aws_keys_current(a, 0, &keys, &serial, err))
		return NULL;
	pthread_mutex_lock(&a->lock);
	char *origin = str_dup(a->origin);
	pthread_mutex_unlock(&a->lock);
	return origin;
}
