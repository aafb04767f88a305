#include "storage/git/repo/object_digest.h"

#include "storage/base/mem.h"

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct object_digest {
	enum git_hash hash;
	bool detects;
	struct digest *plain;
	/* libgit2 hashes in pieces only what is on its way into a store: this
	 * one keeps nothing. Made for the first blob that needs it. */
	git_odb *nowhere;
	git_odb_stream *blob;
	uint64_t blob_len;
};

/* What libgit2 cannot do here is only for want of memory. */
static void must(int result)
{
	if (result < 0)
		abort();
}

/* ---- the store that keeps nothing ---- */

static int drop_piece(git_odb_stream *s, const char *data, size_t len)
{
	(void)s;
	(void)data;
	(void)len;
	return 0;
}

static int drop_object(git_odb_stream *s, const git_oid *id)
{
	(void)s;
	(void)id;
	return 0;
}

static void free_stream(git_odb_stream *s)
{
	free(s);
}

static int begin_stream(git_odb_stream **out, git_odb_backend *backend,
    git_object_size_t len, git_object_t type)
{
	git_odb_stream *s = mem_new(git_odb_stream);

	(void)len;
	(void)type;
	s->backend = backend;
	s->mode = GIT_STREAM_WRONLY;
	s->write = drop_piece;
	s->finalize_write = drop_object;
	s->free = free_stream;
	*out = s;
	return 0;
}

static void free_backend(git_odb_backend *backend)
{
	free(backend);
}

static git_odb *make_nowhere(void)
{
	git_odb_backend *backend = mem_new(git_odb_backend);
	git_odb *odb = NULL;

	must(git_odb_init_backend(backend, GIT_ODB_BACKEND_VERSION));
	backend->writestream = begin_stream;
	backend->free = free_backend;
	must(git_odb_new(&odb));
	must(git_odb_add_backend(odb, backend, 1));
	return odb;
}

/* ---- */

static void start_library(void)
{
	must(git_libgit2_init());
}

struct object_digest *object_digest_new(enum git_hash hash, bool received)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct object_digest *d = mem_new(struct object_digest);

	d->hash = hash;
	d->detects = received && hash == GIT_SHA1;
	d->plain = digest_new(git_id_digest(hash));
	if (d->detects)
		pthread_once(&once, start_library);
	return d;
}

void object_digest_free(struct object_digest *d)
{
	if (!d)
		return;
	git_odb_stream_free(d->blob);
	git_odb_free(d->nowhere);
	digest_free(d->plain);
	free(d);
}

static void hash_plainly(struct object_digest *d, enum object_type type,
    const void *data, size_t len, uint8_t id[GIT_ID_LEN])
{
	git_id_add_header(d->plain, object_type_name(type), len);
	digest_add(d->plain, data, len);
	digest_finish(d->plain, id);
}

static int refuse(
    const char *what, uint64_t len, const char *id, struct err *err)
{
	const git_error *e = git_error_last();

	return err_set(err, ERR_INTEGRITY,
	    "the %s of %llu bytes%s%s looks as if it was made to have the same "
	    "SHA-1 as another text (%s); git refuses it too: find out where it "
	    "comes from, and take it out of the history",
	    what, (unsigned long long)len, id ? " " : "", id ? id : "",
	    e && e->message ? e->message : "libgit2 does not say more");
}

int object_digest_of(struct object_digest *d, enum object_type type,
    const void *data, size_t len, uint8_t id[GIT_ID_LEN], struct err *err)
{
	git_oid oid;

	if (!d->detects) {
		hash_plainly(d, type, data, len, id);
		return 0;
	}
	/* The numbers of the types are git's, here as there. */
	if (git_odb_hash(&oid, data, len, (git_object_t)type) == 0) {
		git_id_set(d->hash, oid.id, id);
		return 0;
	}
	char hex[GIT_ID_HEX];
	hash_plainly(d, type, data, len, id);
	git_id_hex(d->hash, id, hex);
	return refuse(object_type_name(type), len, hex, err);
}

void object_digest_begin_blob(struct object_digest *d, uint64_t len)
{
	if (!d->detects) {
		git_id_add_header(d->plain, object_type_name(OBJECT_BLOB), len);
		return;
	}
	if (!d->nowhere)
		d->nowhere = make_nowhere();
	git_odb_stream_free(d->blob);
	d->blob = NULL;
	d->blob_len = len;
	must(git_odb_open_wstream(&d->blob, d->nowhere, len, GIT_OBJECT_BLOB));
}

/* Bytes beyond the length are an error that the stream keeps until its end. */
void object_digest_add(struct object_digest *d, const void *data, size_t len)
{
	if (d->detects)
		(void)git_odb_stream_write(d->blob, data, len);
	else
		digest_add(d->plain, data, len);
}

int object_digest_finish(
    struct object_digest *d, uint8_t id[GIT_ID_LEN], struct err *err)
{
	git_oid oid;

	if (!d->detects) {
		digest_finish(d->plain, id);
		return 0;
	}
	if (git_odb_stream_finalize_write(&oid, d->blob))
		return refuse("blob", d->blob_len, NULL, err);
	git_id_set(d->hash, oid.id, id);
	return 0;
}
