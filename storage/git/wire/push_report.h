/*
 * The server's report on a push (gitprotocol-pack(5), "Report Status"): whether
 * it unpacked, and what became of each ref. Pure: fed with pkt-lines.
 */
#ifndef STORAGE_GIT_WIRE_PUSH_REPORT_H
#define STORAGE_GIT_WIRE_PUSH_REPORT_H

#include "storage/base/str.h"
#include "storage/git/wire/pktline.h"

#include <stdbool.h>

struct push_report {
	bool sideband; /* it comes in side bands */
	struct pktline_reader inner;
	bool unpacked;
	char *unpack_error;  /* NULL: none */
	struct strvec ok;    /* names */
	struct strvec ng;    /* "name reason" */
	struct buf messages; /* for people, from hooks; as they came */
	bool ended;
};
void push_report_init(struct push_report *r, bool sideband);
void push_report_done(struct push_report *r);

/* A pkt_fn: ctx is a struct push_report. */
int push_report_on_pkt(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err);

/* Whether that ref was accepted; else why not (borrowed, then never NULL). */
bool push_report_of(
    const struct push_report *r, const char *name, const char **reason);

#endif
