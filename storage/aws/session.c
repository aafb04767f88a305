#include "storage/aws/session.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>

enum { RENEW_BEFORE_S = 5 * 60, RENEW_AGAIN_S = 30 };

const char *aws_env(const struct aws *a, const char *name)
{
	const char *value = a->s.env(a->s.env_ctx, name);

	return value && *value ? value : NULL;
}

int64_t aws_now_ms(const struct aws *a)
{
	return clock_now_ms(a->s.clock) + atomic_load(&a->skew_ms);
}

static int renew(struct aws *a, struct err *err)
{
	cleanup(aws_keys_done) struct aws_keys fresh = AWS_KEYS_INIT;
	autofree char *origin = NULL;

	if (a->find_keys(a, &fresh, &origin, err))
		return -1;
	aws_keys_copy(&a->keys, &fresh);
	free(a->origin);
	a->origin = steal(origin);
	a->keys_serial++;
	return 0;
}

int aws_keys_current(struct aws *a, uint64_t stale, struct aws_keys *keys,
    uint64_t *serial, struct err *err)
{
	int64_t now = aws_now_ms(a) / 1000;
	struct err why = ERR_INIT;
	int result = 0;

	pthread_mutex_lock(&a->lock);
	int64_t expires = a->keys.expires;
	bool none = !a->keys.access_key_id;
	bool refused = stale && stale == a->keys_serial;
	bool due = expires && now >= expires - RENEW_BEFORE_S &&
		   (now >= expires || now >= a->renew_at);
	if (none || refused || due) {
		result = renew(a, &why);
		/* Credentials that are still valid for some minutes are used if
		 * renewing them failed, and the next attempt to renew waits a
		 * while. */
		a->renew_at = now + RENEW_AGAIN_S;
		if (result && !none && !refused && now < expires)
			result = 0;
	}
	if (!result) {
		aws_keys_copy(keys, &a->keys);
		*serial = a->keys_serial;
	}
	pthread_mutex_unlock(&a->lock);
	if (result)
		*err = why;
	return result;
}
