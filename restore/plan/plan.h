/*
 * What a restore will do, in order, before anything is written: a node for
 * each repository, state object and Kubernetes object of a verified tree, its
 * level, and what it needs. A plan keeps facts, not objects: each file is read
 * once to plan and once to apply.
 *
 * A plan that cannot be carried out as asked (a transform that does not
 * apply, an unknown rule, a cycle of namespaces, the source cluster as target)
 * is refused as a whole, with one line.
 */
#ifndef RESTORE_PLAN_PLAN_H
#define RESTORE_PLAN_PLAN_H

#include "restore/objects/renamed.h"
#include "restore/objects/ruleset.h"
#include "restore/objects/transform.h"
#include "restore/plan/graph.h"
#include "storage/archive/layers.h"
#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/texts.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index;
struct json_object;
struct kube_api;
struct kube_client;
struct layer_census;
struct tree;

/* What to do with an object that is there already. */
enum plan_existing {
	PLAN_EXISTING_SKIP,
	PLAN_EXISTING_UPDATE, /* server-side apply; conflicts are named */
	PLAN_EXISTING_RECREATE,
};

/* Where one cluster of the snapshot goes; all borrowed. */
struct plan_cluster {
	const char *name;	    /* in the snapshot */
	struct kube_client *client; /* NULL: planned without asking it */
	/* The source's kube-system UID from the manifest, or NULL. */
	const char *source_uid;
	/* Its part of the manifest, which says what was captured; or NULL. */
	const struct json_object *summary;
	bool same_cluster; /* the operator said the target is the source */
};

/* All borrowed for the life of the plan. Zero or NULL is the default. */
struct plan_options {
	const char *snapshot; /* its name */
	bool partial;	      /* it is; then nothing can be pruned by it */
	const struct tree *tree;
	const struct plan_cluster *clusters;
	size_t cluster_count;

	/* What to restore: which kinds of source are left out, and the names
	 * that each of the others is limited to (repositories; buckets and
	 * BUCKET/KEY; namespaces, CLUSTER/ and CLUSTER/NAMESPACE); empty or
	 * NULL: all. */
	bool without_git, without_terraform, without_kubernetes;
	const struct strvec *only_git, *only_terraform, *only_kubernetes;

	enum plan_existing existing;
	bool take_fields; /* update: take fields over from others */
	bool status;	  /* restore status of all kinds, not only ruled */
	bool derived;	  /* also what a controller makes again */
	bool finished;	  /* also what has ended, and runs again */
	const struct rule_edge *edges; /* restore.edges */
	size_t edge_count;
	const struct ruleset *rules;		    /* in force */
	const struct transform_options *transforms; /* patches and maps */
	const struct strvec *prune_namespaces;	    /* both needed to prune */
	const struct strvec *prune_kinds; /* "Deployment.apps", "Secret" */
	const struct layers *layers;	  /* NULL: none */
	const struct strvec *only_layers; /* names; empty or NULL: all */
	bool hold;			  /* leave controllers paused */
	struct renamed_vec *renamed; /* repositories; takes what names them */
	const struct clock *clock;
	const struct cancel *cancel;
};

/* Whether a controller may act on an object before it is whole. */
enum plan_held {
	PLAN_HELD_NOT, /* nothing says that it should be held */
	PLAN_HELD_PAUSED,
	PLAN_HELD_BY_REPLICAS,	/* a controller that comes without replicas */
	PLAN_HELD_STARTED_ANEW, /* what ran when it was captured */
	PLAN_HELD_BEGUN,	/* what had not begun when it was captured */
	/* Its status lists what it owns, but is written after it. */
	PLAN_HELD_UNPROTECTED,
};

/* How an object goes into a copy beside a living platform: what controllers act
 * upon is not really made there. */
enum plan_copy {
	PLAN_COPY_NOT,	/* as it is: this is no such copy */
	PLAN_COPY_BARE, /* made, without what controllers select by */
	PLAN_COPY_DRY	/* sent as a dry run alone */
};

enum plan_node_kind { PLAN_GIT, PLAN_STATE, PLAN_KUBE, PLAN_BARRIER };

enum plan_action {
	PLAN_APPLY,
	PLAN_EXCLUDE, /* left out on purpose; reason says why */
	PLAN_CANNOT,  /* cannot be restored here; reason says why */
};

