#include "restore/kube/lease.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/base/process.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE "kube-system"
#define RESTORE "backstay-restore"
#define DRILL "backstay-drill-"
#define COLLECTION                                                             \
	"/apis/coordination.k8s.io/v1/namespaces/" NAMESPACE "/leases"
#define WHAT "Lease " NAMESPACE "/"
#define PROCESS "backstay/process" /* an annotation; see process.h */

enum { DURATION_S = 60, BEATS = 6, MAX_S = 24 * 60 * 60, TRIES = 8 };

struct lease {
	struct kube_client *client;
	const struct clock *clock;
	struct cancel *lost;
	bool of_drill;
	char *name, *path; /* of the object */
	char *holder, *process;
	int64_t taken;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool ending;
	char *version, *uid; /* of the object as we wrote it last */
	pthread_t thread;
};

static int64_t now_s(const struct clock *clock)
{
	return clock_now_ms(clock) / 1000;
}

void lease_info_done(struct lease_info *i)
{
	free(i->holder);
	free(i->process);
	free(i->version);
	free(i->uid);
	*i = (struct lease_info){.holder = NULL};
}

/* MicroTime: RFC 3339 with six digits behind the second. */
static void set_time(struct json_object *spec, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT_MAX];

	clock_rfc3339(seconds, text);
	text[strlen(text) - 1] = '\0';
	autofree char *micro = str_printf("%s.000000Z", text);
	json_set_str(spec, key, micro);
}

static int64_t get_time(const struct json_object *spec, const char *key)
{
	const char *text = json_get_str(spec, key);
	int64_t seconds = 0;

	return text && clock_parse_rfc3339(text, &seconds) == 0 ? seconds : 0;
}

int lease_parse(const struct json_object *object, int64_t now,
    struct lease_info *out, struct err *err)
{
	const struct json_object *spec = json_get(object, "spec");
	const char *holder = json_get_str(spec, "holderIdentity");
	const char *process = json_get_str(
	    json_path(object, "metadata", "annotations", NULL), PROCESS);
	int64_t duration = json_get_int(spec, "leaseDurationSeconds", 0);

	*out = (struct lease_info){.holder = str_dup(holder ? holder : ""),
	    .process = str_dup(process ? process : ""),
	    .taken = get_time(spec, "acquireTime"),
	    .renewed = get_time(spec, "renewTime"),
	    .version = str_dup(json_str(
		json_path(object, "metadata", "resourceVersion", NULL))),
	    .uid =
		str_dup(json_str(json_path(object, "metadata", "uid", NULL)))};
	if (!out->version || !out->uid || duration < 0 || duration > MAX_S)
		return err_set(err, ERR_FORMAT,
		    "this is not the lock of a restore or of a drill; if "
		    "neither is at work, delete it");
	out->dead = !*out->holder || now - out->renewed > duration ||
		    process_is_dead(out->process);
	return 0;
}

static struct json_object *write_lease(const struct lease *l)
{
	struct json_object *object = json_new_object();
	struct json_object *meta = json_new_object();
	struct json_object *notes = json_new_object();
	struct json_object *spec = json_new_object();

	json_set_str(object, "apiVersion", "coordination.k8s.io/v1");
	json_set_str(object, "kind", "Lease");
	json_set_str(meta, "name", l->name);
	json_set_str(meta, "namespace", NAMESPACE);
	json_set_str(notes, PROCESS, l->process);
	json_set(meta, "annotations", notes);
	/* Without the UID one that was removed would be made again: the server
	 * lets a Lease be created by an update. */
	if (l->version) {
		json_set_str(meta, "resourceVersion", l->version);
		json_set_str(meta, "uid", l->uid);
	}
	json_set(object, "metadata", meta);
	json_set_str(spec, "holderIdentity", l->holder);
	json_set(spec, "leaseDurationSeconds", json_new_int(DURATION_S));
	set_time(spec, "acquireTime", l->taken);
	set_time(spec, "renewTime", now_s(l->clock));
	json_set(object, "spec", spec);
	return object;
}

