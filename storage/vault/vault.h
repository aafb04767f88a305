/*
 * The place where snapshots are kept: a flat set of named objects that are
 * written once. snapshot.h knows what the names mean; this knows only bytes,
 * and refuses to overwrite.
 */
#ifndef STORAGE_VAULT_VAULT_H
#define STORAGE_VAULT_VAULT_H

#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vault;

struct vault_item {
	char *name;
	uint64_t bytes;
	int64_t stored_at; /* seconds, by the store's clock */
};
VEC_DEFINE(vault_items, struct vault_item);
/* What the store says about one object that it was asked for by name. */
struct vault_stat {
	uint64_t bytes;
	int64_t stored_at;  /* as above */
	int64_t kept_until; /* by Object Lock, in seconds; 0: it is not */
};

/* Whether the error is that there is no room. */
bool vault_is_full(const struct err *err);

void vault_items_done(struct vault_items *v);

/* How long the store itself keeps an object from being deleted. */
enum vault_retain { VAULT_RETAIN_NONE, VAULT_RETAIN_SNAPSHOT };

/* Which of a vault's unfinished objects are to be removed. */
struct vault_tidy {
	const char *prefix; /* of the names of the objects in the making */
	/* Whether an object of that name is among them; ctx is the caller's. */
	bool (*meant)(void *ctx, const char *name);
	void *ctx;
	int64_t older_than_s; /* by the store's clock */
};

struct vault_ops {
	struct sink *(*put)(struct vault *v, const char *name,
	    enum vault_retain retain, struct err *err);
	int (*put_small)(struct vault *v, const char *name, const void *data,
	    size_t len, enum vault_retain retain, struct err *err);
	int (*list)(struct vault *v, const char *prefix,
	    struct vault_items *out, struct err *err);
	struct source *(*get)(struct vault *v, const char *name,
	    uint64_t offset, struct err *err);
	/* NULL if nothing is fetched before it is read. */
	struct source *(*get_range)(struct vault *v, const char *name,
	    uint64_t offset, uint64_t len, struct err *err);
	int (*stat)(struct vault *v, const char *name, struct vault_stat *out,
	    struct err *err);
	int (*remove)(struct vault *v, const char *name, struct err *err);
	/* NULL if the store keeps nothing. */
	int (*keep)(struct vault *v, const char *name, struct err *err);
	int (*now)(struct vault *v, int64_t *seconds, struct err *err);
	/* NULL if it promises no more than the others do. */
	int (*check)(struct vault *v, struct err *err);
	int (*tidy)(
	    struct vault *v, const struct vault_tidy *what, struct err *err);
	/* NULL if a cancellation does not affect requests to it. */
	void (*cleaning)(struct vault *v, bool begins);
	void (*release)(struct vault *v);
};

struct vault {
	const struct vault_ops *ops;
	char *description; /* "directory '/var/lib/backstay'", "s3://…" */
	char *name; /* its name in the configuration; "" before it is set */
	char *id;   /* from its mark; NULL: not known */
	char
	    *state_dir; /* where this machine remembers vaults; NULL: nowhere */
	/* Identifies the file system of a directory, also after the machine was
	 * restarted; NULL if it is not a directory. */
	char *file_system;
	/* Whether an object can be read twice at little cost, once for its
	 * digest and again for its content: a directory yes, a bucket no. */
	int reads_are_cheap;
};

void vault_free(struct vault *v); /* takes NULL */
void vault_freep(struct vault **v);
const char *vault_describe(const struct vault *v);
/* Names in state_dir what is remembered of the vault: of its description. */
void vault_location_digest(
    const struct vault *v, char digest[DIGEST_SHA256_HEX]);
/* What manifests call it by. */
void vault_set_name(struct vault *v, const char *name);
const char *vault_name(const struct vault *v);
void vault_set_id(struct vault *v, const char *id);
void vault_set_memory(struct vault *v, const char *state_dir);

/* A new object, streamed. It exists once finish has returned 0: durably, whole,
 * and never in part. ERR_EXISTS (from put or from finish) if it exists already.
 * For objects of snapshots: protected by Object Lock if that is configured. */
struct sink *vault_put(struct vault *v, const char *name, struct err *err);
/* The same for one that is of no use once the snapshot is there: it can be
 * removed then. */
struct sink *vault_put_passing(
    struct vault *v, const char *name, struct err *err);
/* A new small object in one step; if two try at once, one gets ERR_EXISTS. */
int vault_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err);
/* All objects whose name starts with prefix, sorted by the bytes of the name,
 * each once even if the store lists it twice. Either the whole list or an
 * error. A store may still omit an object that exists, and list one that does
 * not: before anything that cannot be undone, ask vault_stat. */
int vault_list(struct vault *v, const char *prefix, struct vault_items *out,
    struct err *err);
/* Of such a list; borrowed. NULL: it is not in it. */
const struct vault_item *vault_items_find(
    const struct vault_items *items, const char *name);
/* The same for the whole vault, including names that none of our objects can
 * have: any bytes, to be counted and printed with care. */
int vault_list_all(struct vault *v, struct vault_items *out, struct err *err);
/* Asks the store for that one object; ERR_NOT_FOUND; ERR_FORMAT if it is no
 * plain object (a link, a directory). */
int vault_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err);
/* Its content from offset on; ERR_NOT_FOUND. */
struct source *vault_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err);
/* `len` bytes (at least one) from offset on; no more than those are fetched.
 * Ends early if the object does. */
struct source *vault_get_range(struct vault *v, const char *name,
    uint64_t offset, uint64_t len, struct err *err);
/* Appends the whole object; ERR_FORMAT if it is over max_bytes. */
int vault_read(struct vault *v, const char *name, size_t max_bytes,
    struct buf *out, struct err *err);
/* ERR_DENIED if the store protects it (Object Lock) or may not be written; it
 * is not an error if it does not exist. */
int vault_remove(struct vault *v, const char *name, struct err *err);
/* Where Object Lock is configured, the store keeps that object from now on at
 * least as long as an object of a snapshot that is written now. */
int vault_keep(struct vault *v, const char *name, struct err *err);
/* The store's own time. */
int vault_now(struct vault *v, int64_t *seconds, struct err *err);
/* Whether the store can keep what the configuration promises: ERR_USAGE if
 * Object Lock is configured for a bucket that does not have it. A store that
 * does not let us ask is assumed to have it. */
int vault_check(struct vault *v, struct err *err);
/* Removes what dead runs left unfinished (temporary files, multipart uploads);
 * the number, or -1. */
int vault_tidy(struct vault *v, const struct vault_tidy *what, struct err *err);
/* Between the two, requests are sent even after a cancellation, so that no lock
 * and no half snapshot is left behind. They nest. */
void vault_cleanup_begin(struct vault *v);
void vault_cleanup_end(struct vault *v);

#endif
