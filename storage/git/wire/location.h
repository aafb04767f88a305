/*
 * The location of a repository: the forms of URL that git accepts
 * (git-clone(1), GIT URLS), split into parts and checked. Pure.
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

/* ERR_USAGE if it is not such a URL, if it contains a password (which belongs
 * into a file), or if ssh would read the host as an option. */
int location_parse(const char *url, struct location *l, struct err *err);

#endif
