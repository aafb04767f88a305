/*
 * The repositories of git.organisations, as the hosts list them now, beside
 * those that the configuration names one by one.
 */
#ifndef CONFIG_ORGANISATIONS_H
#define CONFIG_ORGANISATIONS_H

#include "config/connect.h"

/* One organisation, as it was listed. */
struct organisation {
	const struct settings_organisation *settings; /* borrowed */
	size_t added;
	size_t archived;	/* left out, as the configuration says */
	size_t unwanted;	/* the same, by include and exclude */
	size_t named;		/* the configuration names them itself */
	struct strvec unusable; /* no repository can have that name: left out */
	struct err err; /* why it could not be listed; ERR_NONE: it was */
};

struct organisations {
	/* The settings, with what was listed among git.repositories; the rest
	 * is borrowed from them. */
	struct settings settings;
	size_t configured; /* of its git.repositories, in front */
	VEC_DEFINE(, struct organisation) each;
};
/* Asks each host. What cannot be listed says why; the others are listed. -1
 * only with ERR_CANCELLED. Released with _done in any case. */
int organisations_list(const struct settings *s, const struct connect_env *env,
    struct organisations *out, struct err *err);
void organisations_done(struct organisations *o);

/* "12 repositories, 2 archived left out, 1 left out by include and exclude" */
void organisations_describe(const struct organisation *o, struct buf *out);
/* Whether it says how the organisation's repositories begin, in the URL of one
 * of them. */
bool organisations_covers(
    const struct settings_organisation *o, const char *url);

#endif
