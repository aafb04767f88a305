/*
 * The first answer of a Git server: its protocol version, capabilities and, in
 * versions 0 and 1, its refs (gitprotocol-pack(5)); and the answer to version
 * 2's ls-refs (gitprotocol-v2(5)). Pure: fed with pkt-lines.
 */
#ifndef STORAGE_GIT_WIRE_ADVERT_H
#define STORAGE_GIT_WIRE_ADVERT_H

#include "storage/base/str.h"
#include "storage/git/repo/refs.h"
#include "storage/git/wire/pktline.h"

#include <stdbool.h>

struct advert {
	int version; /* 0, 1 or 2 */
	enum git_hash hash;
	struct strvec caps;	/* "name" or "name=value" */
	struct git_refvec refs; /* without HEAD and peeled tags; unsorted */
	struct strvec
	    odd; /* names that the server offers but that no ref may have */
	bool has_head;
	uint8_t head_id[GIT_ID_LEN];
	char *head_target; /* what HEAD names, if the server says it */
	bool shallow;	   /* the server's history is cut off */
	/* Reading state. */
	bool announced; /* "# service=" was there, its flush is awaited */
	bool listed;	/* the first ref, with capabilities, was read */
};
#define ADVERT_INIT                                                            \
	{                                                                      \
		.version = 0                                                   \
	}
void advert_done(struct advert *a);

/* Each is a pkt_fn: ctx is a struct advert. They return 1 at the end. */
int advert_on_pkt(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err);
int advert_on_ls_refs(void *ctx, enum pktline_kind kind, const char *data,
    size_t len, struct err *err);

/* The value of a capability ("" where it has none), or NULL. */
const char *advert_cap(const struct advert *a, const char *name);
/* Whether the value of a capability contains that word. */
bool advert_cap_has(const struct advert *a, const char *name, const char *word);

#endif
