/*
 * A snapshot held against what lives: each thing that is found alive meets its
 * entry, and what no living thing met is gone. Content is read only of what is
 * not the same to the byte. Differences are printed as they are found.
 */
#ifndef RESTORE_MEETING_H
#define RESTORE_MEETING_H

#include "restore/browse.h"
#include "restore/differences.h"
#include "restore/indexed.h"
#include "storage/archive/layout.h"
#include "storage/archive/pathset.h"

#include <pthread.h>

/* What could not be looked at alive, so that nothing of it counts as gone. All
 * owned. */
struct meeting_unseen {
	char *prefix;	     /* of the paths in the archive */
	char *resource;	     /* of objects, "secrets"; NULL: all */
	char *ns;	     /* of objects; NULL: all */
	char *what, *reason; /* for people */
};
VEC_DEFINE(meeting_unseen_vec, struct meeting_unseen);

struct meeting {
	struct browse browse; /* into the snapshot */
	struct exclude_options exclude;
	const struct strvec *only; /* things; empty: all */
	/* Paths of the archive, of which alone anything is compared; NULL:
	 * all. Borrowed. */
	const struct pathset *paths;
	struct differences found;
	struct indexed_vec known; /* of the kind that is being compared */
	bool new_uids; /* what is alive was made out of the snapshot */
	bool bare; /* and without labels, annotations, finalizers and owners */
	/* Beginnings of paths whose server is of another version than that of
	 * the snapshot: what that alone changes is no difference. Borrowed. */
	const struct strvec *other_servers;
	struct pathset added; /* a list that starts again repeats them */
	struct meeting_unseen_vec unseen;
	pthread_mutex_t lock; /* of all of it */
};

void meeting_init(struct meeting *m);
void meeting_done(struct meeting *m);

/* Whether anything of that kind of source ("git") may be meant by `only`. */
bool meeting_wants(const struct meeting *m, const char *kind);
/* Notes the snapshot's entries of a kind, of which the ones alive come next;
 * `also` is given each of them, and may be NULL: the index is long, and is read
 * once for both. */
struct meeting_also {
	int (*entry)(
	    void *ctx, const struct contents_entry *e, struct err *err);
	void *ctx;
};
int meeting_begin(struct meeting *m, enum layout_kind kind,
    const struct meeting_also *also, struct err *err);
/* Something that is alive: a path, the digest of the content, and facts as the
 * archive would have them. `load` makes the version that is compared, from what
 * lives, only where the content differs. Safe from many threads. */
struct meeting_load {
	int (*load)(void *ctx, const struct contents_entry *e,
	    struct version *out, struct err *err);
	void *ctx;
	const struct differences_notes *notes; /* or NULL */
	/* As `ask` of list_schemas; or NULL. */
	struct json_object *(*schema)(void *ctx, const char *api_version);
};
int meeting_live(struct meeting *m, const struct contents_entry *e,
    const struct meeting_load *load, struct err *err);
/* Whether the snapshot has that entry. Safe from many threads. */
bool meeting_has(struct meeting *m, const char *path);
/* The last of the kind was met. */
int meeting_end(struct meeting *m, enum layout_kind kind, struct err *err);

/* Copies; resource and ns as above. Safe from many threads. */
void meeting_not_seen(struct meeting *m, const char *prefix,
    const char *resource, const char *ns, const char *what,
    const struct err *why);

/* Whether that was said of `what`. */
bool meeting_is_unseen(const struct meeting *m, const char *what);

#endif
