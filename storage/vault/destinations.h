/*
 * The vaults that one snapshot is written to, and the state of each: one that
 * fails is left out and reported, the others go on. Within this room alone.
 */
#ifndef STORAGE_VAULT_DESTINATIONS_H
#define STORAGE_VAULT_DESTINATIONS_H

#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/base/vec.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stddef.h>

struct destination {
	struct vault *vault; /* borrowed */
	/* The newest snapshot in it; NULL: none. */
	char *previous_label;
	char previous_sha256[DIGEST_SHA256_HEX];
	struct sink *sink; /* of the archive, while it is written */
	bool wrote;	   /* the archive is in it, complete */
	bool committed;	   /* and so is the snapshot */
	bool failed;
	struct err err;
};
VEC_DEFINE(destinations, struct destination);

void destinations_init(
    struct destinations *p, struct vault *const *vaults, size_t count);
void destinations_done(struct destinations *p);

void destination_fail(struct destination *p, const struct err *err);
/* 0 if some vault still works; else the first one's error. */
int destinations_some_good(const struct destinations *p, struct err *err);

/* A new object of that name in every vault that still works, written to all of
 * them at once. The caller owns the sink, which borrows the destinations and
 * fails only when every one of them has. */
struct sink *destinations_sink(
    struct destinations *p, const char *object, struct err *err);

#endif
