/*
 * What the parts of the closure share.
 */
#ifndef AGENT_CLOSURE_CLOSURE_ROOM_H
#define AGENT_CLOSURE_CLOSURE_ROOM_H

#include "agent/closure/closure.h"
#include "storage/base/digest.h"
#include "storage/crypto/openpgp.h"
#include "storage/crypto/sealing.h"
#include "storage/gitops/sops.h"

#include <pthread.h>
#include <stdint.h>

/* An object that another one needs. */
struct closure_need {
	char *target; /* "cluster\nsecrets\nns/name" */
	char *by;
};

/* What a controller says that it runs, or is to run, or a submodule pins. */
struct closure_revision {
	char *url;
	char *repository; /* the name that all URLs of it share */
	char *name;	  /* an id in hexadecimal, or a ref, or how one ends */
	char *by;
	bool runs;
	bool pins; /* as a submodule */
	/* A range of versions, perhaps, which no ref is named by: what it runs
	 * is the one that counts. */
	bool unclear;
	/* Of an object that another machine captures, and judges: only to be
	 * searched for documents. */
	bool heard;
	bool searched; /* a mirror of that repository was captured */
	bool there;
};
VEC_DEFINE(closure_revisions, struct closure_revision);

VEC_DEFINE(sealing_keys, struct sealing_key *);

/* An object that was captured: the beginning of the SHA-256 of its target,
 * since a large cluster has many. */
struct closure_present {
	uint8_t digest[16];
};

/* An encrypted one in Git: by SOPS, a SealedSecret, or both. */
struct closure_document {
	char *by; /* its file, and the revision of that, unless it is HEAD */
	size_t file_len; /* of `by`: what is the file */
	bool sops;
	struct sops_keys keys;
	size_t needed; /* groups of them */
	/* Of a SealedSecret, as it has them; else NULL. */
	char *ns, *name, *value;
	bool cluster_wide, namespace_wide;
};
VEC_DEFINE(closure_documents, struct closure_document);

/* What a .gitmodules names, whatever is pinned of it. */
struct closure_submodule {
	char *repository; /* that has it */
	char *url;	  /* as git reads it: not relative */
	char *at;	  /* the revision; NULL: HEAD */
};
VEC_DEFINE(closure_submodules, struct closure_submodule);

/* A SealedSecret of another part, none of whose captured keys opens it. */
struct closure_sealed {
	char *by, *name;
	char *key;    /* the id of one that does, and is not of that part */
	size_t tried; /* how many that part had */
	bool asked;   /* and those of the others' clusters were tried, too */
};

/* A mirror whose objects are handed on, or were (closure_part.h). */
struct closure_part_mirror {
	char *repository; /* repository_name of it */
	uint64_t objects, refs;
};

struct closure {
	pthread_mutex_t lock;
	pthread_mutex_t reading; /* held by the one that reads a mirror */
	struct strvec read; /* names of mirrors whose documents are there */
	struct closure_documents documents;
	struct closure_submodules submodules;
	struct strvec sources; /* repository_name of each */
	struct found found;
	VEC_DEFINE(, struct closure_present) present;
	struct digest *digest; /* of what is present */
	struct strvec namespaces;
	VEC_DEFINE(, struct closure_need) needs;
	struct closure_revisions revisions;
	struct strvec age; /* recipients whose identities were captured */
	struct sealing_keys sealing;
	struct openpgp_keys pgp; /* whose secrets were captured */
	/* Of clusters that other machines capture. */
	struct sealing_keys heard_sealing;
	struct strvec heard_namespaces;
	bool unasked; /* some of these could not be asked */
	/* Of several parts: ids of all captured sealing keys. */
	VEC_DEFINE(, struct closure_sealed) sealed;
	struct strvec sealing_ids;
	VEC_DEFINE(, struct closure_part_mirror) mirrors;
	struct closure_lacks lacks;
};

void closure_lack(struct closure *c, bool outside, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What a controller runs of a repository. False, and nothing is kept, where
 * `id` is no id of a commit. */
bool closure_revision(
    struct closure *c, const char *url, const char *id, const char *by);
/* What one names; the revision is there until the next is added. */
struct closure_revision *closure_named(
    struct closure *c, const char *url, const char *name, const char *by);
/* Whether it is the id of an object, in hexadecimal. */
bool closure_is_id(const char *name);
/* The first by its bytes, of at least one. */
const char *closure_least(const struct strvec *v);
/* How an object is known; the caller frees. */
char *closure_target(
    const char *cluster, const char *key, const char *ns, const char *name);
void closure_need(struct closure *c, const char *cluster, const char *key,
    const char *ns, const char *name, const char *by);
/* Keeps what a captured Secret holds of keys. Most hold none, which their text
 * tells without being parsed. */
bool closure_may_hold_key(const char *text, size_t len);
struct json_object;
void closure_keep_keys(struct closure *c, const struct json_object *secret);
/* The sealing keys alone, of a Secret that another machine captures. */
void closure_hear_keys(struct closure *c, const struct json_object *secret);
/* What such an object says; `key` is that of its resource. */
void closure_hear(struct closure *c, const char *cluster, const char *key,
    const char *ns, const char *name, const struct json_object *object);

/* Keeps what tells who reads a document in Git, if it is encrypted. `by` is its
 * file. */
void closure_keep_document(struct closure_documents *to,
    const struct yaml_node *document, const char *by);
/* The same of a file of lines. */
void closure_keep_lines(
    struct closure_documents *to, const char *text, size_t len, const char *by);
/* Moves what was found at revisions to the others, but for a file that says the
 * same there as they do. */
void closure_add_documents(
    struct closure_documents *to, struct closure_documents *found);
void closure_documents_done(struct closure_documents *d);
/* A submodule of the mirror, at a revision, or at HEAD (NULL): where it is, and
 * what is pinned of it, each once, which `pinned` keeps track of. */
struct object_links;
struct submodule;
void closure_keep_submodule(struct closure *c, const struct closure_mirror *m,
    const char *at, const struct submodule *s, struct object_links *pinned);
/* Those of HEAD and of revisions. */
int closure_search_submodules(struct closure *c, const struct closure_mirror *m,
    const struct strvec *revisions, const struct cancel *cancel,
    struct err *err);
void closure_submodules_done(struct closure_submodules *s);
/* Whether they are sources. */
void closure_judge_submodules(struct closure *c);
/* Counts the LFS objects that files stand for, at HEAD and at revisions, and
 * that were not captured. */
int closure_search_lfs(struct closure *c, const struct closure_mirror *m,
    const struct strvec *revisions, const struct cancel *cancel,
    struct err *err);

/* Whether captured keys are enough for one that SOPS encrypted, or open one
 * that is sealed. */
bool closure_reads(const struct closure *c, const struct closure_document *d);
bool closure_opens(const struct closure *c, const struct closure_document *d);
/* The same of keys that other machines capture: the one that does, or NULL. */
const struct sealing_key *closure_heard_key(
    const struct closure *c, const struct closure_document *d);
/* Whether captured keys read them. */
void closure_judge_documents(struct closure *c);
/* What objects need of their own cluster, and of the configuration. */
void closure_judge_own(struct closure *c);

#endif