/* Writes it over the version that is known, or makes it. */
static int put(struct lease *l, struct err *err)
{
	cleanup(json_freep) struct json_object *object = write_lease(l);
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;

	json_write(&body, object, JSON_COMPACT);
	const struct kube_request r = {.method = l->version ? "PUT" : "POST",
	    .path = l->version ? l->path : COLLECTION,
	    .query = "fieldManager=" KUBE_FIELD_MANAGER,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	if (kube_client_send(l->client, &r, &answer, err))
		return -1;
	cleanup(json_freep) struct json_object *now =
	    json_parse(answer.body.data, answer.body.len, err);
	const struct json_object *meta = json_get(now, "metadata");
	if (!now)
		return -1;
	free(l->version);
	l->version = str_dup(json_get_str(meta, "resourceVersion"));
	free(l->uid);
	l->uid = str_dup(json_get_str(meta, "uid"));
	return 0;
}

static int get(struct kube_client *c, const char *path, int64_t now,
    struct lease_info *out, struct err *err)
{
	struct err failure = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    kube_client_get(c, path, &failure);

	*out = (struct lease_info){.holder = NULL};
	if (object && lease_parse(object, now, out, err))
		return err_wrap(err, WHAT "%s", path + strlen(COLLECTION "/"));
	if (object)
		return 1;
	if (failure.code == ERR_NOT_FOUND)
		return 0;
	*err = failure;
	return -1;
}

int lease_show(struct kube_client *c, const struct clock *clock,
    struct lease_info *out, struct err *err)
{
	int held = get(c, COLLECTION "/" RESTORE, now_s(clock), out, err);

	return held > 0 && !*out->holder ? 0 : held;
}

static const char *work(const struct lease *l)
{
	return l->of_drill ? "drill" : "restore";
}

static int refuse(
    const struct lease *l, const struct lease_info *info, struct err *err)
{
	char taken[CLOCK_TEXT_MAX], renewed[CLOCK_TEXT_MAX];

	clock_rfc3339(info->taken, taken);
	clock_rfc3339(info->renewed, renewed);
	return err_set(err, ERR_LOCKED,
	    "a %s is at work there: %s, since %s, last sign of life %s "
	    "(" WHAT "%s); wait for its end; if that run is dead, %s",
	    work(l), info->holder, taken, renewed, l->name,
	    l->of_drill
		? "its lock counts for nothing a minute after that sign"
		: "`backstay-restore unlock latest --yes` removes its lock");
}

/* Whether it is what we wrote; the answer to that may have been lost. */
static bool is_ours(const struct lease *l, const struct lease_info *info)
{
	return info->taken == l->taken && str_eq(info->process, l->process) &&
	       str_eq(info->holder, l->holder);
}

/* Somebody may make or take it between the two requests; then it is read again.
 */
static int take(struct lease *l, struct err *err)
{
	for (int i = 1;; i++) {
		cleanup(lease_info_done) struct lease_info info;
		struct err failure = ERR_INIT;
		int held = get(l->client, l->path, now_s(l->clock), &info, err);

		if (held < 0)
			return -1;
		bool ours = held && is_ours(l, &info);
		if (held && !ours && !info.dead)
			return refuse(l, &info, err);
		free(l->version);
		free(l->uid);
		l->version = held ? steal(info.version) : NULL;
		l->uid = held ? steal(info.uid) : NULL;
		if (held && !ours && *info.holder)
			log_info("%s: the lock of a %s that is dead is "
				 "taken over: %s",
			    kube_client_server(l->client), work(l),
			    info.holder);
		if (put(l, &failure) == 0)
			return 0;
		/* One that is made is not found where the API is not served. */
		bool changed = failure.code == ERR_EXISTS ||
			       (failure.code == ERR_NOT_FOUND && l->version);
		if (!changed || i == TRIES) {
			*err = failure;
			return -1;
		}
	}
}

/* Whether it is still ours although a write of it was refused. */
static bool is_still_ours(struct lease *l)
{
	cleanup(lease_info_done) struct lease_info info;
	struct err err = ERR_INIT;
	int held = get(l->client, l->path, now_s(l->clock), &info, &err);

	if (held > 0 && is_ours(l, &info) && str_eq(info.uid, l->uid)) {
		free(l->version);
		l->version = steal(info.version);
		return true;
	}
	return held < 0 && err.code != ERR_FORMAT;
}

/* A beat that fails is made up for by the next. One that another restore has
 * written over ends this one. */
static void renew(struct lease *l)
{
	struct err err = ERR_INIT;

	if (put(l, &err) == 0)
		return;
	if ((err.code != ERR_EXISTS && err.code != ERR_NOT_FOUND) ||
	    is_still_ours(l)) {
		log_debug("the lock of the %s: %s", work(l), err.message);
		return;
	}
	log_error("%s: " WHAT "%s: another %s has taken it over, or "
		  "somebody has removed it; this one stops",
	    kube_client_server(l->client), l->name, work(l));
	l->ending = true;
	if (l->lost)
		cancel_request(l->lost);
}

static void *renew_regularly(void *arg)
{
	struct lease *l = arg;
	struct timespec until;

	pthread_mutex_lock(&l->lock);
	while (!l->ending) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += DURATION_S / BEATS + 1;
		int woken =
		    pthread_cond_timedwait(&l->changed, &l->lock, &until);
		if (!l->ending && woken)
			renew(l);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void release_memory(struct lease *l)
{
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l->name);
	free(l->path);
	free(l->holder);
	free(l->process);
	free(l->version);
	free(l->uid);
	free(l);
}

char *lease_cluster(struct kube_client *c, struct err *err)
{
	return kube_discovery_cluster_uid(c, err);
}

static struct lease *new_lease(
    struct kube_client *c, const struct lease_options *o)
{
	struct lease *l = mem_new(struct lease);
	pthread_condattr_t attr;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	l->client = c;
	l->clock = o->clock;
	l->lost = o->lost;
	l->of_drill = o->drill != NULL;
	l->name =
	    o->drill ? str_printf(DRILL "%s", o->drill) : str_dup(RESTORE);
	l->path = str_printf(COLLECTION "/%s", l->name);
	l->holder = str_dup(o->holder);
	l->process = process_self();
	l->taken = now_s(o->clock);
	return l;
}

static int delete_lease(struct kube_client *c, const char *path,
    const char *uid, const char *version, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;

	json_text_object(&body, NULL);
	if (uid) {
		json_text_object(&body, "preconditions");
		json_text_str(&body, "uid", uid);
		json_text_str(&body, "resourceVersion", version);
		json_text_object_end(&body);
	}
	json_text_object_end(&body);
	const struct kube_request r = {.method = "DELETE",
	    .path = path,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};

	return kube_client_send(c, &r, &answer, err);
}

/* It may have been taken over since the last beat. Where we may not delete it,
 * an empty holder says that nobody has it. */
static int give_back(struct lease *l, struct err *err)
{
	struct err failure = ERR_INIT;

	if (!is_still_ours(l))
		return 0;
	if (delete_lease(l->client, l->path, l->uid, l->version, &failure) ==
		0 ||
	    failure.code == ERR_NOT_FOUND)
		return 0;
	if (failure.code == ERR_DENIED) {
		free(l->holder);
		l->holder = str_dup("");
		return put(l, err);
	}
	*err = failure;
	return -1;
}

struct lease *lease_take(
    struct kube_client *c, const struct lease_options *o, struct err *err)
{
	struct lease *l = new_lease(c, o);

	if (take(l, err)) {
		release_memory(l);
		return NULL;
	}
	if (pthread_create(&l->thread, NULL, renew_regularly, l)) {
		struct err ignored = ERR_INIT;
		(void)give_back(l, &ignored);
		err_set(err, ERR_SYSTEM,
		    "a thread that renews the lock could not be started");
		release_memory(l);
		return NULL;
	}
	return l;
}

bool lease_holds(struct lease *l)
{
	pthread_mutex_lock(&l->lock);
	bool ours = !l->ending && is_still_ours(l);
	pthread_mutex_unlock(&l->lock);
	return ours;
}

void lease_free(struct lease *l)
{
	struct err err = ERR_INIT;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	bool ours = !l->ending;
	l->ending = true;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	if (ours && give_back(l, &err))
		log_warn("%s: the lock of the %s could not be removed, and "
			 "ends by itself: %s",
		    kube_client_server(l->client), work(l), err.message);
	release_memory(l);
}

int lease_break(struct kube_client *c, struct err *err)
{
	struct err failure = ERR_INIT;

	if (delete_lease(c, COLLECTION "/" RESTORE, NULL, NULL, &failure) ==
		0 ||
	    failure.code == ERR_NOT_FOUND)
		return 0;
	*err = failure;
	return err_wrap(err, WHAT RESTORE);
}