/* A kind as the snapshot has it, and as the target will. */
struct plan_kind {
	uint16_t cluster; /* index into the options' clusters */
	char *group;
	char *kind;
	char *from_version; /* of the objects in the snapshot */
	char *api_version;  /* "apps/v1", in the target */
	char *resource;	    /* plural */
	bool namespaced;
	bool has_status; /* has the subresource */
	bool served;	 /* by the target, now */
	bool defined;	 /* by a definition in the snapshot */
	bool asked;	 /* the target's objects of this kind were listed */
	int16_t rank;
	int tier; /* of rules_lasts, 0: none */
};

struct plan_node {
	char *reason;
	const char *path; /* in the tree; a directory for a repository */
	/* Of the repository ("team/web"), bucket/key, object; kept by the plan,
	 * as a part of the name in the graph. */
	const char *name;
	/* What it was read from; of a Namespace whose UID the snapshot has: its
	 * name there. */
	char *source;
	/* What capture noted beside the bytes; NULL where it did not. An
	 * object; of a Service the array of the node ports that somebody chose.
	 * Shared. */
	struct json_object *facts;
	const struct plan_kind *k; /* of PLAN_KUBE */
	const char *namespace;	   /* in the target; NULL: cluster-scoped */
	const char *acts_on;	   /* of a controller: pattern of kinds */
	/* What the target has, where it was asked; live_uid becomes that of
	 * what was made, too (names_set_live_uid). */
	const char *live_uid;
	/* There are as many nodes as objects: small ones stand together. */
	enum plan_node_kind kind : 8;
	enum plan_action action : 8;
	enum plan_held held : 8;
	enum plan_copy copy : 8; /* set by who carries the plan out */
	uint16_t cluster;	 /* index into the options' clusters */
	uint16_t layer; /* index into the options' layers, or their count */
	bool exists;
	bool fixed_address; /* of a Service: somebody chose its clusterIP */
	bool at_work;	    /* of a controller: the target runs it already */
	bool knows;	 /* its status, written after it, lists what it owns */
	bool with_owned; /* left out, and what it owns with it */
	bool wanted_uid; /* somebody's owner */
	bool volume_restored;  /* of a claim */
	bool namespace_is_new; /* it is not there, or terminates */
	bool meets; /* a node of another cluster writes the same object */
	/* Not selected, but needed by what is: created if it is missing, and
	 * left alone if it exists. */
	bool companion;
	/* What the target had goes, or will go with its owner, and nothing has
	 * taken its place: what is given this owner now would go with it. */
	bool terminating;
	/* The layers after its own wait until it is ready. */
	bool awaited;
};

/* An object of the target that is not in the snapshot and will be deleted. */
struct plan_prune {
	const struct plan_kind *k;
	char *namespace;
	char *name;
	char *uid;
	uint16_t cluster;
};

struct plan {
	const struct plan_options *options;
	VEC_DEFINE(, struct plan_node) nodes; /* as in graph.nodes */
	struct graph graph;
	VEC_DEFINE(, struct plan_prune) prune;
	struct strvec warnings; /* broken cycles, versions, refused lists */
	/* Which of the names it is limited to were there: "git:NAME". */
	struct strvec found;
	/* What it may be limited to, a state by its bucket alone. */
	struct strvec offered;
	VEC_DEFINE(, struct plan_kind *) kinds;
	struct transform *transform;
	struct index *names;	/* of nodes, see names.h */
	struct texts live_uids; /* that are not those in names */
	pthread_mutex_t live_uids_lock;
	struct strvec texts; /* of nodes that are no objects: names, paths */
	struct json_object *no_ports;	 /* facts of most Services; or NULL */
	VEC_DEFINE(, char *) namespaces; /* owned, each once */
	struct layer_census *census;	 /* of its layers; NULL: none */
	struct kube_api *apis; /* what each cluster served at planning */
	char digest[65];       /* of what is planned, for the journal */
};

/* Reads the tree, and the clusters that have a client. NULL and the error
 * where the restore is refused. */
struct plan *plan_make(const struct plan_options *o, struct err *err);
void plan_free(struct plan *p); /* takes NULL */
void plan_freep(struct plan **p);

/* Whether deleting an object of that kind would also delete what is not in the
 * snapshot: other objects, or what is stored elsewhere. */
bool plan_holds_others(const char *group, const char *kind);
/* What to do with it where it is there already. What holds others is updated
 * where all are to be recreated. */
enum plan_existing plan_existing_of(
    const struct plan *p, const struct plan_node *n);
/* Whether nothing of it will be written. */
bool plan_is_left_alone(const struct plan *p, const struct plan_node *n);
/* Nodes that will be applied, and that cannot be. */
size_t plan_count(const struct plan *p, enum plan_action action);

#endif
