/*
 * What sources give now, held against the last complete snapshot: a bucket that
 * was emptied, a prefix that was mistyped, a namespace of which half is gone, a
 * repository without its branches are read without any error, and yet are no
 * backup. Pure: what it knows are the `sources` of two manifests (manifest.h)
 * and what is configured.
 *
 * Counted are the repositories of an organisation, the references of a
 * repository, the objects of a cluster and of
 * each of its namespaces, and the current objects of a bucket and below each of
 * its prefixes.
 */
#ifndef AGENT_SHRINK_H
#define AGENT_SHRINK_H

#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>

struct json_object;

enum shrink_kind { SHRINK_REPOSITORY, SHRINK_CLUSTER, SHRINK_BUCKET };

/* A source that is configured; all borrowed. */
struct shrink_source {
	enum shrink_kind kind;
	const char *name;
	bool allow_empty; /* what it lost is reported, and no more */
	/* Of a cluster: which of its namespaces are. */
	const struct strvec *namespaces;
	const struct strvec *exclude_namespaces;
};
VEC_DEFINE(shrink_sources, struct shrink_source);

/* An organisation whose repositories are listed; its URL is borrowed. */
struct shrink_organisation {
	const char *url;
	bool listed; /* else nothing is known of what it has now */
};
VEC_DEFINE(shrink_organisations, struct shrink_organisation);

struct shrink_terms {
	struct shrink_sources sources;
	struct shrink_organisations organisations;
	/* Percent of what was there that is gone, from 1. */
	int warn;
	int partial;
	int minimum;	  /* a source that had fewer may give less, but not 0 */
	const char *base; /* label of what they are held against */
	bool accept;	  /* nothing is more than a warning */
	/* Clusters are asked for repositories and buckets, too. */
	bool discovers;
};

struct shrink_finding {
	char *what; /* "namespace 'staging' of cluster 'production'" */
	char *text; /* what it had, what it has */
	bool partial;
};
VEC_DEFINE(shrink_findings, struct shrink_finding);
void shrink_findings_done(struct shrink_findings *v);

/* Appends what has to be reported. A source that was not there before is new;
 * one that could not be read at all is in `missing` already; one that is no
 * longer configured, or that its organisation lists or a cluster names no
 * longer, is named, and has not shrunk. */
void shrink_compare(const struct json_object *before,
    const struct json_object *now, const struct shrink_terms *t,
    struct shrink_findings *out);

#endif
