/*
 * The vaults that one snapshot is written to, and what became of each: one
 * that fails is out and told of, the others go on. Only the rest of this room
 * uses it.
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
	/* The newest snapshot there; NULL: none. */
	char *previous_label;
	char previous_sha256[DIGEST_SHA256_HEX];
	struct sink *sink; /* of the archive, while it is written */
	bool wrote;	   /* the archive is there, whole */
	bool committed;	   /* so is the snapshot */
	bool failed;
	struct err err;
};
VEC_DEFINE(destinations, struct destination);

void destinations_init(
    struct destinations *p, struct vault *const *vaults, size_t count);
void destinations_done(struct destinations *p);

void destination_fail(struct destination *p, const struct err *err);
/* 0 where some vault is still good; else the first one's error. */
int destinations_some_good(const struct destinations *p, struct err *err);

/* A new object of that name in every good place, written to all of them at
 * once. The sink is the caller's, borrows the places, and fails only when
 * every place has. */
struct sink *destinations_sink(
    struct destinations *p, const char *object, struct err *err);

#endif
