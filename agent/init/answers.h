/*
 * What `init` has to know to write a configuration: from the options, and for
 * what these leave out from the person at the terminal. Nothing is read or
 * written here but which files are there.
 */
#ifndef AGENT_INIT_ANSWERS_H
#define AGENT_INIT_ANSWERS_H

#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>

/* The options, as they were given; what they point to is borrowed. */
struct init_options {
	const char *name;
	const char *state_dir;
	const char *snapshots; /* a directory, or s3://BUCKET[/PREFIX] */
	const char *region;    /* of what is given as s3:// */
	const char *endpoint;
	const char *keys;
	const char *agent_keys;
	struct strvec recipients;
	struct strvec repositories;
	const char *git_token_file;
	const char *cluster;
	const char *kubeconfig;
	const char *context;
	bool from_cluster;
	struct strvec states; /* s3://BUCKET[/PREFIX] */
};

/* All paths are absolute; what is left out is NULL. */
struct answers {
	char *config; /* the file to be written */
	char *name;
	char *state_dir;
	char *snapshots;
	char *region;
	char *endpoint;
	char *keys; /* NULL where the recipients are given */
	char *agent_keys;
	struct strvec recipients;
	struct strvec repositories;
	char *git_token_file;
	char *cluster;
	char *kubeconfig;
	char *context;
	bool from_cluster;
	struct strvec states;
};
void answers_done(struct answers *a);

/* Who is asked. The text is one line; the answer is appended. -1 where nobody
 * answers; a question of yes or no gives 1 for no. */
struct answers_person {
	int (*ask)(
	    void *ctx, bool yes_or_no, const char *text, struct buf *answer);
	void *ctx;
};

/* config: where the configuration is to be. person NULL: there is no terminal,
 * and what is lacking is named in one ERR_USAGE. ERR_CANCELLED where the person
 * ends it. */
int answers_fill(struct answers *a, const struct init_options *o,
    const char *config, const struct answers_person *person, struct err *err);

/* The parts of s3://BUCKET[/PREFIX]; false where it is something else. The
 * prefix is as it was given, or NULL. The caller frees both. */
bool answers_bucket(const char *place, char **bucket, char **prefix);

#endif
