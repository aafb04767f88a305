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
#ifndef RESTORE_PLAN_H
#define RESTORE_PLAN_H

#include "restore/graph.h"
#include "restore/rules.h"
#include "restore/transform.h"
#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct kube_client;

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
	bool same_cluster; /* the operator said the target is the source */
};

/* All borrowed for the life of the plan. Zero or NULL is the default. */
struct plan_options {
	const char *snapshot; /* its name */
	const char *tree;     /* directory of the verified tree */
	/* CONTENTS.json, parsed; needed during plan_make only. NULL is
	 * refused: such a tree is no snapshot of ours. */
	const struct json_object *contents;
	const struct plan_cluster *clusters;
	size_t cluster_count;

	/* What to take: kinds of source (false: left out), and for each the
	 * name it is limited to (repository, bucket, namespace), or NULL. */
	bool without_git, without_terraform, without_kubernetes;
	const char *only_git, *only_terraform, *only_kubernetes;

	enum plan_existing existing;
	bool force_conflicts; /* update: take fields over from others */
	bool status;	      /* restore status of all kinds, not only ruled */
	bool derived;	      /* also Secrets that an ExternalSecret makes */
	const struct rule_edge *edges; /* restore.edges */
	size_t edge_count;
	const struct strvec *without_rules; /* systems not to be treated */
	const struct transform_options *transforms; /* patches and maps */
	const struct strvec *prune_namespaces;	    /* both needed to prune */
	const struct strvec *prune_kinds; /* "Deployment.apps", "Secret" */
	bool hold;			  /* leave controllers paused */
	const struct clock *clock;
	const struct cancel *cancel;
};

enum plan_node_kind { PLAN_GIT, PLAN_STATE, PLAN_KUBE, PLAN_BARRIER };

enum plan_action {
	PLAN_APPLY,
	PLAN_LEAVE,  /* left out on purpose; reason says why */
	PLAN_CANNOT, /* cannot be restored here; reason says why */
};

struct plan_kind; /* group, version, kind, resource: plan_kind.h */

struct plan_node {
	enum plan_node_kind kind;
	enum plan_action action;
	char *reason;
	char *key;  /* unique, stable: "kubernetes:prod:apps/Deployment:ns/n" */
	char *path; /* below the tree; a directory for a repository */
	char *name; /* of the repository ("team/web"), bucket/key, object */
	char *facts; /* of PLAN_STATE and PLAN_GIT: JSON, or NULL */
	const struct plan_kind *k; /* of PLAN_KUBE */
	const char *namespace;	   /* in the target; NULL: cluster-scoped */
	uint16_t cluster;	   /* index into the options' clusters */
	int8_t pause;		   /* index of its pause rule, or -1 */
	bool wanted_uid;	   /* somebody's owner */
	bool with_status;
	/* What the target has, where it was asked. */
	bool exists;
	char *live_uid;
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
	struct strvec warnings; /* broken cycles, references outside, ... */
	struct plan_private *private;
};

/* Reads the tree, and the clusters that have a client. NULL and the error
 * where the restore is refused. */
struct plan *plan_make(const struct plan_options *o, struct err *err);
void plan_free(struct plan *p); /* takes NULL */
void plan_freep(struct plan **p);

/* For people, "kind namespace/name" with what goes before; appended. */
void plan_describe(
    const struct plan *p, const struct plan_node *n, struct buf *out);
void plan_print_table(const struct plan *p, struct buf *out);
void plan_print_json(const struct plan *p, struct buf *out);
/* Nodes that will be applied, and that cannot be. */
size_t plan_count(const struct plan *p, enum plan_action action);

#endif
