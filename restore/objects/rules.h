/*
 * What is known of kinds, as data: which fields name other objects, what must
 * be ready before it is used, what fights a restore and how it is paused, and
 * what has its status restored. The configuration adds edges of its own.
 *
 * A pattern of a kind is "Kind" (any group), "Kind.group" or with '*' as any
 * run of characters; the core group is written "Kind.core".
 * A pattern of a pointer is a JSON pointer in which '*' stands for each item of
 * an array or each member of an object.
 */
#ifndef RESTORE_OBJECTS_RULES_H
#define RESTORE_OBJECTS_RULES_H

#include "restore/objects/edge.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* What stands at the pointer. */
enum rule_form {
	RULE_NAME,	   /* the name of an object of the same namespace */
	RULE_CLUSTER_NAME, /* the name of a cluster-scoped object */
	RULE_REF,	   /* an object: name, and perhaps namespace, kind,
			      apiVersion or apiGroup or group */
	RULE_PATH,	   /* "namespace/name" or "name" */
};

struct rule_edge {
	const char *system;  /* "workload", "flux"; "config" for the user's */
	const char *from;    /* pattern of a kind; "@pod": all with a pod spec,
				and then the pointer starts there */
	const char *pointer; /* pattern of a pointer */
	enum rule_form form;
	const char *to; /* "Kind.group"; for RULE_REF: used if the reference
			   does not say it */
	enum edge_strength strength;
	bool ready; /* what it names must be ready first */
};

/* How a controller reads its pause. */
enum rule_pause_read {
	RULE_PAUSE_TRUE,      /* that value alone */
	RULE_PAUSE_PARSED,    /* any word that Go's ParseBool reads as true */
	RULE_PAUSE_ANY_CASE,  /* that word in any case */
	RULE_PAUSE_NOT_FALSE, /* any word except those that ParseBool reads as
				 false */
	RULE_PAUSE_PRESENT,   /* any word, also one that denies it */
};

/* Where a PushSecret names the Secret that it pushes. */
#define RULES_PUSHED_SECRET "/spec/selector/secret/name"

/* A label of nodes that no node has. */
#define RULES_NO_NODE "backstay/held-until-release"

struct rule_pause {
	const char *system;
	const char *kind; /* pattern */
	const char
	    *where; /* a pointer at which something must exist, or NULL */
	/* A field, or a map in which `annotation` is set. On release the value
	 * before is restored; if there was none, ours is removed, never set to
	 * false. NULL: the kind has no pause, whatever later rules say. */
	const char *pointer;
	const char *annotation; /* NULL for a field */
	const char *value;	/* JSON text; NULL: true, or "true" */
	enum rule_pause_read read;
	/* Of a controller, which comes without replicas, or as a DaemonSet for
	 * no node, where the kinds that it acts on have no pause: what its
	 * image (pattern) and a label ("key=value") must be, or NULL. */
	const char *image;
	const char *label;
	const char *acts_on; /* pattern; only where such are restored */
};

struct rule_ready {
	const char *system;
	const char *kind;      /* pattern */
	const char *condition; /* in status.conditions: must be "True"; NULL:
				  nobody waits for it */
	bool runs_pods;	       /* needs running pods: not where none run */
};

struct rule_status {
	const char *system;
	const char *kind; /* pattern */
	const char
	    *where; /* a pointer at which something must exist, or NULL */
	bool never; /* it is not restored, whatever later rules say */
};

/* Kinds that come after all others because they may refuse or change what is
 * written after them; those of a lower tier first. */
struct rule_last {
	const char *system;
	const char *kind; /* pattern */
	int tier;	  /* from 1 */
};

/* Secrets that a controller reads when it starts, and makes anew where it finds
 * none: they are there before it, or it is held back. */
struct rule_key {
	const char *system;
	const char *label; /* that the Secret bears, or NULL */
	const char *name;  /* of the Secret, or NULL */
	const char *image; /* pattern: of the controller */
};

