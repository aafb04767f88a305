/*
 * Whether a snapshot can be used alone: what its objects and documents point to
 * is in it, outside of it, or nowhere. It is told each object that the capture
 * of a cluster has put into the archive, then searches the mirrors, and judges
 * at the end:
 *
 *   - revisions that Argo CD and Flux run, against the mirrors
 *   - repositories and buckets of state that objects name, against the sources
 *   - Secrets and ConfigMaps that HelmReleases and Kustomizations take values
 *     or keys from, and pull Secrets of workloads, against those captured
 *   - repositories that submodules name, against the sources, the commits that
 *     are pinned of these, against the mirrors, and LFS objects that files
 *     stand for, against those captured
 *   - documents that SOPS encrypted, and SealedSecrets, in the mirrors, against
 *     the keys among the captured Secrets
 *
 * Of keys it keeps what proves that they are there, no longer than it lives,
 * and nothing of them is in what it finds. Safe from several threads until it
 * judges.
 */
#ifndef AGENT_CLOSURE_CLOSURE_H
#define AGENT_CLOSURE_CLOSURE_H

#include "agent/discover/found.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/kube/select.h"

#include <stdbool.h>
#include <stddef.h>

struct clock;
struct closure;
struct yaml_node;

struct closure *closure_new(void);
void closure_free(struct closure *c); /* takes NULL */
void closure_freep(struct closure **c);

/* An object as it is in the archive; `key` is that of its resource. */
void closure_note_object(struct closure *c, const char *cluster,
    const char *key, const char *ns, const char *name, const char *text,
    size_t len);

/* What the objects name of repositories and buckets: for the caller to hold
 * against the sources. */
struct found *closure_found(struct closure *c);

/* A repository that is a source, whichever machine captures it: what submodules
 * name is held against these. */
void closure_source(struct closure *c, const char *url);

/* A cluster whose objects another machine captures, and what that captures of
 * it: nothing else is heard. */
struct closure_asked {
	const char *name;
	const struct strvec *namespaces, *exclude; /* names and globs */
	const char *namespace_labels, *labels;	   /* selectors, or NULL */
	struct kube_selection selection;
	const struct clock *clock;
};
/* Asks it, before the mirrors are searched, for what that needs: the revisions
 * that its objects name and run, whose documents are then read, too, and the
 * sealing keys, which are tried and never handed on. Where it fails,
 * closure_unasked is to be called. */
struct kube_client;
int closure_ask(struct closure *c, struct kube_client *client,
    const struct closure_asked *cluster, struct err *err);
/* One did not answer: which of its keys open what is not known. */
void closure_unasked(struct closure *c);

/* A mirror that was captured. */
struct closure_mirror {
	const char *dir;
	const char *name, *url; /* of the repository */
	/* A file that remembers the directories in which nothing is encrypted
	 * (agent/discover/quiet.h): they are not read again. */
	const char *memory;
	/* Likewise, where no file stands for an LFS object. */
	const char *lfs_memory;
	bool lfs;    /* LFS objects were captured, too */
	bool locked; /* by the caller (storage/git/mirror/mirror.h) */
};
/* Reads its documents, which needs no object: beside the captures, if somebody
 * has the time, or else as a part of the search. Safe from several threads. -1
 * as for that, which then tries again. */
struct cancel;
int closure_read(struct closure *c, const struct closure_mirror *m,
    const struct cancel *cancel, struct err *err);
/* All objects are known. -1 only with ERR_CANCELLED, or where the mirror cannot
 * be read. */
int closure_search(struct closure *c, const struct closure_mirror *m,
    const struct cancel *cancel, struct err *err);
/* Once all were searched: what submodules pin of it. -1 as above. */
int closure_search_pins(
    struct closure *c, const struct closure_mirror *m, struct err *err);

/* What the snapshot lacks. */
struct closure_lack {
	bool outside; /* of the snapshot; else it is nowhere to be seen */
	char *what;   /* a line: what, and what points to it */
};
VEC_DEFINE(closure_lacks, struct closure_lack);
void closure_lacks_done(struct closure_lacks *l);
/* Sorted, each once. */
void closure_judge(struct closure *c, struct closure_lacks *out);

#endif
