/*
 * The content of a session, for the modules of storage/aws alone: aws.h is what
 * everybody else sees of it.
 */
#ifndef STORAGE_AWS_SESSION_H
#define STORAGE_AWS_SESSION_H

#include "storage/aws/aws.h"
#include "storage/aws/keys.h"
#include "storage/aws/profile.h"
#include "storage/http/http.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct aws {
	struct aws_settings s;
	/* The chain of credentials. It sends signed requests itself; as a
	 * function that is handed in, it need not be known to what signs.
	 * origin is set to a text for people. */
	int (*find_keys)(struct aws *a, struct aws_keys *keys, char **origin,
	    struct err *err);
	struct http *http;
	struct pace_sum pace;  /* of http */
	struct http *metadata; /* short time limits, no proxy */
	struct aws_profiles profiles;
	char *profile;
	bool profile_asked; /* by the settings */
	char *region;
	_Atomic int64_t skew_ms;
	atomic_int cleaning;  /* aws_cleanup_begin */
	sem_t uploads;	      /* of many parts, that may be under way */
	pthread_mutex_t lock; /* of what follows */
	struct aws_keys keys;
	char *origin;
	uint64_t keys_serial; /* grows with each renewal */
	int64_t renew_at; /* s; no attempt before that, after one that failed */
};

const char *aws_env(const struct aws *a, const char *name); /* NULL if empty */
int64_t aws_now_ms(const struct aws *a); /* by the store's clock */

/* A copy of the credentials in force, found or renewed if due. `stale` is the
 * serial of credentials that were refused as expired (0: none): these are not
 * returned again. */
int aws_keys_current(struct aws *a, uint64_t stale, struct aws_keys *keys,
    uint64_t *serial, struct err *err);

#endif
