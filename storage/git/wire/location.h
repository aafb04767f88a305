/*
 * Where a repository is: the forms of URL that git takes (git-clone(1), GIT
 * URLS), pulled apart and checked. Pure.
 */
#ifndef STORAGE_GIT_WIRE_LOCATION_H
#define STORAGE_GIT_WIRE_LOCATION_H

#include "storage/base/err.h"
#include "storage/http/url.h"

enum location_kind { LOCATION_HTTP, LOCATION_SSH, LOCATION_FILE };

struct location {
	enum location_kind kind;
	char *url;  /* of http: without a trailing slash */
	char *user; /* of ssh, or NULL */
	char *host; /* of ssh, and of http in the form http_url_host gives */
	int port;   /* of ssh; 0: its default */
	char *path; /* of ssh and file */
};
#define LOCATION_INIT                                                          \
	{                                                                      \
		.url = NULL                                                    \
	}
void location_done(struct location *l);

/* ERR_USAGE where it is no such URL, or one that holds a password, which
 * belongs into a file, or a host that ssh would take for an option. */
int location_parse(const char *url, struct location *l, struct err *err);

#endif
