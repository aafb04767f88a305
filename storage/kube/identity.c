#include "storage/kube/identity.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MAX_CERT_BYTES = 256 * 1024,
	/* Renewed this long before it expires, since a request takes time. */
	EARLY_MS = 10 * 1000,
};

/* A file as it was when it was read: when it is replaced, one of these changes.
 */
struct seen {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	bool valid;
};

struct kube_identity {
	const struct kube_access *access;
	const struct clock *clock;
	const struct cancel *cancel;
	pthread_mutex_t lock;
	struct seen token_seen;
	struct seen cert_seen;
	struct seen key_seen;
	struct secret *token;
	char *cert_pem;
	struct secret *key_pem;
	int64_t expires_ms; /* serial of what an exec plugin gave; 0: run the
			       plugin */
	uint64_t serial;
	uint64_t cert_serial;
};

struct kube_identity *kube_identity_new(const struct kube_access *a,
    const struct clock *clock, const struct cancel *cancel)
{
	struct kube_identity *i = mem_new(struct kube_identity);

	i->access = a;
	i->clock = clock;
	i->cancel = cancel;
	pthread_mutex_init(&i->lock, NULL);
	i->token = secret_share(a->token);
	i->cert_pem = str_dup(a->cert_pem);
	i->key_pem = secret_share(a->key_pem);
	return i;
}

void kube_identity_free(struct kube_identity *i)
{
	if (!i)
		return;
	secret_free(i->token);
	free(i->cert_pem);
	secret_free(i->key_pem);
	pthread_mutex_destroy(&i->lock);
	free(i);
}

/* True if the file is another than last time, or cannot be checked: then
 * reading it gives the reason. */
static bool changed(const char *path, struct seen *seen)
{
	struct stat st;

	if (stat(path, &st)) {
		seen->valid = false;
		return true;
	}
	struct seen now = {.device = st.st_dev,
	    .inode = st.st_ino,
	    .size = st.st_size,
	    .changed = st.st_mtim,
	    .valid = true};
	bool same = seen->valid && seen->device == now.device &&
		    seen->inode == now.inode && seen->size == now.size &&
		    seen->changed.tv_sec == now.changed.tv_sec &&
		    seen->changed.tv_nsec == now.changed.tv_nsec;
	*seen = now;
	return !same;
}

static int refresh_token_file(struct kube_identity *i, struct err *err)
{
	const char *path = i->access->token_file;

	if (!path || !changed(path, &i->token_seen))
		return 0;
	struct secret *token = secret_from_file(path, err);
	if (!token) {
		i->token_seen.valid = false;
		/* While the files are being replaced, the last credentials
		 * still serve. */
		return i->token ? 0 : err_wrap(err, "the token file");
	}
	secret_free(i->token);
	i->token = token;
	i->serial++;
	return 0;
}

static int refresh_cert_files(struct kube_identity *i, struct err *err)
{
	const struct kube_access *a = i->access;
	cleanup(buf_done) struct buf cert = BUF_INIT;
	bool newer = false;

	if (a->cert_file && changed(a->cert_file, &i->cert_seen)) {
		if (file_read(a->cert_file, MAX_CERT_BYTES, &cert, err))
			return err_wrap(err, "the client certificate");
		free(i->cert_pem);
		i->cert_pem = buf_steal(&cert);
		newer = true;
	}
	if (a->key_file && changed(a->key_file, &i->key_seen)) {
		struct secret *key = secret_from_file(a->key_file, err);
		if (!key)
			return err_wrap(err, "the key of the certificate");
		secret_free(i->key_pem);
		i->key_pem = key;
		newer = true;
	}
	i->serial += newer;
	i->cert_serial += newer;
	return 0;
}

static int refresh_exec(struct kube_identity *i, struct err *err)
{
	struct kube_exec_result r = {.token = NULL};

	if (!i->access->exec ||
	    (i->expires_ms == INT64_MAX && (i->token || i->cert_pem)) ||
	    (i->expires_ms != INT64_MAX && i->expires_ms &&
		clock_now_ms(i->clock) < i->expires_ms - EARLY_MS))
		return 0;
	if (kube_exec_run(i->access, i->clock, i->cancel, &r, err))
		return -1;
	secret_free(i->token);
	i->token = steal(r.token);
	if (r.cert_pem || i->cert_pem) {
		free(i->cert_pem);
		i->cert_pem = steal(r.cert_pem);
		secret_free(i->key_pem);
		i->key_pem = steal(r.key_pem);
		i->cert_serial++;
	}
	i->expires_ms = r.expires_ms;
	i->serial++;
	return 0;
}

int kube_identity_get(
    struct kube_identity *i, struct kube_credentials *out, struct err *err)
{
	pthread_mutex_lock(&i->lock);
	int result = refresh_token_file(i, err) || refresh_cert_files(i, err) ||
		     refresh_exec(i, err);
	if (!result)
		*out =
		    (struct kube_credentials){.token = secret_share(i->token),
			.cert_pem = str_dup(i->cert_pem),
			.key_pem = secret_share(i->key_pem),
			.serial = i->serial,
			.cert_serial = i->cert_serial};
	pthread_mutex_unlock(&i->lock);
	return result ? -1 : 0;
}

void kube_credentials_done(struct kube_credentials *c)
{
	secret_free(c->token);
	free(c->cert_pem);
	secret_free(c->key_pem);
	*c = (struct kube_credentials){.token = NULL};
}

bool kube_identity_refused(struct kube_identity *i, uint64_t serial)
{
	const struct kube_access *a = i->access;

	pthread_mutex_lock(&i->lock);
	bool newer = i->serial != serial;
	if (!newer) {
		/* Checks everything again, whatever its age. */
		i->expires_ms = 0;
		i->token_seen.valid = false;
		i->cert_seen.valid = false;
		i->key_seen.valid = false;
		newer = a->exec || a->token_file || a->cert_file;
	}
	pthread_mutex_unlock(&i->lock);
	return newer;
}
