/*
 * Where snapshots rest: a flat set of named objects that are written once.
 * What the names mean is snapshot.h's; this knows only bytes, and refuses to
 * overwrite.
 */
#ifndef STORAGE_VAULT_VAULT_H
#define STORAGE_VAULT_VAULT_H

#include "storage/base/buf.h"
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
/* What the store says of one object that it was asked for by name. */
struct vault_stat {
	uint64_t bytes;
	int64_t stored_at; /* as above */
};

/* Whether what went wrong is that there is no room. */
bool vault_is_full(const struct err *err);

void vault_items_done(struct vault_items *v);

/* How long the store itself keeps an object from being deleted. */
enum vault_retain { VAULT_RETAIN_NONE, VAULT_RETAIN_SNAPSHOT };

/* What of a vault's unfinished objects is to be removed. */
struct vault_tidy {
	const char *prefix; /* of the names of the objects in the making */
	/* Whether one of them, by its name, is meant; ctx is the caller's. */
	bool (*meant)(void *ctx, const char *name);
	void *ctx;
	int64_t older_than_s; /* by the store's clock */
};

struct vault_ops {
	struct sink *(*put)(struct vault *v, const char *name, struct err *err);
	int (*put_small)(struct vault *v, const char *name, const void *data,
	    size_t len, enum vault_retain retain, struct err *err);
	int (*list)(struct vault *v, const char *prefix,
	    struct vault_items *out, struct err *err);
	struct source *(*get)(struct vault *v, const char *name,
	    uint64_t offset, struct err *err);
	/* NULL where nothing is fetched before it is read. */
	struct source *(*get_range)(struct vault *v, const char *name,
	    uint64_t offset, uint64_t len, struct err *err);
	int (*stat)(struct vault *v, const char *name, struct vault_stat *out,
	    struct err *err);
	int (*remove)(struct vault *v, const char *name, struct err *err);
	int (*now)(struct vault *v, int64_t *seconds, struct err *err);
	/* NULL where nothing is promised but what the others do. */
	int (*check)(struct vault *v, struct err *err);
	int (*tidy)(
	    struct vault *v, const struct vault_tidy *what, struct err *err);
	/* NULL where a request to stop does not reach what is asked of it. */
	void (*cleaning)(struct vault *v, bool begins);
	void (*release)(struct vault *v);
};

struct vault {
	const struct vault_ops *ops;
	char *description; /* "directory '/var/lib/backstay'", "s3://…" */
	char *name;	   /* in the configuration; "" before it is set */
	char *id;	   /* of its mark; NULL: not known */
	char *state_dir;   /* where this machine remembers; NULL: nowhere */
	/* What tells the file system that a directory lies on from another,
	 * after a new start of the machine too; NULL where it is none. */
	char *file_system;
	/* Whether one pass over an object for its digest and another for its
	 * content is cheap: a directory is read twice, a bucket is not. */
	int reads_are_cheap;
};

void vault_free(struct vault *v); /* takes NULL */
void vault_freep(struct vault **v);
const char *vault_describe(const struct vault *v);
/* What manifests call it by. */
void vault_set_name(struct vault *v, const char *name);
const char *vault_name(const struct vault *v);
void vault_set_id(struct vault *v, const char *id);
void vault_set_memory(struct vault *v, const char *state_dir);

/* A new object, streamed; there once finish returned 0, durably and whole, and
 * never in part. ERR_EXISTS (from put or from finish) where it is there
 * already. Objects of snapshots: kept by Object Lock where that is set up. */
struct sink *vault_put(struct vault *v, const char *name, struct err *err);
/* A new small object in one step; of two that try at once, one gets
 * ERR_EXISTS. */
int vault_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err);
/* All objects whose name starts with prefix, sorted by name by bytes, each once
 * however often the store names it. Either the whole list or an error; a store
 * may still leave out what is there, and name what is not: what cannot be
 * undone asks vault_stat. */
int vault_list(struct vault *v, const char *prefix, struct vault_items *out,
    struct err *err);
/* The same of the whole vault, with names that none of ours can have: of any
 * bytes, to be counted and printed with care. */
int vault_list_all(struct vault *v, struct vault_items *out, struct err *err);
/* Asks the store for that one object; ERR_NOT_FOUND, ERR_FORMAT for what is no
 * plain object (a link, a directory). */
int vault_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err);
/* From offset on; ERR_NOT_FOUND. */
struct source *vault_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err);
/* `len` bytes (at least one) from offset on, and no more than those are
 * fetched; it ends early where the object does. */
struct source *vault_get_range(struct vault *v, const char *name,
    uint64_t offset, uint64_t len, struct err *err);
/* Appends the whole object; ERR_FORMAT where it is over max_bytes. */
int vault_read(struct vault *v, const char *name, size_t max_bytes,
    struct buf *out, struct err *err);
/* ERR_DENIED where the store keeps it (Object Lock) or may not be written;
 * what is not there is no error. */
int vault_remove(struct vault *v, const char *name, struct err *err);
/* The store's own time. */
int vault_now(struct vault *v, int64_t *seconds, struct err *err);
/* Whether the store can keep what the configuration promises of it: ERR_USAGE
 * where Object Lock is asked of a bucket that has none. One that does not let
 * us know is believed. */
int vault_check(struct vault *v, struct err *err);
/* Removes what dead runs left unfinished (temporary files, multipart uploads);
 * their number, or -1. */
int vault_tidy(struct vault *v, const struct vault_tidy *what, struct err *err);
/* What is asked of it between the two is done although the run was told to
 * stop: a lock or half a snapshot is not left behind for that. They nest. */
void vault_cleanup_begin(struct vault *v);
void vault_cleanup_end(struct vault *v);

#endif
