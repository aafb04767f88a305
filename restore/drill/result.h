/*
 * What a drill found, for people and for programs.
 */
#ifndef RESTORE_DRILL_RESULT_H
#define RESTORE_DRILL_RESULT_H

#include "restore/run/report.h"
#include "storage/base/buf.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* In the order in which they run. */
enum result_phase {
	RESULT_START, /* of the control planes */
	RESULT_VERIFY,
	RESULT_PLAN,
	RESULT_RESTORE,
	RESULT_COMPARE,
	RESULT_REMOVE, /* of what was made beside others */
	RESULT_PHASES
};
const char *result_phase_name(enum result_phase phase);

/* Where cluster objects went. */
enum result_place {
	RESULT_NOWHERE,	      /* left out, or there are none */
	RESULT_CONTROL_PLANE, /* each cluster into one of its own */
	RESULT_PREFIX, /* into namespaces made in a given cluster, the rest
			  as a dry run */
	RESULT_SERVER  /* as a dry run to a given API server */
};

struct result {
	const char *label; /* of the snapshot; borrowed */
	int64_t started;   /* seconds since the epoch */
	int64_t data_from; /* the moment from which the data is */
	int64_t ms[RESULT_PHASES];
	enum result_place place;
	bool without_clusters; /* they were left out */
	bool partly;	       /* --only: the rest was left out */
	bool
	    terraform; /* it was asked about each state that is not encrypted */
	struct strvec control_planes; /* "production: v1.33.1" */
	struct strvec skipped;	      /* what a drill does not show, in words */
	size_t repositories, refs, git_objects;
	size_t states, resources;
	const struct report *report; /* of the restore; borrowed */
	size_t compared;	     /* objects of the snapshot */
	/* "kubernetes/production/", of which the control plane is of another
	 * version than the cluster was. */
	struct strvec other_servers;
	uint64_t of_other_server; /* fields that this alone changed */
	uint64_t added, removed, changed;
	struct buf differences; /* as they are printed, in the chosen form */
	struct strvec not_compared;
	size_t namespaces;	/* that were made in clusters of others */
	size_t namespaces_left; /* that are still going, as far as is known */
	struct strvec left;	/* what could not be removed, in words */
};
void result_done(struct result *r);

/* Once the report is there: what a dry run did not send to the server, and why,
 * counted among what was skipped. */
void result_note_unsent(struct result *r);
/* The same of the copies in namespaces: what was only a dry run, and what the
 * copies lack. */
void result_note_copies(struct result *r);
/* Cluster objects that were made, and that only a dry run accepted. */
size_t result_created(const struct result *r);
size_t result_accepted(const struct result *r);
/* How many parts could not be restored. */
size_t result_failures(const struct result *r);
uint64_t result_differences(const struct result *r);
bool result_passed(const struct result *r);
/* Whether it was all of the snapshot, and was read back. Less proves less than
 * a record of a drill would say. */
bool result_is_whole(const struct result *r);
/* Whether a record is kept: of what is whole, and of all of a snapshot beside
 * others, of which the record says what was only a dry run. */
bool result_is_recorded(const struct result *r);
/* How long a restore takes: without the start of a control plane, and without
 * the comparison. */
int64_t result_recovery_ms(const struct result *r);
/* How old the data was when the drill began. */
int64_t result_age(const struct result *r);

/* `all`: every step too. */
void result_print_table(const struct result *r, bool all, struct buf *out);
void result_print_json(
    const struct result *r, const char *command, struct buf *out);
/* What the record keeps of it: no names of objects but that of the first
 * failure, which is in the text of the finding. The caller frees. */
struct json_object *result_record(const struct result *r);
/* One line: what is wrong, with the first of it; NULL where it passed. The
 * caller frees. */
char *result_finding(const struct result *r);

#endif