/* Kinds that moved to another group and kept their form. */
struct rule_renamed {
	const char *system;
	const char *kind;
	const char *from_group;
	const char *to_group;
};

/* Places that contain names of namespaces, besides those in references. */
struct rule_namespace {
	const char *system;
	const char *kind;    /* pattern */
	const char *pointer; /* of a string */
};

/* Objects that are run once. If a kind has rules here, they alone decide
 * whether it has finished; see finished.h for kinds that have none. */
struct rule_finished {
	const char *system;
	const char *kind;   /* pattern */
	const char *unless; /* a pointer at which something stands in what is
			       done again and again; or NULL */
	/* Either a condition that is "True", or a pointer to a text that is one
	 * of the words ("a|b", in any case; NULL: any text, or true). */
	const char *condition;
	const char *pointer;
	const char *words;
	bool never; /* it runs repeatedly, whatever its status says */
};

/* Objects that a controller makes again, or that describe one cluster alone. */
struct rule_derived {
	const char *system;
	const char *kind;   /* pattern */
	const char *label;  /* that it must bear, or NULL */
	const char *owner;  /* pattern of a kind that must own it, or NULL */
	const char *reason; /* why it is excluded; NULL: it is not */
};

/* The source that says how a system's controllers behave. */
struct rule_source {
	const char *system;
	const char *repository; /* of github.com */
	const char *path;
	const char *release; /* a tag, or where none was at hand, a shortened
				commit */
};

/* Each table ends with an item whose system is NULL. */
extern const struct rule_edge rules_edges[];
extern const struct rule_pause rules_pauses[];
extern const struct rule_ready rules_readies[];
extern const struct rule_status rules_statuses[];
extern const struct rule_last rules_lasts[];
extern const struct rule_key rules_keys[];
extern const struct rule_renamed rules_renamed[];
extern const struct rule_namespace rules_namespaces[];
extern const struct rule_finished rules_finished[];
extern const struct rule_derived rules_derived[];
extern const struct rule_source rules_sources[]; /* rules_sources.c */
enum { RULES_TIERS = 2 };			 /* of rules_lasts */

/* Whether a kind matches a pattern. `group` is "" for the core group. */
bool rules_kind_fits_all(
    const char *pattern, const char *group, const char *kind);
static inline bool rules_kind_fits(
    const char *pattern, const char *group, const char *kind)
{
	/* Asked for each object and rule: in most cases, the first character
	 * already differs. */
	return (*pattern == *kind || *pattern == '*' || *pattern == '?') &&
	       rules_kind_fits_all(pattern, group, kind);
}
/* Splits "Kind.group", "Kind.core" or "Kind" (no group) into both. The caller
 * frees the kind; the group is borrowed from the text: NULL if the text names
 * none, "" for core. */
char *rules_split_kind(const char *text, const char **group);
/* The rank of a kind: only decides the order within a level. */
int rules_rank(const char *group, const char *kind);
/* Where a kind keeps its pod spec, as a JSON pointer; NULL if it has none. */
const char *rules_pod_spec(const char *group, const char *kind);
/* Whether a system's rules are used; `without` may be NULL. */
bool rules_used(const struct strvec *without, const char *system);
/* Calls visit with each value that the pattern of a pointer matches. */
void rules_visit(struct json_object *object, const char *pointer,
    void (*visit)(void *ctx, struct json_object *value), void *ctx);
/* The containers of a workload, or NULL; and whether one of them is of such an
 * image (pattern). */
const struct json_object *rules_containers(const struct json_object *workload);
bool rules_run_image(const struct json_object *containers, const char *image);
/* Whether the pattern of a pointer matches a value; NULL: always. */
bool rules_has(struct json_object *object, const char *pointer);
bool rules_system_known(const char *system);
/* Checks a rule of the configuration: 0, or -1 with ERR_USAGE that names the
 * fault. */
int rules_check_edge(const struct rule_edge *rule, struct err *err);

#endif
