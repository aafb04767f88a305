/*
 * How far the clocks of a vault and of this machine differ. Labels, locks and
 * retention compare times that different machines wrote, so nothing is written
 * or pruned if the two differ by more than SKEW_MAX_S.
 */
#ifndef STORAGE_VAULT_SKEW_H
#define STORAGE_VAULT_SKEW_H

#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

enum { SKEW_MAX_S = 5 * 60 };

/* Seconds by which the vault's clock is ahead of ours. -1 if the vault does not
 * tell its time. */
int skew_measure(
    struct vault *v, const struct clock *c, int64_t *skew_s, struct err *err);

/* ERR_SYSTEM if that is too much; the message names the consequence: "snapshots
 * would be out of order". */
int skew_check(const struct vault *v, int64_t skew_s, const char *consequence,
    struct err *err);

/* Whether that time, in seconds, is further ahead of our clock than clocks may
 * differ. */
bool skew_in_future(const struct clock *c, int64_t time);

/* How many seconds ago it was at `now`; 0 for what lies ahead. */
int64_t skew_age(int64_t now, int64_t time);

#endif
